"""Which literals of a class stay in the code and which become parameters of its constructor.

Literals that are equal in every instance stay. The others are columns, a value for each instance;
equal columns are one parameter, called as the block's own parameter where that has these values.
A number of channels that is a multiple of another is written so: `4 * C`.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from archlang.backends.python.expressions import Literal, constant

Column: TypeAlias = tuple[tuple[type[Any], Any], ...]
"""The values of one literal in all instances; 1, 1.0 and True are three values."""

_CHANNELS = {
    "in_channels": "in_channels",
    "in_features": "in_features",
    "num_features": "channels",
    "num_channels": "channels",
    "num_parameters": "channels",
    "normalized_shape": "channels",
    "channels": "channels",
    "features": "in_features",
    "out_channels": "out",
    "out_features": "out",
    "out": "out",
    "groups": "groups",
}
_COUNTS = frozenset({"repeats", "growth"})
_MULTIPLES = range(2, 17)
IMPORTED = frozenset(
    {
        "Any", "Callable", "F", "NamedTuple", "OrderedDict", "Self", "Sequence", "Tensor",
        "checkpoint", "nn", "nullcontext", "torch",
    }
)  # fmt: skip
"""Names that the file imports."""
_TAKEN = IMPORTED | {"__class__", "_", "i", "range", "self", "super", "training"}


def as_name(name: str, taken: frozenset[str] | set[str] = _TAKEN) -> str:
    """A name that Python and the code around allow."""
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
        name = "value"
    while name in taken or name in _TAKEN:
        name += "_"
    return name


@dataclass(slots=True)
class Parameter:
    """A parameter of a constructor, with its value in each instance."""

    name: str
    column: Column
    default: Any = None
    is_channels: bool = False
    """A number of channels: given by position."""

    @property
    def annotation(self) -> str:
        """The type, as an annotation."""
        kinds = dict.fromkeys(_annotation(value) for _, value in self.column)
        if "float" in kinds:
            kinds.pop("int", None)
        return " | ".join(sorted(kinds, key=lambda k: (k == "None", k)))

    @property
    def declaration(self) -> str:
        """As it stands in the constructor's signature."""
        default = "" if self.default is None else f" = {constant(self.default)}"
        return f"{self.name}: {self.annotation}{default}"


def _meanings(argument: Any) -> tuple[Any, ...]:
    """What torch may be given for a constant: for a kernel of 3x3 simply 3."""
    if not isinstance(argument, tuple):
        return (argument,)
    items = cast(tuple[Any, ...], argument)
    return (items, items[0]) if len(set(items)) == 1 else (items,)


def _annotation(value: Any) -> str:
    if isinstance(value, tuple):
        inner = " | ".join(sorted({_annotation(v) for v in value}))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return f"tuple[{inner or 'int'}, ...]"
    return "None" if value is None else type(value).__name__


@dataclass(slots=True)
class Chosen:
    """The parameters of a class, and the text for each literal in the order of its form."""

    parameters: list[Parameter] = field(default_factory=list[Parameter])
    texts: list[str] = field(default_factory=list[str])


def choose(
    instances: Sequence[Sequence[Literal]],
    arguments: Sequence[Mapping[str, Any]],
    taken: frozenset[str] = frozenset(),
) -> Chosen:
    """Parameters and texts for instances given by their literals.

    `arguments` are the constants that each was used with in the spec; `taken` are names that the
    code of the class uses otherwise.
    """
    return _Chooser(instances, arguments, taken).chosen()


