"""What a unit truly sees: the pixels at which its gradient by the input is not zero.

Every weight is positive, activations are left out and maxima become means, so that nothing cancels
and nothing is cut off: a gradient is zero exactly where no path leads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import torch
from torch import Tensor, fx, nn

from archlang.analysis.receptive import Field
from archlang.backends.fx import _Emitter
from archlang.graph import Graph, Node
from archlang.ops import activation

Box: TypeAlias = list[tuple[int, int]] | None

_ACTIVATIONS = tuple(
    getattr(nn, kind.target.removeprefix("nn."))
    for kind in vars(activation).values()
    if isinstance(kind, type)
    and issubclass(kind, activation._Activation)
    and hasattr(kind, "target")
    and "softmax" not in kind.name
)


class _DilatedMean(nn.Module):
    """The mean under the window of a dilated max pool, as a convolution of every channel."""

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        pool, rank, channels = self.pool, x.dim() - 2, x.shape[1]
        kernel = pool.kernel_size
        size = kernel if isinstance(kernel, tuple) else (kernel,) * rank
        weight = torch.ones(channels, 1, *size, dtype=x.dtype)
        conv = (nn.functional.conv1d, nn.functional.conv2d, nn.functional.conv3d)[rank - 1]
        return conv(x, weight, None, pool.stride, pool.padding, pool.dilation, channels)


def linear(module: nn.Module) -> nn.Module:
    """A layer without what may cut a path off: its weights positive, a maximum a mean."""
    if isinstance(module, _ACTIVATIONS) and not isinstance(module, nn.Sigmoid):
        return nn.Identity()
    if isinstance(module, (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)):
        if module.dilation not in (1, (1,), (1, 1), (1, 1, 1)):
            return _DilatedMean(module)
        kind = getattr(nn, type(module).__name__.replace("Max", "Avg"))
        return kind(module.kernel_size, module.stride, module.padding, module.ceil_mode)
    if isinstance(module, (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)):
        return getattr(nn, type(module).__name__.replace("Max", "Avg"))(module.output_size)
    module = module.to_empty(device="cpu").double().eval()
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        module.reset_running_stats()
    else:
        for buffer in module.buffers():
            buffer.uniform_(-1, 1)
    for parameter in module.parameters():
        fan = parameter[0].numel() if parameter.dim() else 1
        nn.init.uniform_(parameter, 0.5 / fan, 1.5 / fan)
    return module


class Probe(fx.Interpreter):
    """A network that runs as far as some of its nodes, to be asked what their units see."""

    def __init__(self, graph: Graph, nodes: Iterable[Node]) -> None:
        torch.manual_seed(0)
        emitter = _Emitter(graph, "meta")  # what is not needed is never made
        super().__init__(emitter.module(), garbage_collect_values=False)
        self._places = emitter._values
        self._needed = _ancestors(self._places[node.id, 0] for node in nodes)
        for place in self._needed:
            if place.op == "call_module":
                path = str(place.target)
                self.module.set_submodule(path, linear(self.module.get_submodule(path)))
        self.inputs = [
            torch.rand(1, *graph.nodes[n].shape, dtype=torch.float64).add_(0.5).requires_grad_()
            for n in graph.inputs
        ]
        self.run(*self.inputs)

    def run_node(self, n: fx.Node) -> object:
        return super().run_node(n) if n in self._needed else None

    def box(
        self, node: Node, unit: tuple[int, ...], source: int = 0, port: int = 0, tiny: float = 0.0
    ) -> Box:
        """On each axis of an input the first and the last pixel that a unit sees; None: nothing.

        A gradient counts if it is more than `tiny` times the greatest.
        """
        value = self.env[self._places[node.id, port]]
        x = self.inputs[source]
        seen = value[(0, slice(None), *unit)].sum()
        (grad,) = torch.autograd.grad(seen, x, retain_graph=True, allow_unused=True)
        if grad is None or not grad.any():
            return None
        places = (grad[0].abs() > tiny * grad.abs().max()).any(dim=0).nonzero()
        return list(zip(places.amin(0).tolist(), places.amax(0).tolist(), strict=True))


def _ancestors(places: Iterable[fx.Node]) -> set[fx.Node]:
    found: set[fx.Node] = set()
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting.extend(place.all_input_nodes)
    return found


def said(field: Field, unit: tuple[int, ...]) -> Box:
    """What the analysis says of a unit, cut to the input."""
    found: list[tuple[int, int]] = []
    for axis, pixels in enumerate(field.pixels):
        span = field.span(axis, unit[axis] if len(unit) == len(field.pixels) else 0)
        if span is None:
            return None
        found.append((max(span[0], 0), min(span[1], pixels - 1)))
    return found
