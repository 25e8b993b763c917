"""How torch makes a layer, as data: one backend builds a recipe, another one prints it.

A target is a dotted name below `torch`, written as an engineer would: `nn.Conv2d`, `torch.cat`,
`F.pad`, `operator.add`; or `runtime.crop_like` for what torch lacks (`backends/runtime.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Input:
    """Stands in a function's arguments for the layer's input number `index`."""

    index: int = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """Stands in a function's arguments for the list of all inputs."""


@dataclass(frozen=True, slots=True)
class Module:
    """Construct `target(*args, **kwargs)` once, call it on the inputs. Recipes may nest."""

    target: str
    args: tuple[Argument, ...] = ()
    kwargs: tuple[tuple[str, Argument], ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """Call `target(*args, **kwargs)` each time, inputs put where `Input` and `Inputs` stand."""

    target: str
    args: tuple[Argument, ...] = (Input(),)
    kwargs: tuple[tuple[str, Argument], ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """Join all inputs by a binary operator from the left: `operator.add` for `((a + b) + c)`."""

    target: str


@dataclass(frozen=True, slots=True)
class PassThrough:
    """Nothing at all: the input is the output."""


Argument: TypeAlias = (
    "bool | int | float | str | tuple[Argument, ...] | Input | Inputs | Module | None"
)
Recipe: TypeAlias = Module | Function | Fold | PassThrough


def module(target: str, *args: Argument, **kwargs: Argument) -> Module:
    """A module recipe, written like the call it stands for."""
    return Module(target, args, tuple(kwargs.items()))


def function(target: str, *args: Argument, **kwargs: Argument) -> Function:
    """A function recipe, written like the call it stands for."""
    return Function(target, args, tuple(kwargs.items()))