class _Chooser:
    def __init__(
        self,
        instances: Sequence[Sequence[Literal]],
        arguments: Sequence[Mapping[str, Any]],
        taken: frozenset[str],
    ) -> None:
        self._literals = list(instances[0])
        rows = [[(cast(type[Any], type(x.value)), x.value) for x in row] for row in instances]
        self._columns: list[Column] = list(zip(*rows, strict=True))
        self._arguments = arguments
        self._taken = set(taken)
        self._parameters: list[Parameter] = []
        self._texts: dict[Column, str] = {}

    def chosen(self) -> Chosen:
        order: dict[Column, Literal] = {}
        for literal, column in zip(self._literals, self._columns, strict=True):
            if len(set(column)) > 1 and literal.hint != "inplace":
                order.setdefault(column, literal)
        for column, literal in order.items():
            name = self._argument(column, literal)
            if name is not None:
                self._add(name, column, self._is_channels(column))
        for column, literal in order.items():
            if column not in self._texts:
                self._derive(column, literal)
        self._sort(list(order))
        texts = [self._text(x, c) for x, c in zip(self._literals, self._columns, strict=True)]
        return Chosen(self._parameters, texts)

    def _text(self, literal: Literal, column: Column) -> str:
        if len(set(column)) == 1:
            return constant(literal.value)
        if literal.hint == "inplace":
            return "False"  # it is a saving, never a need
        return self._texts[column]

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def _argument(self, column: Column, literal: Literal) -> str | None:
        """The block's own parameter that has these values."""
        named = dict.fromkeys(name for given in self._arguments for name in given)
        found = [name for name in named if self._agrees(name, column, name == literal.hint)]
        found.sort(key=lambda name: name != literal.hint)
        return found[0] if found else None

    def _agrees(self, name: str, column: Column, lenient: bool) -> bool:
        """Whether a parameter has these values; `lenient`: where it is given at all."""
        pairs = list(zip(self._arguments, column, strict=True))
        said = [value in _meanings(given[name]) for given, (_, value) in pairs if name in given]
        return bool(said) and all(said) and (lenient or len(said) == len(pairs))

    def _is_channels(self, column: Column) -> bool:
        pairs = zip(self._literals, self._columns, strict=True)
        hints = {literal.hint for literal, c in pairs if c == column}
        return bool(hints & _CHANNELS.keys()) and all(kind is int for kind, _ in column)

    def _derive(self, column: Column, literal: Literal) -> None:
        """A text for a column that no parameter of the spec has."""
        for parameter in self._parameters:
            text = self._relation(column, parameter, literal)
            if text is not None:
                self._texts[column] = text
                return
        self._add(self._hinted(literal), column, self._is_channels(column))

    def _relation(self, column: Column, base: Parameter, literal: Literal) -> str | None:
        pairs = [(value, of) for (_, value), (_, of) in zip(column, base.column, strict=True)]
        if not all(type(v) is int and type(of) is int for v, of in pairs):
            return None
        if literal.hint == "padding" and "kernel" in base.name:
            return f"{base.name} // 2" if all(v == of // 2 for v, of in pairs) else None
        if not base.is_channels or not self._is_channels(column):
            return None
        for m in _MULTIPLES:
            if all(v == m * of for v, of in pairs):
                return f"{m} * {base.name}"
            if all(v * m == of for v, of in pairs):
                return f"{base.name} // {m}"
        return None

    def _hinted(self, literal: Literal) -> str:
        if literal.hint in _COUNTS:
            return literal.hint
        if literal.hint not in _CHANNELS:
            free = literal.hint not in self._taken
            name = literal.hint if free else f"{literal.member}_{literal.hint}"
            return name.strip("_") or "value"
        short = _CHANNELS[literal.hint]
        if literal is next(x for x in self._literals if x.hint in _CHANNELS):
            return "in_features" if short == "in_features" else "in_channels"
        return f"{literal.member}_{short}"

    def _add(self, name: str, column: Column, is_channels: bool) -> None:
        name = as_name(name, self._taken)
        self._taken.add(name)
        values = [value for _, value in column]
        default = 1 if "stride" in name and 1 in values else None
        self._parameters.append(Parameter(name, column, default, is_channels))
        self._texts[column] = name

    def _sort(self, order: list[Column]) -> None:
        """Channels first, as they come in the code; what has a default last."""
        place = {column: i for i, column in enumerate(order)}
        self._parameters.sort(
            key=lambda p: (p.default is not None, not p.is_channels, place[p.column])
        )
