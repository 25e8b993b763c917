"""A tall drawing as several columns: cut where a single line goes on, with that line led over."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import inf

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.place import LABEL_OFF, Ground, Placed, Placement, sampled
from archlang.figures.metrics import width
from archlang.figures.theme import SMALL

GUTTER = 44.0
_STRIP = SMALL * 1.3
"""The title at the left of a frame."""
_OFF = 4.0
"""From what is on a ground to its edge, and from there to a line that passes."""
_BESIDE = 4.0
"""Between two lines that go on in the next column together."""
_RUN = 14.0
"""How far a line that goes on in the next column stands off the columns' ends."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to cut down to some place."""

    height: float
    """Of its tallest column."""
    cost: float
    """Of the stages it breaks."""
    last: int
    """Its last cut, by index."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A height at which only one tensor crosses: a line of the flow, by its index, and skips."""

    y: float
    line: int
    others: tuple[int, ...]
    """Lines from the same box that cross as well (skips that start here)."""
    stage: bool
    """Whether a stage ends here."""


class Columns:
    """The ways to break one placement into columns.

    `forks`: it may be cut where a tensor already goes several ways, for large drawings.
    `keep`: by how much the tallest column may grow to keep one stage in one piece, in points.
    `gutter`: between two columns.
    """

    def __init__(
        self,
        placement: Placement,
        forks: bool = False,
        keep: float = 0.0,
        gutter: float = GUTTER,
    ) -> None:
        self.whole = placement
        self.keep = keep
        self.forks = forks
        self.gutter = gutter
        self.boxes = {i: placement.whole(i) for i in placement.rects}

    @cached_property
    def cuts(self) -> list[Cut]:
        """All places to cut, downwards: one sweep over boxes and lines."""
        found: list[Cut] = []
        rects = sorted(self.boxes.values(), key=lambda r: r.y)
        spans = sorted((*_span(placed), k) for k, placed in enumerate(self.whole.lines))
        waiting, crossing = 0, list[tuple[float, float, int]]()
        for above, below in zip(
            accumulate((r.bottom for r in rects), max), rects[1:], strict=False
        ):
            if above >= below.y:
                continue
            y = (above + below.y) / 2
            while waiting < len(spans) and spans[waiting][0] < y:
                crossing.append(spans[waiting])
                waiting += 1
            crossing = [span for span in crossing if span[1] > y]
            cut = self._cut(y, sorted(k for *_, k in crossing))
            found += [cut] if cut else []
        return found

    @cached_property
    def _tails(self) -> frozenset[int]:
        return frozenset(placed.line.tail for placed in self.whole.lines)

    def _cut(self, y: float, crossing: list[int]) -> Cut | None:
        flows = [k for k in crossing if self.whole.lines[k].line.kind == "flow"]
        tails = {self.whole.lines[k].line.tail for k in crossing}
        framed = any(r.y < y < r.bottom for _, r in self.whole.frames)
        if len(tails) != 1 or not flows or framed or (len(crossing) > 1 and not self.forks):
            return None
        main = min(flows, key=lambda k: self.whole.lines[k].line.head)
        line = self.whole.lines[main].line
        blocked = len(crossing) == 1 and self._in_the_way(line.head, y)
        if line.head not in self._tails or blocked or self._in_the_way(line.tail, y):
            return None
        boxes = self.whole.panel.boxes
        others = tuple(k for k in crossing if k != main)
        return Cut(y, main, others, boxes[line.tail].stage != boxes[line.head].stage)

    @cached_property
    def _by_top(self) -> list[tuple[float, int]]:
        return sorted((r.y, i) for i, r in self.boxes.items())

    @cached_property
    def _tallest(self) -> float:
        return max(r.h for r in self.boxes.values())

    def _in_the_way(self, box: int, y: float) -> bool:
        """Whether something lies between an end of the line and the cut."""
        rect = self.whole.rects[box]
        low, high = sorted((rect.bottom if rect.bottom < y else rect.y, y))
        path = Rect(rect.centre[0] - 3, low, 6, high - low)
        first = bisect_left(self._by_top, (low - self._tallest, 0))
        near = self._by_top[first : bisect_left(self._by_top, (high, 0))]
        return any(path.overlaps(self.boxes[i], 0.5) for _, i in near if i != box)

    def broken(self, count: int) -> Placement | None:
        """The drawing in `count` columns; None if there are not enough places to cut."""
        if count == 1:
            return self.whole
        chosen = self._choose(count)
        return self._assemble(chosen) if chosen is not None else None

    def _choose(self, count: int) -> list[Cut] | None:
        """The cuts that keep the tallest column low and few stages apart."""
        while len(self._ways) < count:
            self._ways.append(self._once_more(self._ways[-1]))
        way = self._ways[count - 1][-1]
        if way is None:
            return None
        chosen: list[Cut] = []
        for ways in self._ways[count - 2 :: -1] if count > 1 else ():
            chosen.insert(0, self.cuts[way.last])
            way = ways[way.last]
            assert way is not None
        return chosen

    @cached_property
    def _ways(self) -> list[list[_Way | None]]:
        """For so many cuts as the index says: the best way down to each place to cut."""
        top = self.whole.bounds.y
        return [[_Way(end - top, cost, -1) for end, cost in self._ends]]

    @cached_property
    def _ends(self) -> list[tuple[float, float]]:
        """Where a column may end, and what it costs there."""
        cuts = [(c.y, 0.0 if c.stage else self.keep) for c in self.cuts]
        return [*cuts, (self.whole.bounds.bottom, 0.0)]

    def _once_more(self, ways: list[_Way | None]) -> list[_Way | None]:
        """With one cut more, above each place. Cuts further up than the best column is high are
        not looked at."""
        found: list[_Way | None] = []
        for i, (end, cost) in enumerate(self._ends):
            best: _Way | None = None
            for j in range(i - 1, -1, -1):
                height, before = end - self._ends[j][0], ways[j]
                if best is not None and height + cost >= best.height + best.cost:
                    break
                if before is not None:
                    way = _Way(max(before.height, height), before.cost + cost, j)
                    if best is None or way.height + way.cost < best.height + best.cost:
                        best = way
            found.append(best)
        return found

    def _assemble(self, cuts: list[Cut]) -> Placement:
        """Columns side by side, their tops level."""
        limits = [-float("inf"), *(c.y for c in cuts), float("inf")]
        joined = Placement(self.whole.panel, arcs=self.whole.arcs)
        columns: list[Rect] = []
        shifts: list[Point] = []
        x = 0.0
        for low, high in pairwise(limits):
            piece = self._piece(low, high, {k for c in cuts for k in (c.line, *c.others)})
            bounds = piece.bounds
            x += _STRIP if columns and any(f.title for f, _ in piece.frames) else 0.0
            shifts.append((x - bounds.x, -bounds.y))
            piece = piece.moved(x - bounds.x, -bounds.y)
            joined.rects |= piece.rects
            joined.lines += piece.lines
            joined.frames += piece.frames
            w = bounds.w + max(0.0, _overhang(piece) - _RUN)
            columns.append(Rect(x, 0, w, bounds.h))
            x += w + self.gutter
        for k, cut in enumerate(cuts):
            joined.lines += self._led_over(cut, joined, (columns[k], columns[k + 1]), shifts[k + 1])
        order = {id(placed.line): i for i, placed in enumerate(self.whole.lines)}
        joined.lines.sort(key=lambda p: order[id(p.line)])
        return joined

    def _led_over(
        self, cut: Cut, joined: Placement, columns: tuple[Rect, Rect], shift: Point
    ) -> Iterator[Placed]:
        """The lines across a cut; where there are several, they part at the head of the column."""
        line = self.whole.lines[cut.line].line
        tail, head = joined.rects[line.tail], joined.rects[line.head]
        if not cut.others:
            yield Placed(line, _over(tail, head.centre[0], columns, head.y), curved=False)
            return
        rests = {k: self._rest(k, cut.y, shift) for k in (cut.line, *cut.others)}
        x = rests[cut.line][0][0]
        way = _over(tail, x, columns, columns[1].y - _RUN / 2)
        for lane, k in enumerate(cut.others, 1):
            points = _along(way, rests[k], lane * _BESIDE)
            yield Placed(self.whole.lines[k].line, points, curved=False)
        yield Placed(line, (*way, *rests[cut.line]), curved=False)

    def _rest(self, index: int, y: float, shift: Point) -> list[Point]:
        """What is left of a line below a cut, after the move to its column."""
        points = [p for p in sampled(self.whole.lines[index]) if p[1] > y]
        return [(px + shift[0], py + shift[1]) for px, py in points]

    def _piece(self, low: float, high: float, cut: set[int]) -> Placement:
        piece = Placement(self.whole.panel, arcs=self.whole.arcs)
        piece.rects = {i: r for i, r in self.whole.rects.items() if low < r.y < high}
        piece.lines = [
            p
            for k, p in enumerate(self.whole.lines)
            if k not in cut and low < p.points[0][1] < high
        ]
        piece.frames = [(f, r) for f, r in self.whole.frames if f.boxes <= piece.rects.keys()]
        return piece


