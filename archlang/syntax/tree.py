"""The syntax tree: what was written, with spans and without meaning.

Every class is frozen. Spans do not take part in comparison, so two trees are equal where the
programs are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from archlang.record import Record
from archlang.source import Source, Span


class Syntax(Record):
    """Base of all nodes."""

    incidental = frozenset({"span"})

    span: Span


# ── expressions ──────────────────────────────────────────────────────────────────────────────


class Constant(Syntax):
    """`64`, `0.5`, `true`, `"text"`."""

    value: int | float | bool | str


class Size(Syntax):
    """`3x224x224`, `3xHxW`: numbers and names of constants."""

    parts: tuple[int | str, ...]


class Name(Syntax):
    """A constant's, a layer's or a tensor's name."""

    id: str


class ListOf(Syntax):
    """`[3, 4, 6, 3]`."""

    items: tuple[Expression, ...]


class Comprehension(Syntax):
    """`[64 * 2**i for i in range(4) if i > 0]`."""

    item: Expression
    targets: Targets
    over: Expression
    condition: Expression | None


class Attribute(Syntax):
    """`x.channels`."""

    value: Expression
    name: str


class Index(Syntax):
    """`depths[0]`."""

    value: Expression
    index: Expression


class Argument(Syntax):
    """One argument of a call; `name` is None where it is given by position."""

    name: str | None
    value: Expression


class Call(Syntax):
    """`conv(64, 3x3, stride=2)`."""

    callee: Expression
    arguments: tuple[Argument, ...]


class Matched(Syntax):
    """`W∘x`."""

    operator: Expression
    operand: Expression


class Unary(Syntax):
    """`-a`, `+a`, `not a`."""

    operator: str
    operand: Expression


class Binary(Syntax):
    """`a + b` and its kin: `+ - ++ * / // % **`."""

    operator: str
    left: Expression
    right: Expression


class Logic(Syntax):
    """`a and b`, `a or b`."""

    operator: str
    left: Expression
    right: Expression


