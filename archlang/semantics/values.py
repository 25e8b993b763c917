"""What names and expressions stand for while a spec is expanded: constants, layers and tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from archlang.graph import Scope, Tensor
from archlang.ops.base import Dims, Op
from archlang.ops.initial import Initialiser
from archlang.record import Record
from archlang.source import Span
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.matching import Matching

Defaults: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Layer name → the arguments that `default` gave it."""
Declaration: TypeAlias = tree.Block | tree.Network


NO_DEFAULTS: Mapping[str, Any] = {}
"""For a layer that no `default` speaks of; one object, so that it can be recognised."""


class Unknown:
    """Stands for whatever a mistake left undefined; everything made from it is unknown too,
    silently, so that one mistake is reported once."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


class Env:
    """Names in one lexical scope; looks outwards for what it does not have."""

    __slots__ = ("defaults", "names", "parent")

    def __init__(self, parent: Env | None, defaults: Defaults | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.parent = parent
        self.defaults: Defaults = (
            defaults if defaults is not None else parent.defaults if parent else {}
        )

    def find(self, name: str) -> Value | None:
        """The meaning of a name; None if it has none."""
        env: Env | None = self
        while env is not None:
            if name in env.names:
                return env.names[name]
            env = env.parent
        return None

    def has(self, name: str) -> bool:
        """Whether a name has a meaning, be it `none`."""
        env: Env | None = self
        while env is not None:
            if name in env.names:
                return True
            env = env.parent
        return False

    def visible(self) -> Iterator[str]:
        """All names with a meaning here, inside out."""
        env: Env | None = self
        while env is not None:
            yield from env.names
            env = env.parent


class OpKind(Record):
    """A built-in layer without its arguments: `conv`, or `bn` where it needs none."""

    op: type[Op]


class Unit(Record):
    """A block or network, with the arguments given so far."""

    declaration: Declaration
    env: Env
    arguments: Mapping[str, Value] = NO_DEFAULTS
    complete: bool = False
    """Whether it was called, so that no more arguments may come."""

    @property
    def name(self) -> str:
        """Its name in the spec."""
        return self.declaration.name.id


class Closure(Record):
    """A pipe of layers as a value: `let Stem = conv(64) -> bn -> relu`."""

    expression: tree.Expression
    env: Env


class Repeated(Record):
    """`3 * Unit` as a value."""

    count: int
    layer: Layer


class SharedLayer(Record):
    """A layer whose parameters every use shares."""

    name: str
    layer: Layer
    scope: Scope
    """Where it was declared; its path lies there."""
    span: Span


class Function(Record):
    """A function of constants: built in, or from `let f(v) = …`."""

    name: str
    parameters: tuple[tree.Parameter, ...] = ()
    body: tree.Expression | None = None
    env: Env | None = None
    builtin: Callable[..., Any] | None = None


class MatchingKind(Record):
    """A matching operator without its arguments: `project`."""

    name: str


class InitialiserKind(Record):
    """An initialiser without its arguments: `kaiming`."""

    kind: type[Initialiser]


class Target(Record):
    """What a matching block has to reach: `target.channels`, `target.stride`."""

    shape: tuple[int, ...]
    stride: int | tuple[int, ...]


class TrainingName(Record):
    """The name of an output that exists only while training, and so cannot be used."""

    name: str


@dataclass(slots=True)
class Indexed:
    """The tensors kept under one indexed name: `e[0]`, `e[1]`."""

    name: str
    tensors: dict[tuple[int, ...], Value] = field(default_factory=dict[tuple[int, ...], Any])


class PartialIndex(Record):
    """`e[0]` on the way to `e[0][1]`."""

    indexed: Indexed
    index: tuple[int, ...]


if TYPE_CHECKING:
    Layer: TypeAlias = (
        OpKind | Op | Unit | Closure | Repeated | SharedLayer | Matching | MatchingKind
    )
Constant: TypeAlias = int | float | bool | str | Dims | tuple[Any, ...] | range
Value: TypeAlias = Any
"""Constant, Layer, Function, Tensor, tuple of tensors, Initialiser, Indexed, Target or Unknown.
Kept open on purpose: the evaluator's job is to find out which it is."""

LAYER_KINDS = (OpKind, Op, Unit, Closure, Repeated, SharedLayer)


def is_layer(value: Value) -> bool:
    """Whether a value can be applied to what flows in."""
    return isinstance(value, LAYER_KINDS)


def is_constant(value: Value) -> bool:
    """Whether a value is known while compiling and is no layer: number, text, list, size."""
    return isinstance(value, (int, float, str, tuple, range)) and not is_tensors(value)


def is_tensors(value: Value) -> bool:
    """Whether a value is several tensors."""
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Tensor)  # pyright: ignore[reportUnknownArgumentType]


def several(value: Value) -> list[Value]:
    """The values of a list or of a layer with several results; any other value by itself."""
    return list(value) if isinstance(value, (tuple, range)) else [value]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def describe(value: Value) -> str:  # noqa: PLR0911, PLR0912  # one case a kind
    """A value in a few words, for messages."""
    match value:
        case bool():
            return "true" if value else "false"
        case Dims():
            return f"the size {value}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value[:40]!r}"
        case Tensor():
            return "a tensor"
        case tuple() | range():
            return "several tensors" if is_tensors(value) else f"a list of {len(several(value))}"
        case OpKind():
            return f"the layer {value.op.name}"
        case Op():
            return f"the layer {value.name}"
        case Unit():
            return f"the {type(value.declaration).__name__.lower()} {value.name}"
        case Function():
            return f"the function {value.name}"
        case MatchingKind():
            return f"the matching operator {value.name}"
        case InitialiserKind():
            return f"the initialiser {value.kind.name}"
        case SharedLayer():
            return f"the shared layer {value.name}"
        case Indexed():
            return f"the indexed name {value.name}"
        case _:
            return "a layer" if is_layer(value) else "this"
