"""Slabs in rows from left to right: a chain with its skips above it, and what branches off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.place import FRAME_TITLE, Placed
from archlang.figures.layout.volume.course import Course, Over
from archlang.figures.layout.volume.slabs import FAR, WIDEST, Volume, previous, slab
from archlang.figures.layout.volume.solids import Scale
from archlang.figures.metrics import width
from archlang.figures.theme import SMALL
from archlang.figures.view.model import Frame, Line, Panel

GAP = 13.0
"""Between slabs: room for the line from one to the next, in the roomier looks."""
_ROWS = 26.0
"""Between rows."""
_RUN = 12.0
"""How far the line that leads over to the next row stands off the ends of the rows."""
_LEVEL, _LABELLED = 9.0, 18.0
"""Between skips over a row, without and with a label."""
_LEG = 1.0
_ASIDE = 8.0
"""From a line that goes up to what branches off."""
_FRAME = 2.0
_BACK = 5
"""So many slabs before a slab are kept clear of; labels do not reach further."""


@dataclass(frozen=True, slots=True)
class Look:
    """How large all is, in points."""

    tallest: float
    """Height of the slab of the finest resolution."""
    widest: float = WIDEST
    """Of a line of a caption."""
    gap: float = GAP
    words: float = 8.0
    """Between texts."""
    loose: bool = False
    """Whether a unit that is drawn open may go on in the next row."""


class Rows:
    """The slabs of a panel, and the ways to stand them in rows."""

    def __init__(self, panel: Panel, way: Course, look: Look) -> None:
        self.panel, self.way, self.look = panel, way, look
        self.place = {box: k for k, box in enumerate(way.spine)}
        legs = {end for skip in way.skips for end in (skip.tail, skip.head)}
        scale, before = Scale.of(panel.boxes, look.tallest), previous(panel)
        self.slabs = [
            slab(
                box, scale, before.get(box.id), legs=box.id in legs or box.id in way.sides,
                widest=look.widest,
            )
            for box in panel.boxes
        ]  # fmt: skip
        self.bodies = [s.body for s in self.slabs]
        self.legs = legs
        self.parts: dict[int, list[tuple[Rect, bool]]] = {}
        self.apart: dict[tuple[int, int], float] = {}
        self.asides = {box: self._aside(box) for box in way.sides}
        self.parts |= {k: self._parts(k) for k in way.spine}
        for skip in way.skips:
            inside = sum(self.slabs[k].room.w + 2 * self.look.gap for k in skip.boxes)
            ends = skip.tail, skip.head
            self.apart[ends] = max(self._apart(*ends), inside + self.look.gap if inside else 0.0)
        self.rights = {k: max(r.right for r, _ in self.parts[k]) for k in way.spine}
        self.cuts = self._cuts([] if look.loose else panel.frames)

    def _cuts(self, frames: Sequence[Frame]) -> set[int]:
        """The boxes after which a new row may begin: no skip and none of some frames goes on."""
        held: set[int] = set()
        for skip in self.way.skips:
            held.update(range(self.place[skip.tail], self.place[skip.head]))
        for frame in frames:
            inside = [self.place[k] for k in frame.boxes if k in self.place]
            held.update(range(min(inside), max(inside)) if inside else ())
        return {box for k, box in enumerate(self.way.spine) if k not in held}

    def _aside(self, box: int) -> tuple[list[float], Rect]:
        """Where the slabs that branch off at a box stand from it, and the room they take."""
        chain = self.way.sides[box]
        start = self.slabs[box].leaving[0] + _ASIDE - self.slabs[chain[0]].room.x
        for k in chain:
            self.parts[k] = list(self.slabs[k].parts)
        xs = [start + x for x in self._places(chain)]
        rooms = [self.slabs[k].room.moved(x, 0.0) for k, x in zip(chain, xs, strict=True)]
        return xs, around(rooms)

    def _parts(self, index: int) -> list[tuple[Rect, bool]]:
        """What others keep clear of: the slab, and what goes up from it or stands over it."""
        here = self.slabs[index]
        parts = list(here.parts)
        if index in self.legs or index in self.asides:
            for x, y in {here.leaving, here.arriving}:
                parts.append((Rect(x - _LEG / 2, -FAR / 2, _LEG, FAR / 2 + y), False))
        if index in self.asides:
            left, room = here.leaving[0], self.asides[index][1]
            parts.append((Rect(left, -FAR, room.right - left + _ASIDE, FAR / 4), False))
        return parts

    def broken(self, count: int) -> list[list[int]]:
        """The spine in at most `count` rows, the widest as narrow as it can be."""
        best = [list(self.way.spine)]
        low, high = 0.0, self._width(best[0])
        while count > 1 and high - low > 4.0:
            middle = (low + high) / 2
            rows = self._filled(middle)
            if len(rows) <= count and max(self._width(row) for row in rows) <= middle:
                best, high = rows, middle
            else:
                low = middle
        return best

    def _filled(self, limit: float) -> list[list[int]]:
        """Rows filled up to a width, as far as they may be cut."""
        rows: list[list[int]] = [[]]
        places: list[float] = []
        cut = 0
        for index in self.way.spine:
            places.append(self._next(rows[-1], places, index))
            rows[-1].append(index)
            if cut and self._right(rows[-1], places) > limit:
                rows[-1:] = [rows[-1][:cut], rows[-1][cut:]]
                places = self._places(rows[-1])
                cut = 0
            if index in self.cuts:
                cut = len(rows[-1])
        return rows

    def _width(self, row: list[int]) -> float:
        return self._right(row, self._places(row))

    def _right(self, row: list[int], places: list[float]) -> float:
        """The right end of a row; labels of its last slabs alone can reach there."""
        ends = zip(row[-_BACK:], places[-_BACK:], strict=True)
        return max(x + self.rights[k] for k, x in ends)

    def _places(self, row: Sequence[int]) -> list[float]:
        """Where the slabs of a row begin, each as far left as the ones before it allow."""
        places: list[float] = []
        for index in row:
            places.append(self._next(row, places, index))
        return places

    def _next(self, row: Sequence[int], places: list[float], index: int) -> float:
        """Where a slab begins behind those of a row that have their places."""
        x = places[-1] if places else -min(r.x for r, _ in self.parts[index])
        for j in range(max(0, len(places) - _BACK), len(places)):
            x = max(x, places[j] + self._apart(row[j], index))
        return x

    def _apart(self, left: int, right: int) -> float:
        """How far right of one slab another has to begin."""
        if (left, right) not in self.apart:
            self.apart[left, right] = _clear(self.parts[left], self.parts[right], self.look)
        return self.apart[left, right]

    def placement(self, rows: list[list[int]]) -> Volume:
        """Everything in its place."""
        found = Volume(self.panel, rows=len(rows))
        rooms: list[Rect] = []
        top = 0.0
        for row in rows:
            rooms.append(self._stand(found, row, top))
            top = rooms[-1].bottom + _ROWS
        self._flows(found, rows, rooms)
        found.sort()
        return found

    def _stand(self, found: Volume, row: list[int], top: float) -> Rect:
        """One row below `top`; returns the room it takes."""
        skips = self._levels(row)
        sides = [k for k in row if k in self.asides]
        tops = [y + min([-SMALL * 1.5, *(self.slabs[k].room.y for k in s.boxes)]) for s, y in skips]
        highest = min([*(self.bodies[k].y for k in row), *tops])
        upper = max((self.asides[k][1].bottom for k in sides), default=0.0)
        raised = highest - upper - 8.0
        if sides:
            highest = raised + min(self.asides[k][1].y for k in sides)
        framed = any(frame.boxes & set(row) for frame in self.panel.frames)
        axis = top - highest + (FRAME_TITLE if framed else 0.0)
        foot = max(self.bodies[k].bottom for k in row)
        for index, x in zip(row, self._places(row), strict=True):
            self._put(found, index, foot, x, axis)
            if index in sides:
                for other, off in zip(self.way.sides[index], self.asides[index][0], strict=True):
                    self._put(found, other, self.bodies[other].bottom, x + off, axis + raised)
        for skip, y in skips:
            self._arch(found, skip, axis + y)
        self._frames(found, row)
        over = [other for k in sides for other in self.way.sides[k]]
        over += [other for skip, _ in skips for other in skip.boxes]
        room = around([found.slabs[k].room for k in (*row, *over)])
        return Rect(room.x, top, room.w, room.bottom - top)

    def _put(self, found: Volume, index: int, foot: float, x: float, axis: float) -> None:
        here = self.slabs[index]
        down = foot - self.bodies[index].bottom
        found.slabs[index] = here.captioned(down).moved(x, axis)
        found.rects[index] = found.slabs[index].front

    def _frames(self, found: Volume, row: list[int]) -> None:
        here = set(row).union(*(skip.boxes for skip in self.way.skips if skip.tail in row))
        for frame in self.panel.frames:
            inside = [found.slabs[k].room for k in sorted(frame.boxes & here)]
            if inside:
                inside += [
                    Rect(inside[0].x, min(y for _, y in placed.points), 0, 0)
                    for placed in found.lines
                    if placed.line.head in frame.boxes & here
                ]
                r = around(inside).grown(_FRAME)
                high = Rect(r.x, r.y - FRAME_TITLE, r.w, r.h + FRAME_TITLE)
                found.frames.append((frame, high))

    def _levels(self, row: list[int]) -> list[tuple[Over, float]]:
        """The skips over a row, each with its height over the axis; short ones lie lowest."""
        found: list[tuple[Over, float, range]] = []
        spans = [
            (range(self.place[skip.tail], self.place[skip.head] + 1), skip)
            for skip in self.way.skips
            if skip.tail in row
        ]
        for span, skip in sorted(spans, key=lambda item: (len(item[0]), item[0].start)):
            clear = min(self.bodies[self.way.spine[i]].y for i in span) - _LEVEL
            for other, y, others in found:
                if others.start < span.stop and span.start < others.stop:
                    labelled = any(self.panel.lines[k].label for k in other.lines)
                    tops = [y - (_LABELLED if labelled else _LEVEL)]
                    tops += [y + self.slabs[k].room.y - _LEVEL for k in other.boxes]
                    clear = min(clear, *tops)
            clear -= max((self.slabs[k].room.bottom for k in skip.boxes), default=0.0)
            found.append((skip, clear, span))
        return [(skip, y) for skip, y, _ in found]

    def _arch(self, found: Volume, skip: Over, level: float) -> None:
        """A skip: up from its tail, over all between, and down to its head."""
        a, b = found.slabs[skip.tail].leaving, found.slabs[skip.head].arriving
        inside = sum(self.slabs[k].room.w + 2 * self.look.gap for k in skip.boxes)
        x = (a[0] + b[0] - inside) / 2
        ways: list[list[Point]] = [[a, (a[0], level)]]
        for k in skip.boxes:
            room = self.slabs[k].room
            self._put(found, k, self.bodies[k].bottom, x + self.look.gap - room.x, level)
            x += room.w + 2 * self.look.gap
            ways[-1].append((found.rects[k].x, level))
            ways.append([(found.rects[k].right, level)])
        ways[-1] += [(b[0], level), b]
        for index, points in zip(skip.lines, ways, strict=True):
            line = self.panel.lines[index]
            found.lines.append(Placed(line, tuple(points), curved=False))
            if line.label:
                w, (left, right) = width(line.label, SMALL), (points[-3][0], points[-2][0])
                middle = (left + right - w) / 2
                found.letters[index] = Rect(middle, level - 2.5 - SMALL * 1.15, w, SMALL * 1.15)

    def _flows(self, found: Volume, rows: list[list[int]], rooms: list[Rect]) -> None:
        """The lines from each slab to the next, up to what branches off, on to the next row."""
        number = {k: n for n, row in enumerate(rows) for k in row}
        for line in self.panel.lines:
            if line.kind != "flow":
                continue
            if line.tail in number and line.head not in number:
                points = _up(line, found)
            else:
                n = number.get(line.tail, 0)
                m = number.get(line.head, n) if line.tail in number else n
                points = _along(line, found) if n == m else _over(line, found, rooms[n], rooms[m])
            found.lines.append(Placed(line, points, curved=False))


def _clear(left: list[tuple[Rect, bool]], right: list[tuple[Rect, bool]], look: Look) -> float:
    """How far right of one another two slabs have to begin."""
    far = float("-inf")
    for a, solid in left:
        for b, other in right:
            if a.y < b.bottom + 1 and b.y < a.bottom + 1:
                far = max(far, a.right - b.x + (look.gap if solid and other else look.words))
    return far


def _along(line: Line, found: Volume) -> tuple[Point, ...]:
    tail, head = found.rects[line.tail], found.rects[line.head]
    return (tail.right, tail.centre[1]), (head.x, head.centre[1])


def _up(line: Line, found: Volume) -> tuple[Point, ...]:
    """From the top of a slab to what branches off above it."""
    a, head = found.slabs[line.tail].leaving, found.rects[line.head]
    return a, (a[0], head.centre[1]), (head.x, head.centre[1])


def _over(line: Line, found: Volume, room: Rect, following: Rect) -> tuple[Point, ...]:
    """From the end of a row to the beginning of the next one."""
    a, b = _along(line, found)
    off, left = room.right + _RUN, following.x - _RUN
    between = (room.bottom + following.y) / 2
    return a, (off, a[1]), (off, between), (left, between), (left, b[1]), b
