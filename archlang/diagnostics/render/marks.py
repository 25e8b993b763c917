"""The rows under a source line: carets, underlines, and the words that hang from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from archlang.diagnostics.model import Label
from archlang.diagnostics.render.display import Excerpt, excerpt, visible_text
from archlang.diagnostics.render.pen import Pen, Style


class Mark(NamedTuple):
    """A label on its line: characters `start` to `end` (from 0) of line `line` (from 1)."""

    line: int
    start: int
    end: int
    words: str
    style: Style

    @property
    def sign(self) -> str:
        """What it is underlined with."""
        return "-" if self.style is Style.SECONDARY else "^"


def mark(label: Label, style: Style) -> Mark:
    """Place a label; of a span over several lines the first is marked, from the start on."""
    span = label.span
    begin, finish = span.begin, span.finish
    line = span.source.line(begin.line)
    words = visible_text(label.text)
    start = min(begin.column - 1, len(line))
    if finish.line == begin.line:
        return Mark(begin.line, start, min(finish.column - 1, len(line)), words, style)
    # The line break behind a statement belongs to its span, but does not make it two lines long.
    last = span.source.position(span.start + len(span.text.rstrip())).line
    if last > begin.line:
        words = f"{words} (up to line {last})".lstrip()
    return Mark(begin.line, start, len(line), words, style)


def drawing(line: str, marks: Sequence[Mark], room: int) -> Excerpt:
    """Draw a line so that its marks are seen: all of them if there is room, else the main one."""
    if not marks:
        return excerpt(line, 0, 0, room)
    start, end = min(m.start for m in marks), max(m.end for m in marks)
    if end - start > room - 2:
        main = next((m for m in marks if m.sign == "^"), marks[0])
        start, end = main.start, main.end
    return excerpt(line, start, end, room)


class _Spot(NamedTuple):
    """A mark in columns; `anchor` is the first column in which it is seen."""

    mark: Mark
    left: int
    right: int
    anchor: int


def rows(drawn: Excerpt, marks: Iterable[Mark], pen: Pen) -> Iterator[str]:
    """The rows under a drawn line.

    The words of the last mark stand beside it if it overlaps no other; all others hang below::

        Z + W∘Y
        -   ^^^ 64x56x56
        |
        256x56x56
    """
    placed = [(m, *drawn.between(m.start, m.end)) for m in marks]
    owner = _owners(placed)
    spots = sorted(
        (
            _Spot(m, left, right, next((c for c in range(left, right) if owner[c] is m), left))
            for m, left, right in placed
        ),
        key=lambda spot: (spot.anchor, spot.right),
    )
    last = spots[-1]
    beside = all(spot is last or spot.right <= last.left for spot in spots)
    underline = _paint([(m.sign, m.style) if m else (" ", Style.PLAIN) for m in owner], pen)
    words = pen(f" {last.mark.words}", last.mark.style) if beside and last.mark.words else ""
    yield underline + words
    yield from _hanging([s for s in spots if s.mark.words and not (beside and s is last)], pen)


def _owners(placed: list[tuple[Mark, int, int]]) -> list[Mark | None]:
    """Which mark is seen in each column: the shortest there is."""
    owner: list[Mark | None] = [None] * max(right for _, _, right in placed)
    for m, left, right in sorted(placed, key=lambda item: item[1] - item[2]):
        owner[left:right] = [m] * (right - left)
    return owner


def _hanging(spots: list[_Spot], pen: Pen) -> Iterator[str]:
    if spots:
        yield _strings(spots, spots[-1].anchor + 1, pen)
    for count in range(len(spots) - 1, -1, -1):
        spot = spots[count]
        before = [s for s in spots[:count] if s.anchor < spot.anchor]
        yield _strings(before, spot.anchor, pen) + pen(spot.mark.words, spot.mark.style)


def _strings(spots: list[_Spot], length: int, pen: Pen) -> str:
    """A row of the strings on which words hang."""
    cells: list[tuple[str, Style]] = [(" ", Style.PLAIN)] * length
    for spot in spots:
        cells[spot.anchor] = ("|", spot.mark.style)
    return _paint(cells, pen)


def _paint(cells: Sequence[tuple[str, Style]], pen: Pen) -> str:
    runs = groupby(cells, key=lambda cell: cell[1])
    return "".join(pen("".join(char for char, _ in run), style) for style, run in runs)
