"""Where text comes from: sources, spans within them, and offsets turned into lines and columns."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple


class Position(NamedTuple):
    """A place in a text as an editor shows it: line and column both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, eq=False)
class Source:
    """One text, with the name that diagnostics show for it and, if it has one, its file."""

    name: str
    text: str
    path: Path | None = field(default=None)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        return starts

    def position(self, offset: int) -> Position:
        """Line and column of an offset."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its line end."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def line_span(self, number: int) -> Span:
        """The span of a line (from 1), without its line end."""
        start = self._line_starts[number - 1]
        return Span(self, start, start + len(self.line(number)))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source, from offset `start` up to, not including, `end`."""

    source: Source
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From start of this one to the end of the other; this one, if that has another text."""
        return Span(self.source, self.start, other.end) if other.source is self.source else self

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]

    @property
    def begin(self) -> Position:
        """Line and column of the first character."""
        return self.source.position(self.start)

    @property
    def finish(self) -> Position:
        """Line and column just behind the last character."""
        return self.source.position(self.end)
