"""A text cut into lines of its definitions, so that an edit has few of them read again.

A definition is a header and the statements of its body; each is a *piece*, a source of its own.
Pieces move as a whole when lines above them come or go: their spans count from their own start, so
nothing that was made of them has to be made again. What stands between them is blank or a comment.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from archlang.editing.lines import TOKEN, Line, Lines
from archlang.source import Position, Source, Span


@dataclass(slots=True)
class Anchor:
    """Where a piece stands in its text: the lines and the characters before it."""

    lines: int = 0
    offset: int = 0


@dataclass(frozen=True, eq=False)
class Piece(Source):
    """A stretch of whole lines of a text. Lines are those of the text, offsets its own."""

    indent: int = 0
    """Columns by which the first line is indented."""
    aligned: bool = True
    """Whether that is as deep as the body's first line."""
    anchor: Anchor = field(default_factory=Anchor)

    def position(self, offset: int) -> Position:
        """Line and column in the whole text."""
        line, column = super().position(offset)
        return Position(line + self.anchor.lines, column)

    def line(self, number: int) -> str:
        """A line, by its number in the whole text."""
        return super().line(number - self.anchor.lines)

    def line_span(self, number: int) -> Span:
        """The span of a line, by its number in the whole text."""
        start = self._line_starts[number - self.anchor.lines - 1]
        return Span(self, start, start + len(self.line(number)))


class Cut(NamedTuple):
    """The pieces of one definition."""

    header: Piece
    statements: tuple[Piece, ...]
    """Those of its body; none where that stands in the header's line."""


_INDENT = re.compile(r"[ \t]*")
_CONTINUES = re.compile(r"(?:elif|else)\b")


def cut(text: str, name: str, before: Pieces | None = None) -> tuple[Cut, ...]:
    """The definitions of a text, in order; pieces that were there before are the same objects."""
    return (before or Pieces(name)).cut(text)


class Pieces:
    """The pieces of a text, to be found again in its next version.

    A definition that did not change keeps its pieces, also where another has lines like its own.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines = Lines()
        self._cuts: dict[str, list[Cut]] = {}
        """By the texts of the definitions."""

    def cut(self, text: str) -> tuple[Cut, ...]:
        """The definitions of the next version."""
        groups = [(text[g[0].start : g[-1].end], g) for g in _groups(self._lines.of(text))]
        old = self._cuts
        made: defaultdict[str, list[Cut]] = defaultdict(list)
        kept = [_next(old.get(said)) for said, _ in groups]
        free = _Free(self._name, old)
        found: list[Cut] = []
        for (said, lines), known in zip(groups, kept, strict=True):
            moved = _definition(text, lines, free) if known is None else _moved(known, lines[0])
            made[said].append(moved)
            found.append(moved)
        self._cuts = made
        return tuple(found)


def _next(cuts: list[Cut] | None) -> Cut | None:
    return cuts.pop(0) if cuts else None


def _moved(known: Cut, first: Line) -> Cut:
    """A definition at its new place."""
    anchor = known.header.anchor
    lines, offset = first.number - anchor.lines, first.start - anchor.offset
    if lines or offset:
        for piece in (known.header, *known.statements):
            piece.anchor.lines += lines
            piece.anchor.offset += offset
    return known


def _groups(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """The lines of each definition: one that is not indented, and those below it that are."""
    starts = [at for at, line in enumerate(lines) if at == 0 or not line.indent]
    for start, end in pairwise([*starts, len(lines)]):
        yield lines[start:end]


class _Free:
    """The pieces of definitions that changed or went, to be used again where lines are the same."""

    def __init__(self, name: str, cuts: dict[str, list[Cut]]) -> None:
        self._name = name
        self._pieces: defaultdict[tuple[str, int, bool], list[Piece]] = defaultdict(list)
        for piece in (p for same in cuts.values() for c in same for p in (c.header, *c.statements)):
            self._pieces[piece.text, piece.indent, piece.aligned].append(piece)

    def piece(self, text: str, first: Line, end: int, aligned: bool = True) -> Piece:
        """The lines from the first one on; those of the last version where they are the same."""
        lines = text[first.start : end]
        known = self._pieces.get((lines, first.indent, aligned))
        piece = known.pop(0) if known else Piece(self._name, lines, None, first.indent, aligned)
        piece.anchor.lines, piece.anchor.offset = first.number, first.start
        return piece


def _definition(text: str, lines: Sequence[Line], pieces: _Free) -> Cut:
    header, body = lines[0], lines[1:]
    if not body or not code(text[header.start : header.end]).endswith(":"):
        return Cut(pieces.piece(text, header, lines[-1].end), ())
    indent = body[0].indent
    statements: list[Piece] = []
    at = 0
    while at < len(body):
        end = at + 1
        while end < len(body) and _goes_on(text, body[end], indent):
            end += 1
        aligned = body[at].indent == indent
        statements.append(pieces.piece(text, body[at], body[end - 1].end, aligned))
        at = end
    return Cut(pieces.piece(text, header, header.end), tuple(statements))


def _goes_on(text: str, line: Line, indent: int) -> bool:
    """Whether a line belongs to the statement before it."""
    if line.indent == indent:
        at = _INDENT.match(text, line.start)
        return bool(at and _CONTINUES.match(text, at.end()))
    return line.indent > indent


def code(line: str) -> str:
    """A line without the comment at its end."""
    for token in TOKEN.finditer(line):
        if token[0].startswith("#") and "\n" not in line[token.start() :]:
            return line[: token.start()].rstrip()
    return line.rstrip()


def said_at(text: str, offset: int) -> bool:
    """Whether a place of a piece lies in a comment or in a text, where words mean nothing."""
    for token in TOKEN.finditer(text):
        if token.start() >= offset:
            return False
        if token[0][0] in "\"'" and offset < token.end():
            return True
        if token[0][0] == "#" and offset <= token.end():
            return True
    return False
