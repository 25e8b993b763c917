"""How a module is constructed, as an expression whose literals can be told apart from its form.

Instances of one block that differ in literals alone share a class. An expression is therefore split
into its form (`form`, hashable) and its literals (`literals`); `write` puts the texts chosen for
the literals back in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from archlang.backends.python.layout import Atom, Doc, Generator, Group, prefixed, suffixed
from archlang.backends.recipes import resolve
from archlang.ops.recipe import Argument, Module

_MISSING = object()


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
    default: object = _MISSING


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


Expression: TypeAlias = "Literal | Call | Run | Growing"
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


def write(e: Expression, text: Write) -> Doc:
    """An expression as code."""
    match e:
        case Literal():
            return Atom(text(e))
        case Call():
            items = [item for g in e.arguments if (item := _argument(g, text)) is not None]
            return suffixed(Group(f"{e.target}(", tuple(items)), e.suffix)
        case Run():
            index = "i" if any(isinstance(x, Growing) for x in _parts(e.element)) else "_"
            clause = f"for {index} in range({text(e.count)})"
            generator = Generator(write(e.element, text), clause)
            return Group("*(", (generator,)) if e.starred else generator
        case Growing():
            step = text(e.step)
            return Atom(f"{text(e.start)} + {f'({step})' if ' ' in step else step} * i")


def _argument(given: Given, text: Write) -> Doc | None:
    doc = write(given.value, text)
    if given.default is not _MISSING and doc == Atom(constant(given.default)):
        return None
    return doc if given.name is None else prefixed(f"{given.name}=", doc)


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


# ── from recipes ─────────────────────────────────────────────────────────────────────────────────


def construction(recipe: Module, member: str, name: Callable[[str], str]) -> Call:
    """How a recipe's module is constructed; arguments are known by the names torch gives them.

    `name` gives the text of a target in the file.
    """

    def value(argument: Argument, hint: str) -> Expression:
        if isinstance(argument, Module):
            return construction(argument, member, name)
        return Literal(argument, hint, member)

    parameters = _parameters(recipe.target)
    if parameters is None:
        given = [Given(value(a, "")) for a in recipe.args]
        given += [Given(value(a, key), key) for key, a in recipe.kwargs]
        return Call(name(recipe.target), tuple(given))
    names = list(parameters)
    given = [Given(value(a, names[i])) for i, a in enumerate(recipe.args)]
    said = dict(recipe.kwargs)
    for key in names[len(recipe.args) :]:
        default = parameters[key]
        if key in said:
            given.append(Given(value(said[key], key), key, default))
        elif default is not inspect.Parameter.empty:
            given.append(Given(Literal(default, key, member), key, default))
    return Call(name(recipe.target), tuple(given))


@cache
def _parameters(target: str) -> dict[str, Any] | None:
    """The parameters of a module class with their defaults; None if it takes any number of them."""
    signature = inspect.signature(resolve(target))
    kinds = {p.kind for p in signature.parameters.values()}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        return None
    usual = {"device", "dtype"}
    return {n: p.default for n, p in signature.parameters.items() if n not in usual}


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────


def compressed(items: Sequence[Expression], grow: bool = False) -> list[Expression]:
    """Neighbours of one form as runs: equal ones, or with `grow` all of them if numbers grow evenly."""
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
        if any(b - a != step for a, b in zip(values, values[1:], strict=False)):
            return None
        chosen.append(Growing(column[0], Literal(step, "growth")))
    return Run(_filled(items[0], iter(chosen)), Literal(len(items), "repeats"), starred=False)


def _filled(e: Expression, chosen: Iterator[Literal | Growing]) -> Expression:
    if isinstance(e, Literal):
        return next(chosen)
    assert isinstance(e, Call)
    given = [Given(_filled(g.value, chosen), g.name, g.default) for g in e.arguments]
    return Call(e.target, tuple(given), e.suffix)

