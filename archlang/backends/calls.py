"""Calls of a compiled network: a wrong input is named, with what fits instead."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx, nn

from archlang.analysis.sizes.legal import Sizes
from archlang.analysis.sizes.page import rows
from archlang.graph import Graph
from archlang.ops.base import shape_text
from archlang.ops.resampling import Crop, CropLike

_CROPS = "archlang_crops"
"""The key in `meta` of networks that crop, whose calls are looked at for that."""
_SEEN = "_archlang_seen"
_KNOWN: WeakKeyDictionary[nn.Module, Sizes] = WeakKeyDictionary()


class CallError(RuntimeError, ValueError, TypeError, IndexError):
    """A compiled network was called with what it does not take; it says what, and what it does.

    torch's own error, which may be any of these, is its cause.
    """


class OffCentreWarning(UserWarning):
    """A network runs at this size, but its centre crops leave an odd rest."""


class Network(fx.GraphModule):
    """A compiled network: a GraphModule like any other, whose wrong calls are explained.

    What torch makes of its code, graph and weights is left alone: tracing, compiling and exporting
    see `forward`. A pickle holds a plain GraphModule.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the network.

        Raises:
            CallError: an input has a wrong size, rank, number of channels, type or device, or
                there are too many or too few of them.
        """
        if _CROPS in self.meta and not torch.compiler.is_compiling():
            _look_at_crops(self, args)
        try:
            return super().__call__(*args, **kwargs)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            if torch.compiler.is_compiling() or isinstance(error, CallError):
                raise
            text = explanation(self, args, kwargs, error)
            if text is None:
                raise
            raise CallError(text) from error


def network(root: nn.Module, code: fx.Graph, graph: Graph) -> Network:
    """The module of a graph: its layers in `root`, and the code that calls them."""
    module = Network(root, code, class_name=graph.name)
    if any(isinstance(node.op, (Crop, CropLike)) for node in graph.nodes):
        module.meta[_CROPS] = True
    return module


def sizes_of(module: nn.Module) -> Sizes | None:
    """The legal sizes of a compiled network; None for one that does not know what it is."""
    from archlang.analysis.sizes.legal import sizes
    from archlang.diagnostics.model import SpecError

    if module not in _KNOWN:
        try:
            _KNOWN[module] = sizes(module)
        except (TypeError, SpecError):
            return None
    return _KNOWN[module]


# ── off centre ───────────────────────────────────────────────────────────────────────────────


def _look_at_crops(module: Network, args: Sequence[Any]) -> None:
    """Warn of a size whose crops are off centre, the first time that it is seen."""
    if not all(type(x) is Tensor for x in args):
        return
    key = tuple([x.shape[2:] for x in args])
    seen: set[tuple[torch.Size, ...]] = module.__dict__.setdefault(_SEEN, set())
    if key in seen:
        return
    seen.add(key)
    sizes = sizes_of(module)
    if sizes is None or len(key) != len(sizes.inputs):
        return
    wanted = tuple(tuple(size) for size in key)
    try:
        found = sizes.found(*wanted, training=module.training)
    except ValueError:
        return  # of another rank, which the network says itself
    if found.misfit is None and found.off_centre:
        reason = f"{_place(found.off_centre[0].node)}: {found.off_centre[0].reason}"
        title = f"{sizes.graph.name} runs off centre at {_sizes_text(wanted)}"
        warnings.warn(_paragraph(title, reason, sizes, wanted), OffCentreWarning, stacklevel=5)


# ── what is wrong ────────────────────────────────────────────────────────────────────────────


def explanation(
    module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception
) -> str | None:
    """What is wrong with a call that torch refused; None if it is not the inputs."""
    sizes = sizes_of(module)
    if sizes is None:
        return None
    names = sizes.inputs
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if len(args) > len(names) or set(given) != set(names):
        takes = ", ".join(f"{n} of shape Nx{_shape(sizes, n)}" for n in names)
        return (
            f"{sizes.graph.name} takes {len(names)} input{'s' * (len(names) > 1)} ({takes}), "
            + (f"not {len(args)}" if not kwargs else f"not {', '.join(given)}")
        )
    for name in names:
        if text := _wrong_form(sizes, name, given[name]):
            return f"{sizes.graph.name}: {text}"
    if text := _wrong_size(sizes, module, [given[n] for n in names]):
        return text
    kinds = (_wrong_kind(module, name, given[name], str(error)) for name in names)
    text = next((text for text in kinds if text), None) or _unlike_batches(names, given)
    return f"{sizes.graph.name}: {text}" if text else None


def _unlike_batches(names: Sequence[str], given: Mapping[str, Tensor]) -> str | None:
    """Inputs of unlike many samples; torch has refused them, though it repeats a single one."""
    counts = [given[name].shape[0] for name in names]
    if len(set(counts)) < 2:
        return None
    said = [f"{name} has {count}" for name, count in zip(names, counts, strict=True)]
    said[0] += " sample" if counts[0] == 1 else " samples"
    return ", ".join([said[0], *(text.replace(" has ", " ", 1) for text in said[1:])])


def _shape(sizes: Sizes, name: str) -> str:
    """`3xHxW`."""
    node = next(n for n in sizes.graph.nodes if n.path == name)
    return "x".join([str(node.shape[0]), *(a.letter for a in sizes.asked.axes if a.input == name)])


def _wrong_form(sizes: Sizes, name: str, x: Any) -> str | None:
    """A rank or a number of channels that is not the input's."""
    if not isinstance(x, Tensor):
        return f"the input {name} is a {type(x).__name__}, not a tensor"
    node = next(n for n in sizes.graph.nodes if n.path == name)
    want = f"Nx{_shape(sizes, name)}, where N is the number of samples"
    if x.dim() == len(node.shape) and x.shape[0] == node.shape[0]:
        return (
            f"the input {name} of shape {shape_text(tuple(x.shape))} has no batch axis: it is "
            + (f"{want}; {name}.unsqueeze(0) makes a batch of one")
        )
    if x.dim() != len(node.shape) + 1:
        return f"the input {name} has {x.dim()} axes ({shape_text(tuple(x.shape))}); it is {want}"
    channels = next(iter(node.shape))
    if x.shape[1] != channels:
        what = "channels" if len(node.shape) > 1 else "features"
        hint = "; its channels stand last" if x.shape[-1] == channels and x.dim() > 2 else ""
        got = f"the input {name} has {x.shape[1]} instead of {channels} {what}{hint}"
        return f"{got}; it is {want}"
    return None