def _span(placed: Placed) -> tuple[float, float]:
    ys = [p[1] for p in placed.points]
    return min(ys), max(ys)


def _overhang(piece: Placement) -> float:
    """How far labels beside upright lines reach out to the right of a column."""
    return max(map(_right, piece.lines), default=-inf) - piece.bounds.right


def _right(placed: Placed) -> float:
    """Where the shape beside an upright line ends; for any other line, far to the left."""
    (a, _), (b, _), shape = placed.points[0], placed.points[-1], placed.line.shape
    return a + LABEL_OFF + width(shape, SMALL) if shape and abs(a - b) < 1 else -inf


def _over(tail: Rect, goal: float, columns: tuple[Rect, Rect], top: float) -> tuple[Point, ...]:
    """From the foot of one column up to the head of the next, down to `top` at x = `goal`."""
    column, following = columns
    low, high = column.bottom + _RUN, following.y - _RUN
    x = (column.right + following.x) / 2
    return (
        (tail.centre[0], tail.bottom), (tail.centre[0], low), (x, low), (x, high),
        (goal, high), (goal, top),
    )  # fmt: skip


def _along(way: tuple[Point, ...], rest: list[Point], d: float) -> tuple[Point, ...]:
    """Another line from the same box, `d` beside the first one up to where it turns off."""
    (a, foot), (_, low), (x, _), (_, high), (goal, _), _ = way
    end = rest[0][0]
    d = d if end >= goal else -d
    return (
        (a + d, foot),
        (a + d, low - d),
        (x - d, low - d),
        (x - d, high - d),
        (end, high - d),
        *rest,
    )


