"""A panel of strands in its place: bodies straight on, skips beside them, branches side by side.

All is reckoned along the flow and across it, so that a drawing can run downwards or, turned, from
left to right.
"""

from __future__ import annotations

from itertools import pairwise

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.clear import clear, framed
from archlang.figures.layout.place import MARKER, STACK, Placed, Placement, Side, side, sizes
from archlang.figures.layout.strands import Course, Step, Strand, course
from archlang.figures.layout.ways import ASIDE, BUS, Way, run
from archlang.figures.metrics import width
from archlang.figures.theme import SMALL
from archlang.figures.view.model import Panel

GAP = 22.0
"""Along the flow, between boxes."""
_BESIDE = 16.0
"""Across the flow, between strands."""
_LANE = 18.0
"""From a body to a skip beside it."""
_APART = 7.0
"""Between skips that leave one box."""
_FRAME = 7.0


class UnfitError(Exception):
    """The strands cannot be drawn so."""


def woven(panel: Panel, common: bool, turned: bool = False, gap: float = GAP) -> Placement | None:
    """The placement of a panel of strands; None if it is none, or does not lie well so.

    `common`: its boxes equally wide. `turned`: from left to right, skips above. `gap`: between
    boxes.
    """
    found = course(panel)
    if found is None or (turned and found.hanging):
        return None
    try:
        placement = _Weaver(panel, common, turned, gap).placement(found)
    except UnfitError:
        return None
    for frame in panel.frames:
        inside = [placement.whole(i) for i in frame.boxes]
        placement.frames.append((frame, around(inside).grown(_FRAME)))
    return placement if framed(placement) and clear(placement) else None