def _wrong_size(sizes: Sizes, module: nn.Module, given: Sequence[Tensor]) -> str | None:
    wanted = tuple(tuple(x.shape[2:]) for x in given)
    try:
        found = sizes.found(*wanted, training=module.training)
    except ValueError:  # an axis of nothing
        return f"{sizes.graph.name}: an input of size {_sizes_text(wanted)} has nothing in it"
    if found.misfit is None:
        return None
    reason = f"{_place(found.misfit.node)}: {found.misfit.reason}"
    title = f"{sizes.graph.name} does not take {_sizes_text(wanted)}"
    return _paragraph(title, reason, sizes, wanted)


def _wrong_kind(module: nn.Module, name: str, x: Tensor, said: str) -> str | None:
    """A type or device that is not that of the weights, where torch speaks of these."""
    weight = next((p for p in module.parameters() if p.is_floating_point()), None)
    if weight is None:
        return None
    if (x.device != weight.device and "device" in said) or x.device.type != weight.device.type:
        return (
            f"the input {name} is on {x.device}, its weights on {weight.device}: move one of them"
        )
    if x.dtype != weight.dtype and ("type" in said or not x.is_floating_point()):
        return f"the input {name} is {_dtype(x)}, the weights {_dtype(weight)}: " + (
            f"{name}.to({weight.dtype}), or run under torch.autocast"
        )
    return None


def _dtype(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")


# ── words ────────────────────────────────────────────────────────────────────────────────────


def _paragraph(title: str, reason: str, sizes: Sizes, wanted: tuple[tuple[int, ...], ...]) -> str:
    rules = "; ".join(f"{row.names}: {row.rule}" for row in rows(sizes))
    near = sizes.nearest(*wanted)
    nearest = " or ".join(
        shape_text(n) if isinstance(n[0], int) else ", ".join(map(shape_text, n)) for n in near
    )
    lines = [title, f"  {reason}", f"  legal: {rules}"]
    if nearest:
        lines.append(f"  nearest: {nearest}")
    return "\n".join(lines)


def _sizes_text(wanted: tuple[tuple[int, ...], ...]) -> str:
    return ", ".join(shape_text(size) for size in wanted)


def _place(node: Any) -> str:
    return f"{node.path}, line {node.span.begin.line} of the spec"
