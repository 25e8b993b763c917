"""How a module is constructed, as an expression whose literals can be told apart from its form.

Instances of one block that differ in literals alone share a class. An expression is therefore split
into its form (`form`, hashable) and its literals (`literals`); `write` puts the texts chosen for
the literals back in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from archlang.backends.python.layout import Atom, Doc, Generator, Group, prefixed

MISSING = object()
"""The default of an argument that has none."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or text in the code. `member` and `hint` say whose argument it is, and which."""

    value: Any
    hint: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """An argument of a call. One with a default is left out where it has just that value."""

    value: Expression
    name: str | None = None
    default: object = MISSING


@dataclass(frozen=True, slots=True)
class Call:
    """A construction: `nn.Conv2d(…)`, or that of a generated class."""

    target: str
    arguments: tuple[Given, ...] = ()
    suffix: str = ""
    """What is called on the module at once, as `.requires_grad_(False)`."""


@dataclass(frozen=True, slots=True)
class Run:
    """The same construction `count` times; numbers in it may grow by a step each time."""

    element: Expression
    count: Literal
    starred: bool = True


@dataclass(frozen=True, slots=True)
class Growing:
    """A number that grows with the position i in a run: `start + step * i`."""

    start: Literal
    step: Literal


@dataclass(frozen=True, slots=True)
class Word:
    """A name in the code, such as that of a function handed over."""

    text: str


@dataclass(frozen=True, slots=True)
class Operand:
    """Stands for a tensor that a function takes, by number; None for the list of all."""

    index: int | None


Expression: TypeAlias = "Literal | Call | Run | Growing | Word | Operand"
Write: TypeAlias = Callable[[Literal], str]
"""The text chosen for a literal."""


def form(e: Expression) -> Any:
    """What an expression is but for its literals, hashable."""
    match e:
        case Literal():
            return "literal"
        case Call():
            return (e.target, e.suffix, tuple([(g.name, form(g.value)) for g in e.arguments]))
        case Run():
            return ("run", e.starred, form(e.element))
        case Growing():
            return "growing"
        case Word() | Operand():
            return e


def literals(e: Expression) -> Iterator[Literal]:
    """The literals of an expression, in an order that its form fixes."""
    match e:
        case Literal():
            yield e
        case Call():
            for given in e.arguments:
                yield from literals(given.value)
        case Run():
            yield from literals(e.element)
            yield e.count
        case Growing():
            yield e.start
            yield e.step
        case Word() | Operand():
            return


def write(e: Expression, text: Write, operands: Sequence[str] = ()) -> Doc:
    """An expression as code. `text` is asked for the literals in the order of `literals`."""
    match e:
        case Literal():
            return _literal(e.value, text(e))
        case Call():
            return _call(e, text, operands)
        case Run():
            return _run(e, text, operands)
        case Growing():
            start, step = text(e.start), text(e.step)
            return Atom(f"{start} + {f'({step})' if ' ' in step else step} * i")
        case Word():
            return Atom(e.text)
        case Operand():
            everything = Group("[", tuple(map(Atom, operands)), "]")
            return everything if e.index is None else Atom(operands[e.index])


def _run(e: Run, text: Write, operands: Sequence[str]) -> Doc:
    element = write(e.element, text, operands)
    index = "i" if any(isinstance(x, Growing) for x in _parts(e.element)) else "_"
    generator = Generator(element, f"for {index} in range({text(e.count)})")
    return Group("*(", (generator,)) if e.starred else generator


def _literal(value: Any, text: str) -> Doc:
    """A literal; a table may be broken into lines."""
    if not isinstance(value, tuple) or len(value) < 2 or text != constant(value):  # pyright: ignore[reportUnknownArgumentType]
        return Atom(text)
    items: list[Doc] = [_literal(v, constant(v)) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return Group("(", tuple(items))


def _call(e: Call, text: Write, operands: Sequence[str]) -> Doc:
    """A call; the targets `[]`, `{}` and `()` stand for displays."""
    items: list[Doc] = []
    for given in e.arguments:
        doc = write(given.value, text, operands)
        if given.default is not MISSING and doc == Atom(constant(given.default)):
            continue
        if given.name is not None:
            doc = prefixed(f'"{given.name}": ' if e.target == "{}" else f"{given.name}=", doc)
        items.append(doc)
    if e.target in ("[]", "{}", "()"):
        return Group(e.target[0], tuple(items), e.target[1])
    return Group(f"{e.target}(", tuple(items), f"){e.suffix}")


def _parts(e: Expression) -> Iterator[Expression]:
    yield e
    if isinstance(e, Call):
        for given in e.arguments:
            yield from _parts(given.value)


def constant(value: Any) -> str:
    """A literal as Python writes it: a `Dims` is a tuple."""
    if isinstance(value, tuple):
        items: list[str] = [constant(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text: str) -> str:
    """A text as a literal, in double quotes where that needs no escape."""
    plain = repr(text)
    return f'"{text}"' if plain == f"'{text}'" and '"' not in text else plain


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────


def compressed(items: Sequence[Expression], grow: bool = False) -> list[Expression]:
    """Equal neighbours as runs; with `grow` one run of all of them, if numbers grow evenly."""
    if grow and len(items) > 1 and len({form(e) for e in items}) == 1:
        run = _growing(items)
        if run is not None:
            return [run]
    result: list[Expression] = []
    for same in _equal_neighbours(items):
        count = Literal(len(same), "repeats")
        result += [Run(same[0], count)] if len(same) > 1 else same
    return result


def _equal_neighbours(items: Iterable[Expression]) -> list[list[Expression]]:
    groups: list[list[Expression]] = []
    for item in items:
        if groups and form(groups[-1][0]) == form(item) and _values(groups[-1][0]) == _values(item):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _values(e: Expression) -> list[tuple[type, Any]]:
    return [(type(x.value), x.value) for x in literals(e)]


def _growing(items: Sequence[Expression]) -> Run | None:
    if any(isinstance(part, Run) for part in _parts(items[0])):
        return None
    columns = list(zip(*(literals(e) for e in items), strict=True))
    chosen: list[Literal | Growing] = []
    for column in columns:
        values = [x.value for x in column]
        if all(v == values[0] for v in values):
            chosen.append(column[0])
            continue
        if not all(type(v) is int for v in values):
            return None
        step = values[1] - values[0]
        if any(b - a != step for a, b in pairwise(values)):
            return None
        chosen.append(Growing(column[0], Literal(step, "growth")))
    return Run(_filled(items[0], iter(chosen)), Literal(len(items), "repeats"), starred=False)


def _filled(e: Expression, chosen: Iterator[Literal | Growing]) -> Expression:
    if isinstance(e, Literal):
        return next(chosen)
    assert isinstance(e, Call)
    given = [Given(_filled(g.value, chosen), g.name, g.default) for g in e.arguments]
    return Call(e.target, tuple(given), e.suffix)
