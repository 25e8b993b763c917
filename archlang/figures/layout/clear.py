"""Whether a drawing is clear: no box over another, no line through a box that is not its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from archlang.figures.geometry import Rect, around
from archlang.figures.layout.place import Ground, Placed, Placement
from archlang.figures.theme import SMALL

_SQUARE = 64.0
_TITLE = SMALL * 1.3
_SLACK = 0.5
"""By how much things may touch."""

_Cell = tuple[int, int]


def clear(placement: Placement) -> bool:
    """Whether no two boxes overlap, and no line of level and upright parts crosses a foreign box.

    Takes time in proportion to the drawing, by looking only at what shares a square of a grid.
    """
    squares: defaultdict[_Cell, list[int]] = defaultdict(list)
    for i in placement.rects:
        whole = placement.whole(i)
        near = {k for cell in _cells(whole) for k in squares[cell]}
        if any(placement.whole(k).overlaps(whole, _SLACK) for k in near):
            return False
        for cell in _cells(whole):
            squares[cell].append(i)
    return not any(_crosses(placed, placement.rects, squares) for placed in placement.lines)


def _crosses(
    placed: Placed, rects: dict[int, Rect], squares: defaultdict[_Cell, list[int]]
) -> bool:
    own = {placed.line.tail, placed.line.head}
    for a, b in pairwise(placed.points):
        part = around([Rect(*a, 0, 0), Rect(*b, 0, 0)]).grown(_SLACK)
        near = {k for cell in _cells(part) for k in squares.get(cell, ())} - own
        if any(rects[k].overlaps(part, _SLACK + 0.01) for k in near):
            return True
    return False


def _cells(rect: Rect) -> Iterator[_Cell]:
    left, right = int(rect.x // _SQUARE), int(rect.right // _SQUARE)
    top, bottom = int(rect.y // _SQUARE), int(rect.bottom // _SQUARE)
    return ((i, j) for i in range(left, right + 1) for j in range(top, bottom + 1))


def framed(placement: Placement) -> bool:
    """Whether no frame touches a box outside or another frame."""
    return not _touched(placement, [(f.boxes, r, r) for f, r in placement.frames])


def untitled(placement: Placement, grounds: Sequence[Ground]) -> frozenset[int]:
    """The boxes of frames and grounds whose titles, at their left, have no room there."""
    found = [(f.boxes, r, _strip(r)) for f, r in placement.frames if f.title]
    found += [(frozenset(boxes), r, _strip(r)) for title, r, boxes in grounds if title]
    return _touched(placement, found)


def _strip(rect: Rect) -> Rect:
    return Rect(rect.x - _TITLE, rect.y, _TITLE, rect.h)


def _touched(
    placement: Placement, found: Sequence[tuple[frozenset[int], Rect, Rect]]
) -> frozenset[int]:
    """The boxes on areas of which a part (the last) touches a box or an area of others."""
    wholes = {i: placement.whole(i) for i in placement.rects}
    touched = [
        boxes
        for boxes, _, part in found
        if any(i not in boxes and part.overlaps(r) for i, r in wholes.items())
        or any(other != boxes and part.overlaps(r) for other, r, _ in found)
    ]
    return frozenset[int]().union(*touched)
