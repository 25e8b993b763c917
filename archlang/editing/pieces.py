"""A text cut into lines of its definitions, so that an edit has few of them read again.

A definition is a header and the statements of its body; each is a *piece*, a source of its own.
Pieces move as a whole when lines above them come or go: their spans count from their own start, so
nothing that was made of them has to be made again. What stands between them is blank or a comment.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from archlang.source import Position, Source, Span
from archlang.syntax.indentation import width_of


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


class _Line(NamedTuple):
    """A line, with those that an open bracket or a long string makes part of it."""

    number: int
    start: int
    end: int
    indent: int


_DEFINES = (
    r"(?:block|network)[ \t]+[A-Za-z_]\w*[ \t]*(?:[(:=]|from\b)|(?:use|let|default|arch)[ \t]"
)
_DEFINITION = re.compile(_DEFINES)
_INSIDE = re.compile(rf"^(?:{_DEFINES})", re.MULTILINE)
_TOKEN = re.compile(
    r"""(?P<text>\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3})"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*"""
    r"""|(?P<open>[(\[])|(?P<close>[)\]])|(?P<end>\r?\n)|\\[ \t]*\r?\n""",
    re.DOTALL | re.VERBOSE,
)
_END = re.compile(r"\r?\n")
_BLANK = re.compile(r"[ \t\r\f]*(?:#[^\n]*)?(?:\n|\Z)")
_INDENT = re.compile(r"[ \t]*")
_CONTINUES = re.compile(r"(?:elif|else)\b")


def cut(text: str, name: str, before: Pieces | None = None) -> tuple[Cut, ...]:
    """The definitions of a text, in order; pieces that were there before are the same objects."""
    pieces = before or Pieces(name)
    pieces.begin()
    found: list[Cut] = []
    lines = list(_lines(text))
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and lines[end].indent:
            end += 1
        found.append(_definition(text, lines[at:end], pieces))
        at = end
    pieces.finish()
    return tuple(found)


class Pieces:
    """The pieces of a text, to be found again in its next version."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._old: dict[tuple[str, int, bool], list[Piece]] = {}
        self._new: dict[tuple[str, int, bool], list[Piece]] = {}

    def begin(self) -> None:
        """A new version of the text follows."""
        self._new = defaultdict(list)

    def finish(self) -> None:
        """Forget the pieces that are no longer there."""
        self._old = self._new

    def piece(self, text: str, first: _Line, end: int, aligned: bool = True) -> Piece:
        """The lines from the first one on; those of the last version where they are the same."""
        lines = text[first.start : end]
        key = lines, first.indent, aligned
        known = self._old.get(key)
        piece = known.pop(0) if known else Piece(self._name, lines, None, first.indent, aligned)
        piece.anchor.lines, piece.anchor.offset = first.number, first.start
        self._new[key].append(piece)
        return piece


def _definition(text: str, lines: list[_Line], pieces: Pieces) -> Cut:
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


def _goes_on(text: str, line: _Line, indent: int) -> bool:
    """Whether a line belongs to the statement before it."""
    if line.indent == indent:
        at = _INDENT.match(text, line.start)
        return bool(at and _CONTINUES.match(text, at.end()))
    return line.indent > indent


def code(line: str) -> str:
    """A line without the comment at its end."""
    for token in _TOKEN.finditer(line):
        if token[0].startswith("#") and "\n" not in line[token.start() :]:
            return line[: token.start()].rstrip()
    return line.rstrip()


def said_at(text: str, offset: int) -> bool:
    """Whether a place of a piece lies in a comment or in a text, where words mean nothing."""
    for token in _TOKEN.finditer(text):
        if token.start() >= offset:
            return False
        if token[0][0] in "\"'" and offset < token.end():
            return True
        if token[0][0] == "#" and offset <= token.end():
            return True
    return False


def _lines(text: str) -> Iterator[_Line]:
    """The lines that say something, in order.

    A bracket that is never closed ends with its line: so it spoils no other.
    """
    at = number = 0
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank is not None:
            number += 1
            at = max(blank.end(), at + 1)
            continue
        end = _line_end(text, at)
        indent = _INDENT.match(text, at)
        yield _Line(number, at, end, width_of(indent[0] if indent else ""))
        number += text.count("\n", at, end) + 1
        at = text.find("\n", end) + 1 or len(text)


def _line_end(text: str, start: int) -> int:
    """Where the line ends that begins there, brackets and long strings included."""
    depth = 0
    first: int | None = None
    for token in _TOKEN.finditer(text, start):
        if token["text"] and _INSIDE.search(token[0]):  # the quotes of two strings, not of one
            return _plain_end(text, start)
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["end"]:
            first = token.start() if first is None else first
            if depth <= 0:
                return token.start()
            if _DEFINITION.match(text, token.end()):
                return first
    return len(text) if depth <= 0 or first is None else first


def _plain_end(text: str, start: int) -> int:
    match = _END.search(text, start)
    return len(text) if match is None else match.start()
