"""One run: a module, a batch, some steps of gradient descent, and the measurement."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from math import isfinite, prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx

from archlang.diagnostics.catalog.measuring import BatchOfOne, CannotRun
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph
from archlang.measuring.batches import Batch, loss_of
from archlang.measuring.nonfinite import Finder
from archlang.measuring.probe import Probe
from archlang.ops.base import spatial
from archlang.problems import about_network
from archlang.weights.sources.refusals import in_one_line

_ONE_VALUE = "Expected more than 1 value per channel"
"""How torch begins to say that a batch norm has nothing to compare."""
_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")


class Reading(NamedTuple):
    """What one run gave; numbers alone, so that the network can go."""

    rows: list[tuple[float, float | None, float | None]]
    """For each weighted node the sizes of activation, gradient and weight gradient."""
    loss: float
    before: float
    """The loss before the first step; the same, if there is none."""
    batch: int


class Run:
    """A network with one initialisation and one batch."""

    def __init__(self, graph: Graph, module: fx.GraphModule, batch: Batch) -> None:
        self._graph = graph
        self._module = module.train()
        self._batch = batch
        self._trained = {n: p for n, p in module.named_parameters() if p.requires_grad}
        self._steps = 0
        self._losses: list[float] = []
        if len(self._trained) < len(list(module.parameters())):
            # what is frozen passes no gradient on by itself, but is to be listened to
            for x in batch.inputs:
                x.requires_grad_()

    def descend(self, steps: int, rate: float) -> None:
        """Go down the gradient: plain stochastic gradient descent, always on the same batch.

        Raises:
            SpecError: it cannot run, or NaN or infinity was met.
        """
        for step in range(steps):
            with running(self._graph, len(self._batch)):
                gradients = self._backward(self._forward())
            if not isfinite(self._losses[-1]):
                raise self._spoiled(step)
            with torch.no_grad():
                for name, gradient in gradients.items():
                    if gradient is not None:
                        self._trained[name].sub_(gradient, alpha=rate)
        self._steps = steps

    def measure(self) -> Reading:
        """One pass forward and backward, listened to.

        Raises:
            SpecError: it cannot run, or NaN or infinity was met.
        """
        probe = Probe(self._graph)
        with running(self._graph, len(self._batch)), probe.listening(self._module):
            gradients = self._backward(self._forward())
            probe.hear_weights(self._module, gradients)
        rows = probe.rows()
        sizes = [size for row in rows for size in row if size is not None]
        if not all(map(isfinite, (self._losses[-1], *sizes))):
            raise self._spoiled(self._steps)
        return Reading(rows, self._losses[-1], self._losses[0], len(self._batch))

    def _forward(self) -> Tensor:
        result = self._module(*self._batch.inputs)
        return result if isinstance(result, Tensor) else result[0]

    def _backward(self, output: Tensor) -> dict[str, Tensor | None]:
        """The gradient by every trained parameter; none is left in the module."""
        loss = loss_of(output, self._batch.labels)
        heard = [*self._trained.values(), *(x for x in self._batch.inputs if x.requires_grad)]
        gradients = torch.autograd.grad(loss, heard, allow_unused=True) if heard else ()
        self._losses.append(loss.item())
        return dict(zip(self._trained, gradients, strict=False))

    def _spoiled(self, step: int) -> SpecError:
        """Runs once more, to see where NaN or infinity comes from."""
        finder = Finder(self._graph, self._module)
        result: Any = finder.run(*self._batch.inputs)  # pyright: ignore[reportUnknownMemberType]  # torch leaves out the types
        output = result if isinstance(result, Tensor) else result[0]
        finder.look_at_loss(loss_of(output.detach(), self._batch.labels))
        self._backward(output)
        dtype = str(self._batch.inputs[0].dtype).removeprefix("torch.")
        return finder.error(dtype, step)


@contextmanager
def running(graph: Graph, batch: int) -> Generator[None]:
    """Says why torch would not run a network.

    Raises:
        SpecError: it did not (E0825, E0826).
    """
    try:
        yield
    except (RuntimeError, ValueError, MemoryError) as error:
        lone = _lone_norm(graph, batch) if _ONE_VALUE in str(error) else None
        if lone is not None:
            raise lone from None
        short = isinstance(error, MemoryError) or any(m in str(error).lower() for m in _MEMORY)
        raise about_network(graph, CannotRun(graph.name, in_one_line(error), short)) from None


def _lone_norm(graph: Graph, batch: int) -> SpecError | None:
    for node in graph.nodes:
        if node.op.name == "bn" and batch * prod(spatial(node.shape)) == 1:
            problem = BatchOfOne(graph.name, batch, node.shape)
            return about_network(graph, problem, node.span)
    return None
