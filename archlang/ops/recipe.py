"""How torch makes a layer, as data: one backend builds a recipe, another one prints it.

A target is a dotted name below `torch`, written as an engineer would: `nn.Conv2d`, `torch.cat`,
`F.pad`, `operator.add`; or `runtime.crop_like` for what torch lacks (`backends/runtime.py`).
"""

from __future__ import annotations

from typing import TypeAlias

from archlang.record import Record


class Input(Record):
    """Stands in a function's arguments for the layer's input number `index`."""

    index: int = 0


class Inputs(Record):
    """Stands in a function's arguments for the list of all inputs."""


class Module(Record):
    """Construct `target(*args, **kwargs)` once, call it on the inputs. Recipes may nest."""

    target: str
    args: tuple[Argument, ...] = ()
    kwargs: tuple[tuple[str, Argument], ...] = ()


class Function(Record):
    """Call `target(*args, **kwargs)` each time, inputs put where `Input` and `Inputs` stand."""

    target: str
    args: tuple[Argument, ...] = (Input(),)
    kwargs: tuple[tuple[str, Argument], ...] = ()


class Fold(Record):
    """Join all inputs by a binary operator from the left: `operator.add` for `((a + b) + c)`."""

    target: str


class PassThrough(Record):
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
