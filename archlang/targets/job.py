"""What is to be written: a network, its module in evaluation mode, and how open its sizes are."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import torch
from torch import Tensor, fx, nn

from archlang.analysis.sizes.legal import Sizes
from archlang.graph import Graph

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from archlang.targets.registry import Kind

Dynamic = Literal["batch", "sizes", "none"]
"""What of the inputs is left open: the batch; the batch and the sizes; or nothing."""
Runner: TypeAlias = Callable[[Sequence[Tensor]], Sequence[Tensor]]
"""Runs a file that was written: inputs in the order of the network, results in that of its."""


@dataclass(frozen=True)
class Job:
    """A network that is to be written, in evaluation mode as long as it is used."""

    graph: Graph
    module: fx.GraphModule
    dynamic: Dynamic = "batch"
    opset: int | None = None
    verify: bool = True

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in the order of the call."""
        return tuple(self.graph.nodes[number].path for number in self.graph.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the results in evaluation."""
        return tuple(output.name for output in self.graph.outputs if not output.training)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the inputs, without the batch."""
        return tuple(self.graph.nodes[number].shape for number in self.graph.inputs)

    @cached_property
    def dtype(self) -> torch.dtype:
        """The floating-point type of the parameters, and so of the inputs."""
        tensors = (*self.module.parameters(), *self.module.buffers())
        return next((t.dtype for t in tensors if t.is_floating_point()), torch.get_default_dtype())

    @cached_property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next((p.device for p in self.module.parameters()), torch.device("cpu"))

    @cached_property
    def sizes(self) -> Sizes:
        """Which sizes of the inputs are legal in evaluation."""
        return Sizes(self.graph).in_evaluation()

    @cached_property
    def trials(self) -> list[tuple[list[Tensor], tuple[Tensor, ...]]]:
        """Inputs that every file is tried with, and what the network itself gives."""
        from archlang.targets.verify import inputs_of

        return [(inputs, self.run(inputs)) for inputs in inputs_of(self)]

    @cached_property
    def program(self) -> ExportedProgram:
        """The network as torch.export has it; made once for all targets that need it.

        Raises:
            SpecError: a layer cannot be exported (E0911), or fixes the sizes (E0916).
        """
        from archlang.targets.program import exported

        return exported(self)

    def samples(self, batch: int, shapes: Sequence[Sequence[int]] | None = None) -> list[Tensor]:
        """Random inputs, the same ones every time."""
        generator = torch.Generator().manual_seed(batch)
        drawn = [torch.randn(batch, *s, generator=generator) for s in shapes or self.shapes]
        return [x.to(self.device, self.dtype) for x in drawn]

    def run(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """What the network itself gives."""
        with torch.no_grad():
            return results(self.module(*inputs))


class Target(Protocol):
    """A kind of file: how it is written, and run again."""

    kind: Kind

    def prepare(self, job: Job) -> None:
        """Find out, before anything long is done, whether it can be written at all.

        Raises:
            SpecError: something is missing.
        """
        ...

    def write(self, job: Job, path: Path) -> tuple[Path, ...]:
        """Write it; the files, `path` first, all in its folder.

        Raises:
            SpecError: the network cannot be written so.
        """
        ...

    def runner(self, job: Job, path: Path) -> Runner:
        """What runs the file that was written.

        Raises:
            SpecError: it cannot be run here.
        """
        ...


def results(value: Any) -> tuple[Tensor, ...]:
    """The tensors of a result: one, several, or several under their names."""
    if isinstance(value, Tensor):
        return (value,)
    return tuple(value.values() if isinstance(value, dict) else value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


@contextmanager
def evaluating(module: nn.Module) -> Generator[None]:
    """Evaluation mode for a while; then every layer is in the mode it was in."""
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, training in modes:
            layer.training = training
