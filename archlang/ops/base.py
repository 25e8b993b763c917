"""What a layer is: one frozen pydantic class that knows all there is to know about it.

Shapes are channels first and without the batch: `(64, 56, 56)` a map, `(784,)` a vector.
"""

from __future__ import annotations

from math import prod
from typing import Annotated, Any, ClassVar, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field

from archlang.diagnostics.model import Mistake, Problem
from archlang.ops.reach import Reach, everything
from archlang.ops.recipe import Recipe
from archlang.record import Record

Shape: TypeAlias = tuple[int, ...]


class Dims(tuple[int, ...]):
    """A size literal such as `7x7`; in a call it always fills the layer's kernel (or size)."""

    __slots__ = ()

    def __str__(self) -> str:
        return "x".join(map(str, self))


def shape_text(shape: Shape) -> str:
    """A shape as the language writes it: `64x56x56`."""
    return "x".join(map(str, shape))


class SizeField(Record):
    """Marks the field that a dims literal fills when it is given by position."""


Count: TypeAlias = Annotated[int, Field(strict=True, ge=1)]
"""A number of channels, features, groups: a whole number from 1."""
Axes: TypeAlias = Count | tuple[Count, ...]
"""One number for every axis, or one for each: `2` or `2x1`."""
Kernel: TypeAlias = Annotated[Axes, SizeField()]
"""An `Axes` that a dims literal fills by position."""
Padding: TypeAlias = (
    Annotated[int, Field(strict=True, ge=0)] | tuple[Annotated[int, Field(strict=True, ge=0)], ...]
)
Probability: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Positive: TypeAlias = Annotated[float, Field(gt=0.0)]


class Style(Record):
    """How a layer is drawn: the family decides the colour, the label is what a paper writes.

    Families: conv, linear, pool, norm, activation, regular (dropout and its kin), shape, merge,
    skip (matching operators), input. In the label `{field}` stands for the field's text.
    """

    family: str
    label: str


class Op(BaseModel):
    """Base of every layer.

    A subclass states its fields (in the order they take when given by position), its shape rule,
    what it costs and how torch makes it. It registers itself under its `name`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, strict=True, allow_inf_nan=False
    )

    name: ClassVar[str] = ""
    """The name in the language; empty for what has no name of its own (merges)."""
    style: ClassVar[Style]
    example: ClassVar[str] = ""
    """One line of the language that the documentation shows and the tests compile."""
    example_input: ClassVar[str] = "8x16x16"
    """The input the example is compiled with."""
    weighted: ClassVar[bool] = False
    """Whether it counts as a layer where people count layers (convolutions and linear layers)."""
    arity: ClassVar[int | None] = 1
    """How many tensors it takes; None: two or more."""
    resamples: ClassVar[int] = 0
    """+1 for what makes maps larger again: upconv, upsample."""
    inplace: ClassVar[bool] = False
    """Whether torch's module takes `inplace=True`."""
    keeps_output: ClassVar[bool] = True
    """Whether the backward pass may need the output, or the output may share the input's memory.
    Only where this is False may the next layer work in place. Where unsure: True."""

    idle: ClassVar[bool] = False
    """Whether it hands on its very input in evaluation."""

    def infer(self, *xs: Shape) -> Shape | tuple[Shape, ...]:
        """The shape of the result (or of each result) for input shapes `xs`.

        Raises:
            Mistake: the shapes do not fit; without a place, the caller adds it.
        """
        return xs[0]

    def params(self, *xs: Shape) -> int:
        """Number of trainable parameters, given the input shapes."""
        return 0

    def macs(self, *xs: Shape) -> int:
        """Multiplications of convolutions and linear maps for one sample, given input shapes."""
        return 0

    def recipe(self, *xs: Shape) -> Recipe:
        """How torch makes it. Input shapes may be used for channels and rank, not for sizes,
        wherever torch's layer works at any size."""
        raise NotImplementedError

    def works_inplace(self) -> bool:
        """Whether torch's module takes `inplace=True` with these settings, in training too."""
        return self.inplace

    def stride_of(self, rank: int) -> tuple[float, ...] | None:
        """By how much each spatial axis gets coarser (0.5: finer); None where that is unknown."""
        return (1.0,) * rank

    def reach(self, *xs: Shape) -> tuple[Reach | None, ...]:
        """What a unit of the result is made of, of each input, in evaluation; None for an input
        that only lends its size. Where a layer does not say: of no more than everything."""
        return tuple(everything(x, "apart", exact=False) for x in xs)

    def label(self) -> str:
        """What a paper writes in its box: `3×3 conv, 64, /2`."""
        fields = {name: _field_text(getattr(self, name)) for name in type(self).model_fields}
        return self.style.label.format(**fields)

    @classmethod
    def doc(cls) -> str:
        """The first line of the class's documentation."""
        return (cls.__doc__ or "").strip().partition("\n")[0]


def _field_text(value: Any) -> str:
    if isinstance(value, tuple):
        return "×".join(map(str, cast("tuple[Any, ...]", value)))
    return f"{value:g}" if isinstance(value, float) else str(value)


def axes(value: int | tuple[int, ...], rank: int, what: str) -> tuple[int, ...]:
    """`value` for each of `rank` axes.

    Raises:
        Mistake: it names another number of axes than the input has.
    """
    if isinstance(value, int):
        return (value,) * rank
    if len(value) != rank:
        from archlang.diagnostics.catalog.shapes import WrongRank

        raise Mistake(WrongRank(what=what, got=tuple(value), rank=rank))
    return tuple(value)


def spatial(shape: Shape) -> Shape:
    """The axes behind the channels."""
    return shape[1:]


def numel(shape: Shape) -> int:
    """How many numbers a tensor of this shape has."""
    return prod(shape)


def misfit(problem: Problem) -> Mistake:
    """The exception for a shape rule that does not hold; the place is added by the caller."""
    return Mistake(problem)
