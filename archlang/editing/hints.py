"""The shape that each line gives, to be shown at its end; of a block, that of its first use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from archlang.editing.definitions import Giver
from archlang.editing.document import Analysis, Result
from archlang.editing.places import pieces_between
from archlang.graph import Tensor
from archlang.ops.base import shape_text
from archlang.semantics.values import Value, is_tensors
from archlang.syntax import tree

MAX_LINE = 1_000_000_000
_MOST_TENSORS = 4
"""Shapes in a row; more of them are counted."""
_MOST_SHAPES = 12
"""Shapes of other uses that a tooltip lists."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What stands at the end of a line."""

    line: int
    """From 1."""
    column: int
    """Just behind the last character of the line, in characters from 1."""
    label: str
    """`64x56x56`, `64x56x56 +3`, `8x16x16, 8x16x16`."""
    shapes: tuple[str, ...]
    """All different shapes, that of the first use first."""

    @property
    def tooltip(self) -> str:
        """What the other uses give; empty where there is only one shape."""
        if len(self.shapes) == 1:
            return ""
        others = list(self.shapes[1 : _MOST_SHAPES + 1])
        rest = len(self.shapes) - 1 - len(others)
        return "in other uses " + "; ".join(others + ([f"{rest} more"] if rest else []))


def hints(analysis: Analysis, first: int = 1, last: int = MAX_LINE) -> list[Hint]:
    """The hints of the lines between two, both included, in order.

    There are none for lines whose shape is not known, for those that say it themselves, and for
    the bodies of blocks that no network uses.
    """
    found: list[Hint] = []
    for giver in _givers(analysis, first, last):
        hint = hint_of(analysis, giver)
        if hint is not None and first <= hint.line <= last:
            found.append(hint)
    found.sort(key=lambda hint: hint.line)
    return [next(same) for _, same in groupby(found, key=lambda hint: hint.line)]


def hint_of(analysis: Analysis, giver: Giver) -> Hint | None:
    """The hint of one statement; None where there is nothing to say."""
    shapes = different_shapes(analysis.results(giver))
    if not shapes or shapes == (_said(giver),):
        return None
    first, *rest = shapes
    others = f" +{len(rest)}" if rest else ""
    number = giver.span.finish.line
    column = len(giver.span.source.line(number).rstrip()) + 1
    return Hint(number, column, first + others, shapes)


def different_shapes(results: list[Result]) -> tuple[str, ...]:
    """What a line gives in its uses, each shape once, in the order of the uses."""
    shapes: dict[Value, str] = {}
    for result in results:
        value = result.value
        key = value.shape if isinstance(value, Tensor) else _shapes_of(value)
        if key and key not in shapes:
            shapes[key] = value_text(value)
    return tuple(dict.fromkeys(shapes.values()))


def value_text(value: Value) -> str:
    """The shape of a tensor, or those of several; empty where that is unknown."""
    if isinstance(value, Tensor):
        return shape_text(value.shape)
    shapes = [shape_text(shape) for shape in _shapes_of(value)]
    if len(shapes) > 1 and len(set(shapes)) == 1 and len(shapes) > _MOST_TENSORS:
        return f"{len(shapes)} of {shapes[0]}"
    if len(shapes) > _MOST_TENSORS:
        rest = len(shapes) - _MOST_TENSORS
        return ", ".join(shapes[:_MOST_TENSORS]) + f", {rest} more"
    return ", ".join(shapes)


def _shapes_of(value: Value) -> tuple[tuple[int, ...], ...]:
    if not is_tensors(value) or not all(isinstance(item, Tensor) for item in value):
        return ()
    return tuple(tensor.shape for tensor in value)


def _givers(analysis: Analysis, first: int, last: int) -> Iterator[Giver]:
    for read, piece in pieces_between(analysis.definitions, first, last):
        yield from read.givers.get(piece, ())


def _said(giver: Giver) -> str:
    """The shape that a statement says in numbers; empty where it says none."""
    match giver:
        case tree.Step():
            said = giver.ascription
        case tree.Input():
            said = giver.shape or giver.names[0]
        case _:
            said = None
    if isinstance(said, tree.Size) and all(isinstance(part, int) for part in said.parts):
        return "x".join(map(str, said.parts))
    return str(said.value) if isinstance(said, tree.Constant) else ""
