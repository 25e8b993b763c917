"""Parts of a network that run only while training, such as auxiliary classifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from torch import Tensor, nn

from archlang.backends.recipes import resolve


@dataclass(frozen=True, slots=True)
class Wire:
    """Stands for a value within a part: first what it is called with, then what its steps make."""

    index: int


@dataclass(frozen=True, slots=True)
class Step:
    """Call a function, or the module that comes on a wire; the result is the next wire."""

    target: Wire | Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def takes(self) -> Iterator[int]:
        """The numbers of the wires that it uses."""
        pending: list[Any] = [self.target, *self.args, *self.kwargs.values()]
        while pending:
            value = pending.pop()
            if isinstance(value, Wire):
                yield value.index
            elif isinstance(value, (list, tuple)):
                pending.extend(value)  # pyright: ignore[reportUnknownArgumentType]


@dataclass(frozen=True, slots=True)
class Folded:
    """A binary operator over several tensors, from the left; named, so that it can be pickled."""

    target: str

    def __call__(self, *tensors: Tensor) -> Tensor:
        return reduce(resolve(self.target), tensors)


class TrainingOnly(nn.Module):
    """Runs its steps while training; in evaluation it computes nothing and gives None.

    It is called with the tensors and the modules that its steps use. The modules stay where the
    spec names them, so that `state_dict` knows nothing of the part, one of them may be shared with
    the rest of the network, and a head that is put in the place of another is the one that runs.
    """

    def __init__(self, steps: Sequence[Step], result: Wire) -> None:
        super().__init__()
        self.steps = tuple(steps)
        self.result = result

    def forward(self, *values: Tensor | nn.Module) -> Tensor | None:
        """The part's result, or None."""
        if not self.training:
            return None
        wires: list[Any] = list(values)
        for step in self.steps:
            run_step(step, wires)
        return wires[self.result.index]


def run_step(step: Step, wires: list[Any]) -> None:
    """Run a step on the values that there are; its result is appended to them."""
    run = wires[step.target.index] if isinstance(step.target, Wire) else step.target
    args = [_filled(a, wires) for a in step.args]
    kwargs = {name: _filled(a, wires) for name, a in step.kwargs.items()}
    wires.append(run(*args, **kwargs))


def _filled(argument: Any, wires: Sequence[Any]) -> Any:
    if isinstance(argument, Wire):
        return wires[argument.index]
    if isinstance(argument, (list, tuple)):
        return [_filled(a, wires) for a in argument]  # pyright: ignore[reportUnknownVariableType]
    return argument
