"""Places in a text to what stands there: the piece, the nodes around it, the unit and its uses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from archlang.editing.definitions import Read
from archlang.editing.document import Analysis
from archlang.editing.pieces import Piece
from archlang.graph import Graph, Scope
from archlang.source import Position, Span
from archlang.syntax import tree
from archlang.syntax.walk import children, walk

_WORD = re.compile(r"[A-Za-z_]\w*")
_STATEMENTS = (
    tree.Input, tree.Step, tree.Output, tree.Let, tree.Default, tree.Assert, tree.Shared,
    tree.For, tree.If, tree.Replace, tree.Insert, tree.Remove, tree.RemoveSkips,
    tree.ReplaceSkips, tree.Freeze, tree.Adapt, tree.Weights,
)  # fmt: skip


class Word(NamedTuple):
    """A name as it stands in a text, be it readable or not."""

    text: str
    span: Span


class Use(NamedTuple):
    """One use of a block or network: where its names lie, in which graph."""

    scope: Scope
    graph: Graph


@dataclass(frozen=True, eq=False)
class Spot:
    """A place within a piece."""

    read: Read
    """The definition that the piece is of."""
    piece: Piece
    offset: int
    """Characters of the piece before the place."""

    @cached_property
    def path(self) -> tuple[tree.Syntax, ...]:
        """The nodes from the definition to the innermost at the place.

        A place just behind a word belongs to the word. Where nothing of the piece could be read
        there are stand-ins alone: `tree.Unread`.
        """
        return _path(self.read, self.piece, self.offset)

    @property
    def node(self) -> tree.Syntax | None:
        """The innermost node."""
        return self.path[-1] if self.path else None

    @cached_property
    def statements(self) -> tuple[tree.Statement, ...]:
        """The statements around the place, outside in: `for`, then the line in it.

        On a blank place of a body, the last that begins on the line or above it.
        """
        return _statements(self.read, self.piece, self.offset)

    @property
    def statement(self) -> tree.Statement | None:
        """The innermost statement."""
        return self.statements[-1] if self.statements else None

    @property
    def unit(self) -> tree.Block | tree.Network | None:
        """The block or network that the place lies in."""
        return unit_of(self.read)

    @property
    def in_header(self) -> bool:
        """Whether the place lies in the definition's first line, not in its body."""
        return self.piece is self.read.cut.header

    @property
    def word(self) -> Word | None:
        """The name at the place, or just before it; also where the line cannot be read."""
        return word_at(self.piece, self.offset)

    @property
    def before(self) -> str:
        """What of the piece stands before the place."""
        return self.piece.text[: self.offset]


def spot(reads: Sequence[Read], position: Position) -> Spot | None:
    """The place in its piece; None between definitions, on blank lines and on comments.

    A column beyond the end of its line is taken as the end.
    """
    found = piece_at(reads, position.line)
    if found is None:
        return None
    read, piece = found
    return Spot(read, piece, offset_in(piece, position))


def piece_at(reads: Sequence[Read], line: int) -> tuple[Read, Piece] | None:
    """The piece that a line (from 1) belongs to, and its definition."""
    read = definition_at(reads, line)
    if read is None:
        return None
    pieces = (read.cut.header, *read.cut.statements)
    at = bisect_right(pieces, line - 1, key=lambda piece: piece.anchor.lines) - 1
    piece = pieces[at]
    return (read, piece) if line <= last_line(piece) else None


def definition_at(reads: Sequence[Read], line: int) -> Read | None:
    """The definition that begins on a line or is the nearest above it."""
    at = bisect_right(reads, line - 1, key=lambda read: read.cut.header.anchor.lines) - 1
    return reads[at] if at >= 0 else None


def pieces_between(reads: Sequence[Read], first: int, last: int) -> Iterator[tuple[Read, Piece]]:
    """The pieces of which any line lies between two lines, both included."""
    at = bisect_right(reads, first - 1, key=lambda read: read.cut.header.anchor.lines) - 1
    for read in reads[max(at, 0) :]:
        if read.cut.header.anchor.lines >= last:
            return
        pieces = (read.cut.header, *read.cut.statements)
        start = bisect_right(pieces, first - 1, key=lambda piece: piece.anchor.lines) - 1
        for piece in pieces[max(start, 0) :]:
            if piece.anchor.lines >= last:
                break
            if last_line(piece) >= first:
                yield read, piece


