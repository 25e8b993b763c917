"""What other tools would print for a network's FLOPs or MACs, from layers and shapes alone.

Every tool counts something else. Each convention here is a rule of the tool, for one sample in
evaluation, with the layers as modules (`nn.ReLU`, not `F.relu`), as `archlang.load` builds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Shape, numel, spatial
from archlang.ops.recipe import Function, Module, Recipe
from archlang.record import Record


class Call(NamedTuple):
    """What a tool sees of a step: a module or function of torch, and the shapes of one sample."""

    target: str
    """The module as torch calls it (`nn.Conv2d`); empty for what is none."""
    settings: Mapping[str, Any]
    x: Shape
    y: Shape
    params: int
    macs: int

    @property
    def biases(self) -> int:
        """How many additions the biases of a convolution or linear layer are."""
        transposed = self.target.startswith("nn.ConvTranspose")
        positions = prod(spatial(self.x if transposed else self.y))
        weights = self.macs // positions
        return (self.params - weights) * prod(spatial(self.y))


Rule: TypeAlias = Callable[[Call], float]
"""How many operations a tool counts for a call; no whole number where it scales by a fraction."""


class Convention(Record):
    """What one tool counts."""

    tool: str
    version: str
    """The version whose rules these are."""
    name: str
    """What the tool calls its number."""
    counts: str
    """What is counted, in one line."""
    rule: Rule


class Count(Record):
    """What one tool prints for a network."""

    convention: Convention
    total: int
    kinds: Mapping[str, int]
    """The total by kinds of layers (`conv`, `bn`), in the order of the network; 0: ignored."""

    def as_json(self) -> dict[str, Any]:
        """The count as an object of `archlang summary --flops --json`."""
        c = self.convention
        facts = {"tool": c.tool, "version": c.version, "name": c.name, "counts": c.counts}
        return facts | {"value": self.total, "kinds": dict(self.kinds)}


def counts(graph: Graph) -> tuple[Count, ...]:
    """What each tool prints for one sample in evaluation, beginning with archlang's own MACs."""
    steps = [n for n in graph.nodes if n.role != "input" and n.training is None]
    calls = [(node.kind, _call(node)) for node in steps]
    return tuple(_count(convention, calls) for convention in CONVENTIONS)


def _count(convention: Convention, calls: list[tuple[str, Call]]) -> Count:
    kinds: dict[str, float] = {}
    for kind, call in calls:
        kinds[kind] = kinds.get(kind, 0) + convention.rule(call)
    whole = {kind: int(number) for kind, number in kinds.items()}
    return Count(convention, int(sum(kinds.values())), whole)


def _call(node: Node) -> Call:
    given = shapes(node)
    target, settings = _seen(node.op.recipe(*given), node.frozen == "layer")
    return Call(
        target, settings, given[0], node.shape, node.op.params(*given), node.op.macs(*given)
    )


def _seen(recipe: Recipe, frozen: bool) -> tuple[str, Mapping[str, Any]]:
    """The module or function of a recipe; a sequence is taken for what it begins with."""
    match recipe:
        case Module("nn.Sequential", (Module() as first, *_)):
            return _seen(first, frozen)
        case Module("nn.LocalResponseNorm" as target, (size, *_)):
            return target, {"size": size}
        case Module(target, _, kwargs):
            ours = frozen and target.startswith("nn.BatchNorm")
            return f"runtime.Frozen{target[3:]}" if ours else target, dict(kwargs)
        case Function("runtime.resize_like" as target, (_, _, mode, *_)):
            return target, {"mode": mode}
        case Function(target, _, kwargs):
            return target, dict(kwargs)
        case _:
            return "", {}


def _by(rules: Mapping[str, Rule]) -> Rule:
    """The rule that looks up what is called; what a tool does not know it ignores."""
    return lambda call: rules[call.target](call) if call.target in rules else 0