class _Weaver:
    """Gives boxes their places, first along and across; `b` is a box's id."""

    def __init__(self, panel: Panel, common: bool, turned: bool, gap: float) -> None:
        self.panel = panel
        self.gap = gap
        self.turned = turned
        self.sizes = sizes(panel, common)
        self.places: dict[int, Rect] = {}
        """x across, y along."""
        self.routes: list[Way] = []
        self.arcs: dict[int, Side] = {}
        """Boxes whose arcs make room for skips at their right."""

    def placement(self, found: Course) -> Placement:
        """Everything in its place."""
        self.hanging = found.hanging
        self.clear = 0.0
        """How far chains at the side reach along the flow."""
        floor = self._put(found.begin, 0.0, 0.0)
        floor = self._strand(found.strand, found.begin, found.end, floor, 0.0)
        self._put(found.end, floor, 0.0)
        for chain in (s for strands in found.hanging.values() for s in strands):
            self._push_out(chain)
        placement = Placement(self.panel, arcs=self.arcs)
        placement.rects = {b: self._rect(b, r) for b, r in sorted(self.places.items())}
        routes = sorted(self.routes, key=lambda r: r.line)
        if len(routes) != len(self.panel.lines):
            raise UnfitError
        for route in routes:
            points = tuple(self._point(p) for p in self._run(route))
            placement.lines.append(Placed(self.panel.lines[route.line], points, curved=False))
        return placement

    def _run(self, way: Way) -> tuple[Point, ...]:
        line = self.panel.lines[way.line]
        return run(way, self.places[line.tail], self.places[line.head])

    # along and across

    def _extent(self, b: int) -> tuple[float, float, float]:
        """How far a box reaches across (left of its middle, right of it), and along."""
        w, h = self.sizes[b]
        box = self.panel.boxes[b]
        stack = 2 * STACK if box.count > 1 else 0.0
        if self.turned:  # what is right of the middle across lies above it
            return h / 2 + stack, h / 2, w + side(box)
        if b in self.arcs:
            return w / 2 + side(box) - stack, w / 2 + stack, h + stack
        return w / 2, w / 2 + side(box), h + stack

    def _put(self, b: int, floor: float, at: float) -> float:
        """A box in its place; returns where it ends along the flow."""
        w, h = self.sizes[b]
        across, along = (h, w) if self.turned else (w, h)
        top = max(floor, self.clear if b in self.hanging else floor)
        self.places[b] = Rect(at - across / 2, top, across, along)
        for strand in self.hanging.get(b, ()):
            self._hang(b, strand)
        return top + self._extent(b)[2]

    def _rect(self, b: int, place: Rect) -> Rect:
        w, h = self.sizes[b]
        return Rect(place.y, -place.right, w, h) if self.turned else Rect(place.x, place.y, w, h)

    def _point(self, point: Point) -> Point:
        return (point[1], -point[0]) if self.turned else point

    def _gap(self, line: int) -> float:
        """Between two boxes: room for the shape on the line, where it lies along the line."""
        ends = self.panel.lines[line]
        if not ends.shape:
            return self.gap
        marked = [self.panel.boxes[b].emphasis == "accent" for b in (ends.tail, ends.head)]
        room = width(ends.shape, SMALL) + 16.0 if self.turned else SMALL * 0.85
        return max(self.gap, room + MARKER * sum(marked) if any(marked) or self.turned else 0.0)

    # boxes

    def _strand(self, strand: Strand, fork: int, join: int, floor: float, at: float) -> float:
        """All boxes of a strand; returns where the box that follows may begin."""
        ends = [fork, *strand.boxes, join]
        for k, step in enumerate(strand.steps):
            floor = self._step(step, ends[k], ends[k + 1], floor, at)
            if k < len(strand.boxes):
                floor = self._put(strand.boxes[k], floor, at)
        return floor

    def _step(self, step: Step, fork: int, join: int, floor: float, at: float) -> float:
        if isinstance(step, int):
            self.routes.append(Way(step, "straight"))
            return floor + self._gap(step)
        aside = [s for s in step.strands if self._is_skip(s)]
        bodies = [s for s in step.strands if s not in aside]
        boxes, routes = set(self.places), len(self.routes)
        if not bodies:
            bodies, aside = aside[:1], aside[1:]
        if len(bodies) == 1:
            end = self._strand(bodies[0], fork, join, floor, at)
        else:
            end = self._spread(bodies, fork, join, floor, at)
        return self._lanes(aside, fork, join, end, at, boxes, routes) if aside else end

    def _is_skip(self, strand: Strand) -> bool:
        kinds = {self.panel.lines[line].kind for line in strand.lines}
        return not strand.boxes or "flow" not in kinds

    def _spread(self, bodies: list[Strand], fork: int, join: int, floor: float, at: float) -> float:
        """Strands side by side, in the order of the source, that end level."""
        if any(b in self.hanging for s in bodies for b in s.boxes):
            raise UnfitError
        pieces: list[tuple[set[int], int, int, float, Rect]] = []
        for strand in reversed(bodies) if self.turned else bodies:
            known, begin = set(self.places), len(self.routes)
            end = self._strand(strand, fork, join, floor + BUS, 0.0)
            new = self.places.keys() - known
            pieces.append((new, begin, len(self.routes), end, self._room(new, begin)))
        last = max(end for *_, end, _ in pieces)
        total = sum(room.w for *_, room in pieces) + _BESIDE * (len(pieces) - 1)
        x = at - total / 2
        for new, begin, stop, end, room in pieces:
            for b in new:
                self.places[b] = self.places[b].moved(x - room.x, last - end)
            for route in self.routes[begin:stop]:
                route.at += x - room.x
            x += room.w + _BESIDE
        for strand in bodies:
            self._ends(strand, fork, join)
        return last + BUS

    def _ends(self, strand: Strand, fork: int, join: int) -> None:
        """Lines from where strands part and to where they meet run across there."""
        inside = set(strand.lines)
        for route in self.routes:
            if route.line in inside:
                line = self.panel.lines[route.line]
                leaves, arrives = line.tail == fork, line.head == join
                if route.course in ASIDE and (leaves or arrives):
                    raise UnfitError
                route.course = "part" if leaves else "meet" if arrives else route.course

    def _room(self, boxes: set[int], begin: int) -> Rect:
        """What some boxes and the lanes from the route `begin` on take across."""
        low = min(self._middle(b) - self._extent(b)[0] for b in boxes)
        high = max(self._middle(b) + self._extent(b)[1] for b in boxes)
        lanes = [r.at + self._label(r.line) for r in self.routes[begin:] if r.course in ASIDE]
        return Rect(low, 0, max([high, *lanes]) - low, 0)

    def _label(self, line: int) -> float:
        """Room across for the label beside a lane."""
        text = self.panel.lines[line].label
        return 0.0 if not text else SMALL * 1.4 if self.turned else width(text, SMALL) + 8

    def _middle(self, b: int) -> float:
        place = self.places[b]
        return place.x + place.w / 2

    # skips

    def _lanes(
        self,
        aside: list[Strand],
        fork: int,
        join: int,
        end: float,
        at: float,
        known: set[int],
        begin: int,
    ) -> float:
        """Skips on the far side of what they pass; returns where the join may begin."""
        for b in (fork, join):
            if self.panel.boxes[b].loops:
                if self.turned or b in self.hanging:
                    raise UnfitError
                self.arcs[b] = "left"
        ends = [at + self._extent(fork)[1], at + self._extent(join)[1]]
        if abs(self._middle(fork) - at) > 0.1:
            raise UnfitError
        passed = self.places.keys() - known
        far = max([*ends, self._room(passed, begin).right if passed else at])
        lanes = [r.at + self._label(r.line) for r in self.routes[begin:] if r.course in ASIDE]
        far = max([far, *lanes])
        for k, strand in enumerate(aside):
            shift = (k - (len(aside) - 1) / 2) * _APART
            if not strand.boxes:
                (line,) = strand.lines
                self.routes.append(Way(line, "around", far + _LANE, shift))
                far += _LANE + self._label(line)
            else:
                far, end = self._boxed(strand, fork, join, far, end, passed, shift)
        return end

    def _boxed(
        self,
        strand: Strand,
        fork: int,
        join: int,
        far: float,
        end: float,
        passed: set[int],
        shift: float,
    ) -> tuple[float, float]:
        """The boxes of a W in the lane of its skip, halfway between fork and join."""
        if not all(isinstance(step, int) for step in strand.steps):
            raise UnfitError
        known, begin = set(self.places), len(self.routes)
        top = self.places[fork].y + self.places[fork].h / 2
        length = self._strand(strand, fork, join, 0.0, 0.0)
        new = self.places.keys() - known
        head = self.sizes[join][0 if self.turned else 1] / 2
        missing = max(0.0, length + self.gap - (end + head - top))
        for b in passed:
            self.places[b] = self.places[b].moved(0, missing / 2)
        end += missing
        room = self._room(new, begin)
        lane = far + _BESIDE - room.x
        first = self.places[strand.boxes[0]].y
        used = self.places[strand.boxes[-1]].bottom - first
        down = (top + end + head) / 2 - used / 2 - first
        for b in new:
            self.places[b] = self.places[b].moved(lane, down)
        for route in self.routes[begin:]:
            route.at = lane
        self.routes[begin].course, self.routes[-1].course = "out", "home"
        self.routes[begin].shift = self.routes[-1].shift = shift
        return far + _BESIDE + room.w, end

    def _hang(self, b: int, strand: Strand) -> None:
        """A chain that ends by itself: beside the box it leaves, then along the flow."""
        if self.turned or not all(isinstance(step, int) for step in strand.steps):
            raise UnfitError
        place = self.places[b]
        widest = max(self._extent(c)[0] for c in strand.boxes)
        at = place.x + place.w + side(self.panel.boxes[b]) + self.gap + widest
        first = strand.boxes[0]
        floor = place.y + (place.h - self.sizes[first][1]) / 2
        for k, c in enumerate(strand.boxes):
            floor = self._put(c, floor, at) + self.gap
            (line,) = (s for s in strand.steps[k : k + 1] if isinstance(s, int))
            self.routes.append(Way(line, "straight"))
        self.clear = floor - self.gap + 12.0

    def _push_out(self, chain: Strand) -> None:
        """A chain at the side goes further out, past all that stands or runs next to it."""
        own = [self._whole(c) for c in chain.boxes]
        room = around(own)
        taken = [self._whole(b) for b in self.places if b not in chain.boxes]
        others = (way for way in self.routes if way.line not in chain.steps)
        for points in map(self._run, others):
            taken += [around([Rect(*a, 0, 0), Rect(*b, 0, 0)]) for a, b in pairwise(points)]
        level = [r for r in taken if r.y < room.bottom + BUS and room.y < r.bottom + BUS]
        if any(rect.overlaps(r) for rect in own for r in level):
            shift = max(r.right for r in level) + _BESIDE - room.x
            for c in chain.boxes:
                self.places[c] = self.places[c].moved(shift, 0.0)

    def _whole(self, b: int) -> Rect:
        """A box with what stands out of it, x across."""
        left, right, along = self._extent(b)
        return Rect(self._middle(b) - left, self.places[b].y, left + right, along)