class Compare(Syntax):
    """`a < b <= c`."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


class Conditional(Syntax):
    """`a if condition else b`."""

    condition: Expression
    then: Expression
    otherwise: Expression


class Pipe(Syntax):
    """`a -> b -> c`."""

    steps: tuple[Expression, ...]


class Unread(Syntax):
    """What stands where a text could not be read, while it is edited; its value is unknown."""


class Branch(Syntax):
    """`branch add:` and its lines."""

    merge: str | None
    body: Suite


class Dense(Syntax):
    """`dense n:` and its lines."""

    count: Expression
    body: Suite


class Repeat(Syntax):
    """`repeat n:` and its lines."""

    count: Expression
    body: Suite


class Chain(Syntax):
    """`chain:` and its lines."""

    body: Suite


Expression: TypeAlias = (
    Constant
    | Size
    | Name
    | ListOf
    | Comprehension
    | Attribute
    | Index
    | Call
    | Matched
    | Unary
    | Binary
    | Logic
    | Compare
    | Conditional
    | Pipe
    | Unread
    | Branch
    | Dense
    | Repeat
    | Chain
)

# ── statements ───────────────────────────────────────────────────────────────────────────────


class Targets(Syntax):
    """What a loop binds: names, possibly grouped: `i, (c, n)`."""

    names: tuple[Name | Targets, ...]


class Input(Syntax):
    """`input 3x224x224`, `input left: 3xHxW`; in a block `input a, b`."""

    names: tuple[Expression, ...]
    shape: Expression | None


class Step(Syntax):
    """One line of a body, perhaps kept under names, perhaps with the shape it must have."""

    targets: tuple[Expression, ...]
    value: Expression
    ascription: Expression | None


class Output(Syntax):
    """`output seg = expr`, `output aux = expr when training`."""

    target: Expression | None
    value: Expression
    training: bool


class Let(Syntax):
    """`let C = 64`, `let half(v) = v // 2`."""

    name: Name
    parameters: tuple[Parameter, ...] | None
    value: Expression


class Default(Syntax):
    """`default conv(bias=false)`."""

    call: Expression


class Assert(Syntax):
    """`assert params == 61_706`."""

    test: Expression
    message: str | None


class Shared(Syntax):
    """`shared name = Layer(…)`."""

    name: Name
    value: Expression


class For(Syntax):
    """`for i, n in enumerate(depths):`."""

    targets: Targets
    over: Expression
    body: Suite


class If(Syntax):
    """`if … elif … else`: conditions with their suites; the last condition is None for `else`."""

    arms: tuple[tuple[Expression | None, Suite], ...]


class PathName(Syntax):
    """A path as in `state_dict`: `layer1.0.conv1`."""

    path: str


class Replace(Syntax):
    """`replace conv1: conv(64, 3x3)`."""

    path: PathName
    body: Suite


class Insert(Syntax):
    """`insert after layer4: dropout(0.2)`."""

    after: bool
    path: PathName
    body: Suite


class Remove(Syntax):
    """`remove maxpool1`."""

    paths: tuple[PathName, ...]


class Skips(Syntax):
    """`short skips except layer4`: which skip connections a line speaks of."""

    kind: str
    """`short`, `long`, `dense` or `all`."""
    excepted: tuple[PathName, ...]


class RemoveSkips(Syntax):
    """`remove short skips except layer4`: take skip connections away."""

    skips: Skips


class ReplaceSkips(Syntax):
    """`replace short skips: scale(0.5)`, `… : project∘Z`: give them another W, or another source.

    `operator` is None where only the source is said: `… : Y`.
    """

    skips: Skips
    operator: Expression | None
    source: Name | None


class Freeze(Syntax):
    """`freeze layer1, layer2`."""

    paths: tuple[PathName, ...]


class Adapt(Syntax):
    """`adapt conv1: sum`: make the weights of the base fit."""

    paths: tuple[PathName, ...]
    how: Name


class Weights(Syntax):
    """`weights torchvision "ResNet50_Weights.DEFAULT"`, `weights "https://…#sha256=…"`."""

    kind: Name | None
    source: Constant


Statement: TypeAlias = (
    Input
    | Step
    | Output
    | Let
    | Default
    | Assert
    | Shared
    | For
    | If
    | Replace
    | Insert
    | Remove
    | RemoveSkips
    | ReplaceSkips
    | Freeze
    | Adapt
    | Weights
)


class Suite(Syntax):
    """The indented lines of a body, with its documentation."""

    statements: tuple[Statement, ...]
    doc: str = ""


def word(statement: Syntax) -> str:
    """What a statement is called in messages: `remove`, `remove skips`, `a step`."""
    if isinstance(statement, Step):
        return "a step"
    name = type(statement).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


# ── a file ───────────────────────────────────────────────────────────────────────────────────


class Parameter(Syntax):
    """`C`, `stride=1`."""

    name: str
    default: Expression | None


class Use(Syntax):
    """`use A, B as C from "file.arch"`: (name there, name here)."""

    names: tuple[tuple[Name, Name], ...]
    file: Constant


class Block(Syntax):
    """`block Basic(C, stride=1):`."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: Suite
    unread: bool = False
    """Whether its header could not be read while it is edited: its parameters are not known."""


class Network(Syntax):
    """`network LeNet5:`; `network ResNet50 = ResNet(…)`; `network Mine from ResNet50(…)`.

    `alias` or `base` is the expression behind `=` or `from`; `body` is empty where there is none.
    """

    name: Name
    parameters: tuple[Parameter, ...]
    body: Suite
    alias: Expression | None = None
    base: Expression | None = None


class Version(Syntax):
    """`arch 1`."""

    number: int


Definition: TypeAlias = Version | Use | Let | Default | Block | Network


@dataclass(frozen=True)
class File:
    """A whole file."""

    source: Source
    definitions: tuple[Definition, ...]
