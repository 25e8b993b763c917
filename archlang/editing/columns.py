"""Places as the language counts them and as an editor does, which need not count characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from archlang.source import Position

Encoding: TypeAlias = Literal["utf-8", "utf-16", "utf-32"]
"""The units in which an editor counts along a line; without a word from it, UTF-16."""

BYTE_ORDER_MARK = "\ufeff"
_LINE_END = re.compile(r"\r\n|\n|\r")
_ASTRAL = "\uffff"
"""The last character that takes one unit of UTF-16."""


class Place(NamedTuple):
    """Line and units before a place, both from 0: as the Language Server Protocol has them."""

    line: int
    character: int


class Columns:
    """Turns places of one text around: `Position` (lines and characters from 1) and `Place`.

    An editor ends lines at a lone carriage return too, and counts a byte-order mark, of which
    `Document` knows nothing. A place beyond the end of its line, or of the text, is moved there.
    """

    def __init__(self, text: str, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self._encoding: Encoding = encoding
        self._mark = len(text) - len(text.removeprefix(BYTE_ORDER_MARK))

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def _own_starts(self) -> list[int]:
        return [self._mark, *(m.end() for m in re.finditer("\n", self.text))]

    @cached_property
    def _is_plain(self) -> bool:
        """Whether every character takes one unit."""
        return self._encoding == "utf-32" or self.text.isascii()

    def place(self, position: Position) -> Place:
        """What an editor calls a position."""
        return self.place_of(self.offset(position))

    def position(self, place: tuple[int, int]) -> Position:
        """What the language calls a place in an editor."""
        offset = max(self.offset_of(place), self._mark)
        line = bisect_right(self._own_starts, offset)
        return Position(line, offset - self._own_starts[line - 1] + 1)

    def offset(self, position: Position) -> int:
        """Characters of the text before a position; a byte-order mark is one of them."""
        starts = self._own_starts
        line = min(max(position.line, 1), len(starts))
        end = starts[line] - 1 if line < len(starts) else len(self.text)
        return min(starts[line - 1] + max(position.column - 1, 0), end)

    def offset_of(self, place: tuple[int, int]) -> int:
        """Characters of the text before a place."""
        line, character = place
        if line >= len(self._starts):
            return len(self.text)
        start = self._starts[max(line, 0)]
        match = _LINE_END.search(self.text, start)
        end = match.start() if match else len(self.text)
        if self._is_plain:
            return min(start + max(character, 0), end)
        return start + self._characters(self.text[start:end], character)

    def place_of(self, offset: int) -> Place:
        """The place behind so many characters."""
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        return Place(line, self.units(self.text[start:offset]))

    def units(self, text: str) -> int:
        """How far along a line a text reaches."""
        if self._is_plain or text.isascii():
            return len(text)
        return sum(map(self._width, text))

    def _width(self, char: str) -> int:
        if self._encoding == "utf-16":
            return 1 + (char > _ASTRAL)
        return len(char.encode("utf-8", "surrogatepass")) if self._encoding == "utf-8" else 1

    def _characters(self, line: str, units: int) -> int:
        """The characters before so many units; a place within a character counts as before it."""
        at = 0
        for number, char in enumerate(line):
            at += self._width(char)
            if at > units:
                return number
        return len(line)
