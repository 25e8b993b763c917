"""Which layer it is that torch cannot export, or that fixes a size, and where it is written."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import (
    DimDynamic,
    ShapeEnv,
    StatelessSymbolicContext,
)

from archlang.backends.fx import PATH
from archlang.graph import Graph
from archlang.record import Record
from archlang.source import Span
from archlang.targets.sizes import node_of, open_axes, silent

if TYPE_CHECKING:
    from archlang.targets.job import Job

_RAISED = (RuntimeError, ValueError, TypeError, AssertionError, KeyError, AttributeError)


class Culprit(Record):
    """A step of the network that something went wrong at."""

    path: str
    error: Exception | None = None
    """What it raised."""

    @property
    def fixes(self) -> bool:
        """Whether it ran, but for the sizes of the spec alone."""
        return self.error is None


def place(graph: Graph, path: str) -> Span | None:
    """Where the layer of a path is written; None if it is no path of the network's."""
    if not path:
        return None
    try:
        return graph.owner_of(path).span
    except KeyError:
        return None


def path_of(node: fx.Node) -> str:
    """The path of what an fx node computes; empty where it is not known."""
    return str(node.target) if node.op == "call_module" else str(node.meta.get(PATH, ""))


class _StopError(Exception):
    """The step was found."""


class _Steps(fx.Interpreter):
    """Runs a network step by step on tensors without data, whose open sizes are symbols."""

    def __init__(self, module: fx.GraphModule, sizes: Sequence[torch.SymInt]) -> None:
        super().__init__(module)
        self._sizes = sizes
        self.culprit: Culprit | None = None

    def run_node(self, n: fx.Node) -> Any:
        """Run one step, and see whether the sizes are still open."""
        try:
            result: Any = super().run_node(n)
        except _RAISED as error:
            self.culprit = Culprit(path_of(n), error)
            raise _StopError from None
        if any(node_of(size).expr.is_number for size in self._sizes):
            self.culprit = Culprit(path_of(n))
            raise _StopError
        return result


def culprit_of(job: Job, samples: Sequence[Tensor]) -> Culprit | None:
    """The first step that raises an error, or after which a size that is to be open is fixed."""
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    batch = () if job.dynamic == "none" else (0,)
    fakes = [
        mode.from_tensor(x, symbolic_context=_context(x, (*batch, *axes)))
        for x, axes in zip(samples, open_axes(job), strict=True)
    ]
    sizes = [s for fake in fakes for s in fake.shape if isinstance(s, torch.SymInt)]
    steps = _Steps(job.module, sizes)
    try:
        with mode, torch.no_grad(), silent():
            steps.run(*fakes)
    except _StopError:
        return steps.culprit
    return None


def _context(sample: Tensor, axes: Container[int]) -> Any:
    kinds = [DimDynamic.DYNAMIC if i in axes else DimDynamic.STATIC for i in range(sample.dim())]
    make: Any = StatelessSymbolicContext
    return make(dynamic_sizes=kinds)