def _ranks(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """The rules of modules for 1, 2 and 3 axes: `nn.Conv` stands for `nn.Conv1d` and so on."""
    return {f"{name}{rank}d": rule for name, rule in rules.items() for rank in (1, 2, 3)}


# ── what can be counted ──────────────────────────────────────────────────────────────────────


def _times(factor: int, of: Callable[[Call], Shape]) -> Rule:
    return lambda call: factor * numel(of(call))


def _input(call: Call) -> Shape:
    return call.x


def _output(call: Call) -> Shape:
    return call.y


def _norm(with_parameters: int, without: int, setting: str, default: bool = True) -> Rule:
    """So many operations for every number, with and without learned scale and shift."""
    return lambda call: (
        numel(call.x) * (with_parameters if call.settings.get(setting, default) else without)
    )


def _multiplications(call: Call) -> int:
    return call.macs


def _with_biases(call: Call) -> int:
    return call.macs + call.biases


_WEIGHTED = ("nn.Conv", "nn.ConvTranspose")


def _weighted(rule: Rule) -> dict[str, Rule]:
    """A rule for all that multiplies by matrices."""
    return {**_ranks(dict.fromkeys(_WEIGHTED, rule)), "nn.Linear": rule, "runtime.SparseConv": rule}


# ── torchinfo ────────────────────────────────────────────────────────────────────────────────


def _torchinfo(call: Call) -> int:
    """Parameters, at every position of the output where the class is called a convolution."""
    return call.params * (prod(spatial(call.y)) if "Conv" in call.target else 1)


# ── fvcore ───────────────────────────────────────────────────────────────────────────────────


def _batch_norm(call: Call) -> int:
    """Folded into scale and shift, unless it uses the statistics of the batch."""
    if call.settings.get("track_running_stats", True):
        return int(_norm(2, 1, "affine")(call))
    return int(_norm(5, 4, "affine")(call))


def _interpolation(call: Call) -> int:
    """Known for images alone, and in three modes."""
    modes = {"nearest": numel(call.y), "bilinear": 4 * numel(call.y), "area": numel(call.x)}
    is_image = len(call.x) == 3
    return modes.get(call.settings.get("mode", "nearest"), 0) if is_image else 0


_FVCORE: Mapping[str, Rule] = MappingProxyType(
    {
        **_weighted(_multiplications),
        **_ranks(
            {
                "nn.BatchNorm": _batch_norm,
                "runtime.FrozenBatchNorm": _batch_norm,
                "nn.InstanceNorm": _norm(5, 4, "affine", default=False),
            }
        ),
        "nn.GroupNorm": _norm(5, 4, "affine"),
        "nn.LayerNorm": _norm(5, 4, "elementwise_affine"),
        "runtime.ChannelNorm": _norm(5, 4, "elementwise_affine"),
        "nn.AdaptiveAvgPool2d": _times(1, _input),
        "nn.Upsample": _interpolation,
        "runtime.resize_like": _interpolation,
    }
)


# ── ptflops ──────────────────────────────────────────────────────────────────────────────────
# It counts modules, and also the functions of torch.nn.functional: what is a module that calls
# such a function is counted twice.


def _interpolated(call: Call) -> float:
    """Numbers of the result; those of the input too where windows are averaged."""
    return numel(call.y) + (numel(call.x) if call.settings.get("mode") == "area" else 0)


def _upsample(call: Call) -> float:
    scale: float | tuple[float, ...] | None = call.settings.get("scale_factor")
    if scale is None:
        return numel(call.y) + _interpolated(call)
    # the function is taken to give scale^rank as many numbers, be that whole or not
    factor = int(prod(scale)) if isinstance(scale, tuple) else scale ** (len(call.x) - 1)
    area = numel(call.x) if call.settings.get("mode") == "area" else 0
    return numel(call.y) + numel(call.x) * factor + area


def _local_response(call: Call) -> int:
    """Squares, an average over padded channels, a product and a sum."""
    size: int = call.settings["size"]
    channels, *rest = call.x
    return 3 * numel(call.x) + (channels + size // 2 + (size - 1) // 2) * prod(rest)


def _power_average(call: Call) -> int:
    """An average over the input, and two functions of the output."""
    return numel(call.x) + 2 * numel(call.y)


_POOLS = ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool")
_PTFLOPS: Mapping[str, Rule] = MappingProxyType(
    {
        **_weighted(_with_biases),
        **_ranks(
            {
                **dict.fromkeys((f"nn.{pool}" for pool in _POOLS), _times(2, _input)),
                "nn.LPPool": _power_average,
                "nn.BatchNorm": _norm(2, 1, "affine"),
                "nn.InstanceNorm": _norm(2, 1, "affine", default=False),
            }
        ),
        **dict.fromkeys(("nn.ReLU", "nn.PReLU", "nn.ELU", "nn.GELU"), _times(2, _output)),
        **dict.fromkeys(("nn.LeakyReLU", "nn.ReLU6", "nn.SiLU", "nn.Softmax"), _times(1, _output)),
        "nn.GroupNorm": _norm(2, 1, "affine"),
        "nn.LayerNorm": _times(1, _input),
        "nn.LocalResponseNorm": _local_response,
        "nn.Upsample": _upsample,
        "runtime.resize_like": _interpolated,
    }
)

CONVENTIONS = (
    Convention(
        "archlang",
        "",
        "MACs",
        "multiplications of convolutions and linear layers",
        _multiplications,
    ),
    Convention(
        "torchinfo",
        "1.8.0",
        "Total mult-adds",
        "parameters, those of convolutions at each position of the output; biases and norms too",
        _torchinfo,
    ),
    Convention(
        "fvcore",
        "0.1.5",
        "FlopCountAnalysis(…).total()",
        "MACs, and norms (batch norms: 2 a number), 2-d adaptive averages, upsampling",
        _by(_FVCORE),
    ),
    Convention(
        "ptflops",
        "0.7.5",
        "Computational complexity",
        "MACs, biases, norms (2 a number), activations and pools; ReLU and pool modules twice",
        _by(_PTFLOPS),
    ),
    Convention(
        "ptflops, aten",
        "0.7.5",
        'Computational complexity (backend="aten")',
        "MACs and biases",
        _by(_weighted(_with_biases)),
    ),
    Convention(
        "torch",
        "2",
        "FlopCounterMode.get_total_flops()",
        "MACs times 2, a multiplication and an addition each",
        lambda call: 2 * call.macs,
    ),
)
"""The tools, archlang first."""
