"""The U of an encoder and a decoder: down on the left, up on the right, long skips between."""

from __future__ import annotations

from dataclasses import replace

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.place import Placed, Placement, Side, full, side, sizes
from archlang.figures.metrics import width
from archlang.figures.theme import SMALL
from archlang.figures.view.model import Line, Panel

_ROW = 19.0
"""Between boxes of one column."""
_BRIDGE = 70.0
"""Shortest long skip."""
_ASIDE = 22.0
_CLOSE = 14.0, 40.0, -12.0
"""All three where room is short."""


class UShape:
    """How the boxes of a panel lie in a U.

    The left column holds all down to the turn. Each merge stands level with its skip's source; what
    follows it stands to its right, but the layer that enlarges stands below the next merge.
    `tight`: where room is short, the result is left upwards, and lines across have no shapes.
    """

    def __init__(self, panel: Panel, *, tight: bool = False) -> None:
        self.panel, self.tight = panel, tight
        self.gap, self.bridge, self.aside = _CLOSE if tight else (_ROW, _BRIDGE, _ASIDE)
        self.long = sorted(
            (line for line in panel.lines if line.kind == "long"), key=lambda line: line.head
        )
        self.turn = self._turn()
        self.sizes = sizes(panel, common=True)

    @property
    def fits(self) -> bool:
        """Whether it is one chain but for long skips that are nested in one another."""
        if not self.long or self.turn is None:
            return False
        heads = [line.head for line in self.long]
        tails = [line.tail for line in self.long]
        nested = len(set(heads)) == len(heads) and tails == sorted(set(tails), reverse=True)
        onward = [(line.tail, line.head) for line in self.panel.lines if line.kind != "long"]
        last = len(self.panel.boxes) - 1
        chain = sorted(onward) == [(k, k + 1) for k in range(last)]
        return chain and nested and max(tails) < self.turn < min(heads)

    def _turn(self) -> int | None:
        """The coarsest box between the last source and the first merge (the last of them)."""
        if not self.long:
            return None
        low, high = max(line.tail for line in self.long), min(line.head for line in self.long)
        between = [b for b in self.panel.boxes if low < b.id < high and b.size]
        return min(between, key=lambda b: (b.size, -b.id)).id if between else None

    def placement(self) -> Placement:
        """Everything in its place."""
        placement = Placement(self.panel)
        self._descend(placement)
        self._ascend(placement)
        placement.lines = [
            Placed(self._lettered(line, route), route, curved=False)
            for line in self.panel.lines
            for route in [self._route(line, placement.rects)]
        ]
        placement.arcs = {b.id: self._side(b.id, placement) for b in self.panel.boxes if b.loops}
        for frame in self.panel.frames:
            inside = [full(self.panel.boxes[i], placement.rects[i]) for i in frame.boxes]
            placement.frames.append((frame, around(inside).grown(6)))
        return placement

    @property
    def _levels(self) -> list[tuple[int, list[int], list[int]]]:
        """For each merge, deepest first: the boxes to its right, and those up to the next merge."""
        heads = [line.head for line in self.long]
        ends = [*heads[1:], len(self.panel.boxes)]
        levels: list[tuple[int, list[int], list[int]]] = []
        for head, end in zip(heads, ends, strict=True):
            run = list(range(head + 1, end))
            rising = [k for k in run if self._enlarges(k)] if end in heads else []
            first = rising[0] if rising else end
            levels.append((head, [k for k in run if k < first], [k for k in run if k >= first]))
        return levels

    def _enlarges(self, index: int) -> bool:
        return self.panel.boxes[index].size > self.panel.boxes[index - 1].size

    def _descend(self, placement: Placement) -> None:
        """The left column, with room on the right for what stands between two levels."""
        assert self.turn is not None
        rising = {line.tail: 0.0 for line in self.long}
        tails = [line.tail for line in self.long]
        for (_, _, up), tail in zip(self._levels, tails[1:], strict=False):
            rising[tail] = sum(self.sizes[k][1] + self.gap for k in up) + self.gap + 24
        y, level = 0.0, None
        for index in range(self.turn + 1):
            w, h = self.sizes[index]
            if index in rising:
                if level is not None:
                    y = max(y, level[0] + level[1] - h / 2)
                level = (y + h / 2, rising[index])
            placement.rects[index] = Rect(-w / 2, y, w, h)
            y += h + self.gap

    def _ascend(self, placement: Placement) -> None:
        assert self.turn is not None
        rects, boxes = placement.rects, self.panel.boxes
        first = range(self.turn + 1, self.long[0].head)
        levels = self._levels
        ups = [k for _, _, up in levels for k in up] + list(first)
        half = max((self.sizes[k][0] / 2 for k in ups), default=20.0)
        left = max(full(boxes[i], r).right for i, r in rects.items())
        middle = left + max(self.bridge, self._longest_label() + 30) + half
        floor = rects[self.turn].centre[1]
        risers = [list(first), *(up for _, _, up in levels)]
        for (head, aside, _), line, below in zip(levels, self.long, risers, strict=False):
            level = rects[line.tail].centre[1]
            w, h = self.sizes[head]
            rects[head] = Rect(middle - w / 2, level - h / 2, w, h)
            self._stack(rects, below, middle, floor, level)
            self._row(rects, head, aside, middle + half + self.aside)
            floor = level - h / 2 if not aside else level - self.sizes[aside[-1]][1] / 2

    def _longest_label(self) -> float:
        return max(width(line.label, SMALL) for line in self.long)

    def _stack(
        self, rects: dict[int, Rect], indices: list[int], x: float, floor: float, level: float
    ) -> None:
        """Boxes one above the other, evenly between a level and the next one."""
        room = floor - level - sum(self.sizes[k][1] for k in indices)
        gap = room / (len(indices) + 1)
        y = floor - gap * 0.85
        for k in indices:
            w, h = self.sizes[k]
            rects[k] = Rect(x - w / 2, y - h, w, h)
            y -= h + gap

    def _row(self, rects: dict[int, Rect], head: int, indices: list[int], x: float) -> None:
        """Boxes to the right of a merge, with room for the shapes between them."""
        y = rects[head].centre[1]
        if self.tight:
            self._tower(rects, indices, x, y)
            return
        for k in indices:
            w, h = self.sizes[k]
            rects[k] = Rect(x, y - h / 2, w, h)
            shape = (
                next(line.shape for line in self.panel.lines if line.tail == k)
                if k + 1 in indices
                else ""
            )
            gap = max(26.0, width(shape, SMALL) + 14 if shape else 0.0)
            x += w + gap + side(self.panel.boxes[k])

    def _tower(self, rects: dict[int, Rect], indices: list[int], x: float, y: float) -> None:
        """Boxes to the right of a merge, the second and all that follow above the first."""
        widest = max((self.sizes[k][0] for k in indices), default=0.0)
        for number, k in enumerate(indices):
            w, h = self.sizes[k]
            y -= h / 2 if number == 0 else h + self.gap
            rects[k] = Rect(x + (widest - w) / 2, y, w, h)

    def _lettered(self, line: Line, route: tuple[Point, ...]) -> Line:
        """A line as it is labelled."""
        upright = len(route) == 2 and abs(route[0][0] - route[1][0]) < 0.5
        return line if upright or not self.tight else replace(line, shape="")

    def _side(self, b: int, placement: Placement) -> Side:
        """Where a folded unit has its arc: where no line leaves or arrives."""
        rect, lines = placement.rects[b], placement.lines
        if not any(p.line.tail == b and p.points[0][0] > rect.right - 1 for p in lines):
            return "right"
        arrives = any(p.line.head == b and p.points[-1][0] < rect.x + 1 for p in lines)
        return "above" if arrives else "left"

    def _route(self, line: Line, rects: dict[int, Rect]) -> tuple[Point, ...]:
        """Level lines straight across, others straight up or down, or around one corner."""
        tail, head = rects[line.tail], rects[line.head]
        (ax, ay), (bx, by) = tail.centre, head.centre
        if abs(ay - by) < 0.5:
            return ((tail.right, ay), (head.x, by))
        if abs(ax - bx) < 0.5:
            return (
                ((ax, tail.bottom), (bx, head.y)) if ay < by else ((ax, tail.y), (bx, head.bottom))
            )
        if line.tail == self.turn:
            return ((tail.right, ay), (bx, ay), (bx, head.bottom))
        return ((ax, tail.y), (ax, by), (head.right, by))