def grounds(placement: Placement) -> list[Ground]:
    """The grounds of stages: boxes of one stage that follow one another in a column, those of
    auxiliary heads between them aside. One box alone has a ground where its stage has a name, or
    where the rest of it stands in another column."""
    boxes = placement.panel.boxes
    runs: list[list[int]] = []
    for box in boxes:
        if box.training or not box.stage:
            continue
        if runs and box.stage == boxes[runs[-1][-1]].stage:
            runs[-1].append(box.id)
        else:
            runs.append([box.id])
    found: list[Ground] = []
    for run in runs:
        stage = boxes[run[0]].stage
        name = "" if stage.startswith("\0") else stage
        for column in _by_column(placement, run) if name or len(run) > 1 else ():
            ground = around([placement.whole(i) for i in column]).grown(6)
            others = (placement.whole(i) for i in placement.rects if i not in column)
            if not any(ground.overlaps(other) for other in others):
                found.append((name, ground, tuple(column)))
    return _lettered(placement, found)


def _lettered(placement: Placement, found: list[Ground]) -> list[Ground]:
    """The grounds with the shapes beside upright lines on them, where that room is free."""
    boxes = {i: placement.whole(i) for i in placement.rects}
    wider: list[Ground] = []
    for title, ground, column in found:
        level = (c for _, other, c in found if abs(other.x - ground.x) < 1)
        more = max(ground.right, *(_reach(placement, c) for c in level)) - ground.right
        new = Rect(ground.right, ground.y, more, ground.h)
        taken = [r for i, r in boxes.items() if i not in column]
        taken += [Rect(r.x - _STRIP, r.y, r.w + _STRIP, r.h) for _, r, b in found if b != column]
        taken += [
            Rect(x, y, 0, 0).grown(_OFF)
            for placed in placement.lines
            if not {placed.line.tail, placed.line.head} <= {*column}
            for x, y in (sampled(placed) if more else ())
        ]
        free = not any(new.overlaps(r) for r in taken)
        wider.append((title, Rect(ground.x, ground.y, ground.w + more * free, ground.h), column))
    return wider


def _reach(placement: Placement, column: Collection[int]) -> float:
    """How far the shapes beside upright lines between some boxes reach to the right."""
    inside = (p for p in placement.lines if {p.line.tail, p.line.head} <= {*column})
    return max((_right(p) + _OFF for p in inside), default=-inf)


def _by_column(placement: Placement, run: list[int]) -> list[list[int]]:
    columns: list[list[int]] = [[run[0]]]
    for index in run[1:]:
        before = placement.rects[columns[-1][-1]]
        if placement.rects[index].y > before.y - 1:
            columns[-1].append(index)
        else:
            columns.append([index])
    return columns
