"""What a chain rule is made of: symbols, expressions, lines, and the page they stand on.

The expressions are those of a blackboard, and each of them can be evaluated (`evaluate.py`), so
that what is printed is what is tested. R is the loss; ∇Z is the derivative of R by Z.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from archlang.graph import Node
from archlang.ops.base import Op, Shape
from archlang.record import Record


class Symbol(Record):
    """A letter with an index: `Z1`, `W_s`, `θ`; each means one thing on a page."""

    letter: str
    index: str = ""


class Function(Record):
    """An activation, applied to each number by itself: f."""

    symbol: Symbol
    op: Op


MapKind = Literal["fc", "conv", "linear", "curved", "norm", "unknown"]


class Map(Record):
    """A layer that is no function of each number by itself.

    *fc*: `W X + b`. *conv*: `Conv(X | W)`, whose transpose is written `Conv(G | W†)`. *linear*: a
    layer A without weights, `A(X)`, its transpose `A†(G)`. *curved*, *norm*: `A(X)` with the
    Jacobian A' at X. *unknown*: the same, but nothing is known of its inside.
    """

    kind: MapKind
    name: Symbol
    node: Node
    weight: Symbol | None = None
    bias: Symbol | None = None
    part: Literal["", "depthwise", "pointwise"] = ""
    """Of a separable convolution: which of its two."""
    transposed: bool = False
    """An upconv: `UpConv(X | W)` is a convolution's transpose, and its own is that convolution."""


class Var(Record):
    """A tensor, or a weight, by its symbol."""

    symbol: Symbol


class Grad(Record):
    """∇ of a symbol: the derivative of the loss by it."""

    symbol: Symbol


class Number(Record):
    """A number of the spec; `text` is how it is written, as 1/3."""

    value: float
    text: str = ""


class Sum(Record):
    """Terms with their signs, +1 or -1."""

    terms: tuple[tuple[int, Expr], ...]


class Product(Record):
    """Entry by entry: ⊙; a number in front stands without a sign."""

    factors: tuple[Expr, ...]


class Apply(Record):
    """f(x)."""

    function: Function
    x: Expr


class Slope(Record):
    """f'(x)."""

    function: Function
    x: Expr


class Image(Record):
    """What a map gives: `Conv(X | W1)`."""

    map: Map
    xs: tuple[Expr, ...]


class Pullback(Record):
    """The transpose of a map's Jacobian at `xs`, applied to a gradient: `Conv(∇Z | W1†)`."""

    map: Map
    operand: int
    """By which of the inputs."""
    gradient: Expr
    xs: tuple[Expr, ...]


class WeightPullback(Record):
    """What a weight hears: `X ⋆ ∇Z` for filters, `∇Z Xᵀ` for matrices; summed over the batch."""

    map: Map
    weight: Symbol
    gradient: Expr
    xs: tuple[Expr, ...]


class SlopePullback(Record):
    """What the parameters of an activation hear (prelu): `(∂f/∂a)ᵀ ∇Y`."""

    function: Function
    weight: Symbol
    gradient: Expr
    x: Expr
    shape: Shape


class Total(Record):
    """Summed over the axes along which something was repeated, to `shape`; Σ."""

    x: Expr
    shape: Shape
    batch: bool
    """Whether over the samples too, as for weights."""


class Normal(Record):
    """What a normalisation gives before its learned scale and shift: `(x - μ) / σ`."""

    map: Map
    x: Expr


class Stack(Record):
    """Side by side along the channels: `[A, B]`."""

    parts: tuple[Expr, ...]


class Cut(Record):
    """The channels from `start` up to, not including, `stop`: `G[0:64]`."""

    x: Expr
    start: int
    stop: int


class Place(Record):
    """A gradient of channels `start` to `stop` among zeros, `channels` in all: `[0, G, 0]`."""

    x: Expr
    start: int
    stop: int
    channels: int


class Series(Record):
    """`Π_{l=2..L+1} factor`, a product over the layers of a scalar chain."""

    factor: Expr


Expr: TypeAlias = (
    Var
    | Grad
    | Number
    | Sum
    | Product
    | Apply
    | Slope
    | Image
    | Pullback
    | WeightPullback
    | SlopePullback
    | Total
    | Normal
    | Stack
    | Cut
    | Place
    | Series
)


class Line(Record):
    """`left = right`, where `left` is a tensor, or the gradient of one.

    `more` are further ways to write the right side; `value` is its number, where there is one;
    `condition` says for which l it holds.
    """

    left: Var | Grad
    right: Expr
    more: tuple[Expr, ...] = ()
    value: float | Decimal | None = None
    condition: str = ""


class Given(Record):
    """What the backward pass starts from: `G = ∇_Y R`; `value`: the number put in for it.

    `outside`: the result is used within the part too, so that G is only one term of ∇.
    """

    symbol: Symbol
    of: Symbol
    value: float | None = None
    outside: bool = False


class Section(Record):
    """Lines under a heading, whose equal signs stand below each other."""

    title: Literal["forward", "backward", "weights"]
    lines: tuple[Line, ...]
    given: tuple[Given, ...] = ()


class Sign(Record):
    """A piece of notation in a sentence, as text and as TeX for math mode."""

    text: str
    latex: str


class Numbers(Record):
    """A table of numbers: what stands over the columns, and the rows."""

    headings: tuple[Expr, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Valued(Record):
    """A formula and its number: `f'(w_1 x) = 0.2055`."""

    formula: Expr
    value: float | Decimal


Cell: TypeAlias = int | float | Decimal | Valued
Phrase: TypeAlias = "str | Expr | Sign | float | Decimal | Valued"
"""A piece of a sentence: words, a formula, or a number."""


class Page(Record):
    """The chain rule of a network or block; `scalar`: every value is one number.

    Sentences are tuples of phrases. `notes` say what the signs mean, `remarks` what to see.
    """

    title: str
    place: str
    sections: tuple[Section, ...]
    notes: tuple[tuple[Phrase, ...], ...]
    remarks: tuple[tuple[Phrase, ...], ...]
    scalar: bool = False
    numbers: Numbers | None = None
    left_out: str = ""
    """Which other uses of the block are not shown, on the last page."""
