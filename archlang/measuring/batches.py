"""The batch that is run through a network, random or from a file, and the loss it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor
from torch.nn import functional

from archlang.diagnostics.catalog.measuring import WrongBatch
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph
from archlang.ops.base import Shape, shape_text
from archlang.problems import about

MOST = 16
"""Random samples, for networks that are not too large."""
_MACS = 2 * 10**10
"""About so many multiplications are made on one way forward, so that results come soon."""
X, Y = "x", "y"
"""What the arrays of a file are called."""


@dataclass(frozen=True)
class Batch:
    """Samples for every input of a network, in order, each `Nx…`, and the labels, if any."""

    inputs: tuple[Tensor, ...]
    labels: Tensor | None

    def __len__(self) -> int:
        return self.inputs[0].shape[0]

    def to(self, device: torch.device, dtype: torch.dtype) -> Batch:
        """The same on a device, in a type; labels that are whole numbers stay so."""
        labels = self.labels
        if labels is not None:
            labels = labels.to(device, dtype if labels.is_floating_point() else None)
        return Batch(tuple(x.to(device, dtype) for x in self.inputs), labels)


def classes(graph: Graph) -> int:
    """How many classes the main output tells apart; 1: it is a number, or a map of numbers."""
    return _target(graph)[0]


def _target(graph: Graph) -> Shape:
    return graph.outputs[0].tensor.shape


def usual_batch(*graphs: Graph) -> int:
    """How many random samples networks are measured with: 16, for large networks fewer, 2 at least.

    Networks that are set beside each other get equally many, by the largest of them.
    """
    return max(2, min(MOST, _MACS // max(1, *(graph.macs for graph in graphs))))


def random_batch(graph: Graph, count: int) -> Batch:
    """Standard normal inputs and random labels, in float32, as torch's seed has it.

    They are drawn on the processor, so that each device and each type gets the same ones.
    """
    inputs = tuple(
        torch.randn(count, *graph.nodes[n].shape, dtype=torch.float32, device="cpu")
        for n in graph.inputs
    )
    return Batch(inputs, _random_labels(graph, count))


def _random_labels(graph: Graph, count: int) -> Tensor | None:
    """A class for each sample, or for each place of it; None where there are no classes."""
    if classes(graph) == 1:
        return None
    return torch.randint(classes(graph), (count, *_target(graph)[1:]), device="cpu")


def loss_of(output: Tensor, labels: Tensor | None) -> Tensor:
    """The loss of the main output: the mean over the batch.

    Cross entropy with whole-numbered labels (`NxC`, `NxCxHxW`); the mean of half the squared
    difference from labels that are real; without labels the mean of the output itself.
    """
    if labels is None:
        return output.mean()
    if labels.is_floating_point():
        return (output - labels.reshape(output.shape)).square().mean() / 2
    return functional.cross_entropy(output, labels)


# ── from a file ──────────────────────────────────────────────────────────────────────────────


def draws_labels(graph: Graph, arrays: Mapping[str, Tensor]) -> bool:
    """Whether labels have to be drawn, as the arrays have none."""
    return classes(graph) > 1 and not _has_labels(graph, arrays)


def _has_labels(graph: Graph, arrays: Mapping[str, Tensor]) -> bool:
    return Y in arrays and all(graph.nodes[n].path != Y for n in graph.inputs)


def batch_of(
    graph: Graph,
    arrays: Mapping[str, Tensor],
    source: str,
    count: int | None,
    dtype: torch.dtype = torch.float32,
) -> Batch:
    """The batch that arrays hold.

    Args:
        graph: the network.
        arrays: by name: `x`, or one for each input by its name; `y`, the labels, if given.
        source: what to call where they come from.
        count: take so many samples, the first ones; None: all.
        dtype: the floating-point type they are wanted in.

    Raises:
        SpecError: they do not suit this network (E0823).
    """
    reader = _Reader(graph, arrays, source, dtype)
    inputs = reader.inputs()
    held = inputs[0].shape[0]
    if count is not None and count > held:
        reader.refuse(f"it has {held:,} samples, not {count:,}", f"at most --batch {held}")
    labels = reader.labels(held)
    if labels is None:
        labels = _random_labels(graph, held)
    taken = slice(count)
    return Batch(tuple(x[taken] for x in inputs), None if labels is None else labels[taken])


class _Reader:
    """Takes a batch for one network out of arrays; whatever does not fit is refused."""

    def __init__(
        self, graph: Graph, arrays: Mapping[str, Tensor], source: str, dtype: torch.dtype
    ) -> None:
        self._graph = graph
        self._arrays = arrays
        self._source = source
        self._dtype = dtype

    def refuse(self, what: str, want: str, way: str = "") -> NoReturn:
        """
        Raises:
            SpecError: always.
        """
        has = tuple(f"{name} ({_shape(a.shape)})" for name, a in self._arrays.items())
        problem = WrongBatch(self._graph.name, what, want, has, way)
        raise about(self._source, problem)

    def inputs(self) -> tuple[Tensor, ...]:
        """The samples for each input."""
        nodes = [self._graph.nodes[n] for n in self._graph.inputs]
        names = [node.path for node in nodes]
        if len(nodes) == 1 and (X in self._arrays or names[0] not in self._arrays):
            names = [X]
        found = tuple(
            self._input(name, node.shape) for name, node in zip(names, nodes, strict=True)
        )
        counts = {x.shape[0] for x in found}
        if len(counts) > 1:
            sizes = ", ".join(f"{n} {x.shape[0]}" for n, x in zip(names, found, strict=True))
            self.refuse(f"its inputs have unlike numbers of samples: {sizes}", "equally many")
        return found

    def _input(self, name: str, shape: Shape) -> Tensor:
        want = f"{name} of the shape Nx{shape_text(shape)}, N the number of samples"
        value = self._arrays.get(name)
        if value is None:
            near = closest(name, self._arrays) if name != X else None
            way = f"did you mean {near}?" if near else ""
            self.refuse(f"there is no array {name!r}", want, way)
        self._hold_shape(name, value, shape, want)
        if value.is_complex():
            self.refuse(f"{name} holds complex numbers", want)
        return self._finite(name, value, f"{name} of finite numbers")

    def _finite(self, name: str, value: Tensor, want: str) -> Tensor:
        """The numbers in the type that is computed in."""
        if not value.isfinite().all():
            self.refuse(f"{name} holds NaN or infinity", want)
        converted = value.to(self._dtype)
        if not converted.isfinite().all():
            kind = str(self._dtype).removeprefix("torch.")
            most = f"{torch.finfo(self._dtype).max:.1e}"
            way = "" if kind == "float64" else "scale the numbers, or take --dtype float64"
            self.refuse(f"{name} holds numbers beyond {most}, where {kind} ends", want, way)
        return converted

    def _hold_shape(self, name: str, value: Tensor, shape: Shape, want: str) -> None:
        got = tuple(value.shape)
        if len(got) == len(shape) + 1 and got[1:] == shape and got[0]:
            return
        way = ""
        if got == shape:
            way = f"put the batch in front: {name}[None]"
        elif len(shape) > 1 and got[1:] == (*shape[1:], shape[0]):
            axes = ", ".join(map(str, (0, len(shape), *range(1, len(shape)))))
            way = f"put the channels first: {name}.transpose({axes})"
        elif got[:1] == (0,):
            way = "put samples into it"
        self.refuse(f"{name} has the shape {_shape(got)}", want, way)

    def labels(self, count: int) -> Tensor | None:
        """The labels, one for each sample or each place of it."""
        value = self._arrays.get(Y)
        if value is None or not _has_labels(self._graph, self._arrays):
            return None
        if classes(self._graph) > 1:
            return self._class_labels(value, count)
        shape = (count, *_target(self._graph))
        want = f"{Y} of {_shape(shape)} real numbers, what the network should give"
        if tuple(value.shape) not in (shape, (count, *shape[2:])) or value.is_complex():
            self.refuse(f"{Y} has the shape {_shape(value.shape)}", want)
        return self._finite(Y, value, want)

    def _class_labels(self, value: Tensor, count: int) -> Tensor:
        number = classes(self._graph)
        shape = (count, *_target(self._graph)[1:])
        want = f"{Y} of the shape {_shape(shape)}, whole numbers from 0 to {number - 1}"
        if tuple(value.shape) == (count, number):
            self.refuse(f"{Y} has a number for each class", want, f"{Y}.argmax(1) are the labels")
        if tuple(value.shape) != shape:
            self.refuse(f"{Y} has the shape {_shape(value.shape)}", want)
        if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
            name = str(value.dtype).removeprefix("torch.")
            self.refuse(f"{Y} is of the type {name}", want, f'{Y}.astype("int64")')
        labels = value.to(torch.int64)
        least, most = int(labels.min()), int(labels.max())
        if least < 0 or most >= number:
            odd = least if least < 0 else most
            way = "classes are counted from 0" if odd == number else ""
            self.refuse(f"a label is {odd}", want, way)
        return labels


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "of a single number"
