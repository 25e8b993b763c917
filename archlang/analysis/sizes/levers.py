"""Where a spec says the size of its input: in parameters, or in the numbers of the input's line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from archlang.analysis.sizes.follow import letters
from archlang.record import Record
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.limits import Budget
from archlang.semantics.parameters import open_parameters
from archlang.semantics.resolve_unit import resolve
from archlang.semantics.values import Unit, Value
from archlang.semantics.workshop import Workshop
from archlang.syntax import tree

Some = TypeVar("Some", bound=Record)
Place = tuple[str, int]
"""The name of an input and an axis of it, 1 the first behind the channels."""


class Lever(Record):
    """A number of the spec that is a size of inputs."""

    name: str
    """What to call it: the parameter, or `the input's H`."""
    value: int
    places: tuple[Place, ...]
    parameter: bool
    """Whether it is one, that can be set."""


def levers(unit: Unit, settings: Mapping[str, Value]) -> tuple[Lever, ...]:
    """The sizes that can be said otherwise; those that are computed are left out.

    Raises:
        Mistake: the unit stands for no network.
        Unresolved: what it stands for is undefined by a mistake.
    """
    top = Unit(unit.declaration, unit.env, {**unit.arguments, **settings})
    body = resolve(top, Evaluator(Budget(), Workshop())).unit
    free = {p.name for p in open_parameters(unit)}
    defaults = {p.name: p.default for p in body.declaration.parameters}
    found: dict[str, Lever] = {}
    for name, axis, letter, part in _parts(body.declaration):
        if isinstance(part, int):
            label = f"{name}'s {letter}"
            found[label] = Lever(label, part, ((name, axis),), parameter=False)
        elif part in free:
            default = defaults.get(part)
            known = default.value if isinstance(default, tree.Constant) else None
            value = body.arguments.get(part, known)
            before = found[part].places if part in found else ()
            if type(value) is int:
                found[part] = Lever(part, value, (*before, (name, axis)), parameter=True)
    return tuple(found.values())


def _parts(declaration: tree.Block | tree.Network) -> Iterator[tuple[str, int, str, int | str]]:
    """Each axis behind the channels: of which input, which, its letter, and what is written."""
    for statement in declaration.body.statements:
        if isinstance(statement, tree.Input):
            name, shape = _named(statement)
            items = _items(shape)
            for axis, part in enumerate(items):
                if axis and part is not None:
                    yield name, axis, letters(len(items) - 1)[axis - 1], part


def _named(statement: tree.Input) -> tuple[str, tree.Expression]:
    first = statement.names[0]
    if statement.shape is not None and isinstance(first, tree.Name):
        return first.id, statement.shape
    return "x", statement.shape or first


def _items(shape: tree.Expression) -> list[int | str | None]:
    if isinstance(shape, tree.Size):
        return list(shape.parts)
    if not isinstance(shape, tree.ListOf):
        return []
    return [_item(item) for item in shape.items]


def _item(item: tree.Expression) -> int | str | None:
    if isinstance(item, tree.Constant) and type(item.value) is int:
        return item.value
    return item.id if isinstance(item, tree.Name) else None


def moved(unit: Unit, values: Mapping[Lever, int]) -> tuple[Unit, dict[str, int]]:
    """The unit with other sizes in its input lines, and the parameters to set beside that.

    It does not assert anything of itself then, since that was said of the sizes before.
    """
    settings = {lever.name: n for lever, n in values.items() if lever.parameter}
    numbers = {place: n for lever, n in values.items() for place in lever.places}
    if all(lever.parameter for lever in values):
        return unit, settings
    body = unit.declaration.body
    statements = tuple(
        _resized(s, numbers) if isinstance(s, tree.Input) else s
        for s in body.statements
        if not isinstance(s, tree.Assert)
    )
    suite = replaced(body, statements=statements)
    return Unit(replaced(unit.declaration, body=suite), unit.env, unit.arguments), settings


def _resized(statement: tree.Input, numbers: Mapping[Place, int]) -> tree.Input:
    name, shape = _named(statement)
    if isinstance(shape, tree.Size):
        parts = tuple(
            numbers.get((name, i), p) if isinstance(p, int) else p
            for i, p in enumerate(shape.parts)
        )
        new: tree.Expression = replaced(shape, parts=parts)
    elif isinstance(shape, tree.ListOf):
        items = tuple(_with_number(e, numbers.get((name, i))) for i, e in enumerate(shape.items))
        new = replaced(shape, items=items)
    else:
        return statement
    if statement.shape is None:
        return replaced(statement, names=(new, *statement.names[1:]))
    return replaced(statement, shape=new)


def _with_number(item: tree.Expression, number: int | None) -> tree.Expression:
    if number is None or not isinstance(item, tree.Constant):
        return item
    return replaced(item, value=number)


def replaced(record: Some, **changes: object) -> Some:
    """A record with some fields changed."""
    fields = {name: getattr(record, name) for name in record.record_fields}
    return type(record)(**{**fields, **changes})
