"""What a terminal shows of a text: how wide characters are, and what stands for hidden ones."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

TAB = 4
"""Columns from one tab stop to the next."""

# Control, format (bidirectional overrides and joiners hide what a text really says), lone
# surrogates (which no stream can encode), line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_COMBINING = frozenset({"Mn", "Me"})
_LONGEST = 600


def visible(char: str) -> str:
    """The character, or a visible stand-in where a terminal would obey it or hide it."""
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"<U+{code:04X}>" if unicodedata.category(char) in _HIDDEN else char


def visible_text(text: str) -> str:
    """One line of words with nothing hidden in it; the middle of a very long one is left out."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return text if text.isprintable() else "".join(map(visible, text))


def visible_lines(text: str) -> str:
    """Several lines of words with nothing hidden in them."""
    return "\n".join(map(visible_text, text.splitlines()))


def columns_of(char: str) -> int:
    """How many columns a character takes: 0 if it combines with the one before it, 2 if it is wide.

    A tab counts as a full one; a hidden character as its stand-in.
    """
    if char == "\t":
        return TAB
    if char.isascii():
        return 1
    category = unicodedata.category(char)
    if category in _HIDDEN:
        return len(visible(char))
    if category in _COMBINING or "\u1160" <= char <= "\u11ff":  # the latter: joining Hangul
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Excerpt(NamedTuple):
    """What is drawn of a source line, and the column of each character in the drawing."""

    text: str
    first: int
    """Index of the first character that is drawn."""
    columns: tuple[int, ...]
    """Where each drawn character begins; at the end, where the last one ends."""

    def column(self, index: int) -> int:
        """The column of the line's character `index`; that of the `…` where it was cut off."""
        if index < self.first:
            return 0
        return self.columns[min(index - self.first, len(self.columns) - 1)]

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The columns of the characters from `start` up to `end`: never none."""
        left = self.column(start)
        right = self.column(end)
        drawn = self.first <= start < self.first + len(self.columns) - 1
        if drawn and start < end and left == right > 0:  # a combining mark: point at its letter
            left = max((c for c in self.columns if c < left), default=0)
        return left, max(right, left + 1)


def excerpt(line: str, start: int, end: int, room: int) -> Excerpt:
    """Draw a line in at most `room` columns; a longer one is cut around `start` to `end`."""
    if len(line) <= room and sum(map(columns_of, line)) <= room:
        first, last = 0, len(line)
    else:
        first, last = _window(line, min(start, len(line)), min(end, len(line)), room - 2)
    before = "…" if first > 0 else ""
    after = "…" if last < len(line) else ""
    drawn: list[str] = [before]
    columns = [len(before)]
    for char in line[first:last]:
        at = columns[-1]
        glyph = " " * (TAB - at % TAB) if char == "\t" else visible(char)
        drawn.append(glyph)
        columns.append(at + (len(glyph) if char == "\t" else columns_of(char)))
    return Excerpt("".join([*drawn, after]), first, tuple(columns))


def _window(line: str, start: int, end: int, room: int) -> tuple[int, int]:
    """Which characters to draw: those of the span first, then its surroundings on either side."""
    first = last = start
    while last < end and room >= _price(line[last]):
        room -= _price(line[last])
        last += 1
    grown = True
    while grown:
        grown = False
        if last < len(line) and room >= _price(line[last]):
            room -= _price(line[last])
            last += 1
            grown = True
        if first > 0 and room >= _price(line[first - 1]):
            first -= 1
            room -= _price(line[first])
            grown = True
    return first, last


def _price(char: str) -> int:
    """What a character takes of the room; a combining one too, as any number may be piled up."""
    return max(1, columns_of(char))
