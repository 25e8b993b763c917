"""Parts of a network that run only while training, such as auxiliary classifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from torch import Tensor, nn

from archlang.backends.recipes import resolve


@dataclass(frozen=True, slots=True)
class Wire:
    """Stands for a tensor within a part: first its inputs, then the results of its steps."""

    index: int


@dataclass(frozen=True, slots=True)
class Step:
    """Call a module of the part (by path) or a function, and put the result on a wire."""

    target: str | Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Wire


@dataclass(frozen=True, slots=True)
class Folded:
    """A binary operator over several tensors, from the left; named, so that it can be pickled."""

    target: str

    def __call__(self, *tensors: Tensor) -> Tensor:
        return reduce(resolve(self.target), tensors)


class TrainingOnly(nn.Module):
    """Runs its steps while training; in evaluation it computes nothing and gives None.

    Its children carry the paths of the spec, so the part adds no level to `state_dict`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.result = Wire(0)

    def forward(self, *inputs: Tensor) -> Tensor | None:
        """The part's result, or None."""
        if not self.training:
            return None
        wires = dict(enumerate(inputs))
        for step in self.steps:
            run = self.get_submodule(step.target) if isinstance(step.target, str) else step.target
            args = [_filled(a, wires) for a in step.args]
            kwargs = {name: _filled(a, wires) for name, a in step.kwargs.items()}
            wires[step.result.index] = run(*args, **kwargs)
        return wires[self.result.index]


def _filled(argument: Any, wires: Mapping[int, Tensor]) -> Any:
    if isinstance(argument, Wire):
        return wires[argument.index]
    if isinstance(argument, (list, tuple)):
        return [_filled(a, wires) for a in argument]  # pyright: ignore[reportUnknownVariableType]
    return argument