def last_line(piece: Piece) -> int:
    """The number (from 1) of the last line of a piece in the whole text."""
    return piece.anchor.lines + piece.text.count("\n") + 1


def offset_in(piece: Piece, position: Position) -> int:
    """Characters of a piece before a position of the whole text that lies on one of its lines."""
    span = piece.line_span(position.line)
    return min(span.start + max(position.column - 1, 0), span.end)


def whole_offsets(span: Span) -> tuple[int, int]:
    """Where a span begins and ends in the whole text: characters before, not those of a piece."""
    before = span.source.anchor.offset if isinstance(span.source, Piece) else 0
    return before + span.start, before + span.end


def unit_of(read: Read) -> tree.Block | tree.Network | None:
    """The block or network that a definition is; None where it is none."""
    return read.tree if isinstance(read.tree, (tree.Block, tree.Network)) else None


def statement_of(read: Read, piece: Piece) -> tree.Statement | None:
    """What a piece of a body says; None for a docstring, and where nothing is known."""
    unit = unit_of(read)
    statements = unit.body.statements if unit is not None else ()
    return next((s for s in statements if s.span.source is piece), None)


def word_at(piece: Piece, offset: int) -> Word | None:
    """The name at a place of a piece, or that ends there."""
    start = piece.text.rfind("\n", 0, offset) + 1
    for match in _WORD.finditer(piece.text, start):
        if match.start() > offset:
            break
        if match.end() >= offset:
            return Word(match[0], Span(piece, match.start(), match.end()))
    return None


def uses(analysis: Analysis, unit: tree.Block | tree.Network) -> list[Use]:
    """The uses of a block or network, in the order of the networks; a network is its own first.

    A unit that gives no tensor anywhere, because its first line has a mistake, has none.
    """
    seen: dict[int, Use] = {}
    for node in walk(unit.body):
        if isinstance(node, (tree.Step, tree.Output, tree.Input)):
            for result in analysis.results(node):
                scope = result.scope.unit
                seen.setdefault(id(scope), Use(scope, result.graph))
    return list(seen.values())


# ── nodes ────────────────────────────────────────────────────────────────────────────────────


def _root(read: Read, piece: Piece) -> tuple[tree.Syntax, ...]:
    """The nodes that the piece's own lie below, outside in."""
    if read.tree is None:
        return ()
    if piece is read.cut.header:
        return (read.tree,)
    statement = statement_of(read, piece)
    return (read.tree,) if statement is None else (read.tree, statement)


class _Below(NamedTuple):
    node: tree.Syntax
    above: _Below | None


def _below(root: tree.Syntax, piece: Piece) -> Iterator[_Below]:
    """The nodes of a piece, each with those above it; without recursion, in no order."""
    waiting = [_Below(root, None)]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(
            _Below(child, current)
            for child in children(current.node)
            if child.span.source is piece or isinstance(child, tree.Suite)
        )


def _path(read: Read, piece: Piece, offset: int) -> tuple[tree.Syntax, ...]:
    outer = _root(read, piece)
    if not outer:
        return ()
    best: tuple[tuple[int, bool], _Below] | None = None
    for found in _below(outer[-1], piece):
        span = found.node.span
        if span.source is piece and span.start <= offset <= span.end:
            key = (span.end - span.start, offset == span.end)
            if best is None or key <= best[0]:
                best = key, found
    return (*outer[:-1], *_chain(best[1])) if best else outer


def _statements(read: Read, piece: Piece, offset: int) -> tuple[tree.Statement, ...]:
    outer = _root(read, piece)
    if not outer:
        return ()
    line_end = piece.text.find("\n", offset)
    line_end = len(piece.text) if line_end < 0 else line_end
    best: _Below | None = None
    for found in _below(outer[-1], piece):
        start = found.node.span.start
        if not isinstance(found.node, _STATEMENTS) or start > line_end:
            continue
        if best is None or start >= best.node.span.start:
            best = found
    nodes = _chain(best) if best else ()
    return tuple(node for node in nodes if isinstance(node, _STATEMENTS))


def _chain(innermost: _Below) -> tuple[tree.Syntax, ...]:
    nodes: list[tree.Syntax] = []
    found: _Below | None = innermost
    while found is not None:
        nodes.append(found.node)
        found = found.above
    return tuple(reversed(nodes))
