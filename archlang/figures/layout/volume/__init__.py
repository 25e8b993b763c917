"""The ways worth trying to draw a panel in the volume style, from its slabs to their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.columns import Columns
from archlang.figures.layout.graphviz import layouts
from archlang.figures.layout.lettering import labels
from archlang.figures.layout.place import FRAME_TITLE, Placed, Placement, received, request
from archlang.figures.layout.volume.course import Course, course
from archlang.figures.layout.volume.rows import GAP, Look, Rows
from archlang.figures.layout.volume.slabs import Slab, Volume, previous, slab
from archlang.figures.layout.volume.solids import Scale
from archlang.figures.options import Fit
from archlang.figures.theme import SMALL
from archlang.figures.view.model import Line, Panel

_LOOKS = (
    tuple(Look(tallest) for tallest in (200.0, 160.0, 125.0, 100.0)),
    (
        Look(100.0, 47.0, 9.5, 5.0, loose=True),
        Look(80.0, 47.0, 9.0, 5.0, loose=True),
        Look(64.0, 47.0, 8.0, 5.0, loose=True),
    ),
)
"""The finest looks first; the second set where room is short."""
_EASY = 1.04
"""How much larger than readable text has to be for the row not to be broken."""
_MARGINS = (30.5, 125.0)
"""What stands around the slabs in a figure, about."""
_MOST_ROWS = 10
_MANY = 60
"""A panel of more boxes is drawn low at once."""
_FRAME = 3.0


def volumes(panel: Panel, fit: Fit) -> list[Volume]:
    """All ways worth trying to draw a panel as slabs: low and tall ones, in few and many rows.

    Raises:
        DrawingError: it has branches that meet again, and there is no Graphviz.
    """
    way = course(panel)
    made: list[Volume] = []
    for looks in _LOOKS[1:] if len(panel.boxes) > _MANY else _LOOKS:
        made += _branched(panel, looks) if way is None else _in_rows(panel, way, looks)
        if any(_text(volume, fit) >= fit.readable for volume in made):
            break
    # across a long skip a row is not broken unless it has to be
    long = any(line.kind == "long" for line in panel.lines)
    wanted = fit.readable * (1.0 if long else _EASY)
    fewest = min((v.rows for v in made if _text(v, fit) >= wanted), default=None)
    return [volume for volume in made if fewest in (None, volume.rows)]


def _text(volume: Volume, fit: Fit) -> float:
    """Size of the text where a figure of some slabs has to fit, about."""
    bounds = volume.bounds
    w, h = bounds.w + _MARGINS[0], bounds.h + _MARGINS[1]
    scale = min(fit.room[0] / max(w, h * fit.narrowest), fit.room[1] / max(h, w / fit.widest))
    return scale * SMALL


def _in_rows(panel: Panel, way: Course, looks: Sequence[Look]) -> list[Volume]:
    made: list[Volume] = []
    for look in looks:
        rows = Rows(panel, way, look)
        ways = [rows.broken(count) for count in range(1, _MOST_ROWS + 1)]
        made += [rows.placement(w) for k, w in enumerate(ways) if w not in ways[:k]]
    return made


def _branched(panel: Panel, looks: Sequence[Look]) -> list[Volume]:
    """A panel with branches: Graphviz lays it out from top to bottom, and it is drawn turned."""
    made: list[Volume] = []
    for look in looks:
        scale, before = Scale.of(panel.boxes, look.tallest), previous(panel)
        slabs = {
            b.id: _alone(slab(b, scale, before.get(b.id), widest=look.widest)) for b in panel.boxes
        }
        proxy = _proxy(panel)
        whole = _received(proxy, slabs)
        columns = Columns(whole)
        ways = [columns.broken(k) for k in range(1, _MOST_ROWS + 1)]
        made += [_turned(panel, way, slabs) for way in ways if way is not None]
    return made


def _alone(alone: Slab) -> Slab:
    """A slab with its caption directly below it."""
    return alone.captioned(alone.body.bottom - alone.caption.y)


def _proxy(panel: Panel) -> Panel:
    """The same without what flat boxes show at their sides."""
    boxes = [replace(box, loops=(), count=1) for box in panel.boxes]
    return Panel(panel.title, "", boxes, panel.lines, panel.frames)


def _received(panel: Panel, slabs: dict[int, Slab]) -> Placement:
    """Graphviz's answer, where each box takes the room of its slab, turned."""
    asked = request(panel, common=False)
    sizes = [_cell(slabs[box.id]) for box in panel.boxes]
    edges = [replace(edge, middle=True) for edge in asked.edges]
    answer = layouts([
        replace(asked, sizes=sizes, edges=edges, ranksep=GAP + 4, nodesep=10.0)
    ])[0]  # fmt: skip
    whole = received(panel, answer, common=False)
    for box, (w, h), (x, y) in zip(panel.boxes, sizes, answer.centres, strict=True):
        whole.rects[box.id] = Rect(x - w / 2, y - h / 2, w, h)
    whole.frames = [
        (frame, around([whole.rects[k] for k in sorted(frame.boxes)])) for frame in panel.frames
    ]
    return whole


def _cell(alone: Slab) -> tuple[float, float]:
    """The room of a slab, its axis in the middle, with across and along exchanged."""
    return 2 * max(-alone.room.y, alone.room.bottom), alone.room.w


def _turned(panel: Panel, way: Placement, slabs: dict[int, Slab]) -> Volume:
    """A placement from top to bottom as one from left to right."""
    found = Volume(panel, rows=0)
    for index, r in way.rects.items():
        alone = slabs[index]
        found.slabs[index] = alone.moved(r.y - alone.room.x, r.centre[0])
        found.rects[index] = found.slabs[index].front
    for placed in way.lines:
        points = tuple((y, x) for x, y in placed.points)
        found.lines.append(_reaching(replace(placed, points=points), found))
    for frame in panel.frames:
        inside = [found.slabs[k].room for k in sorted(frame.boxes)]
        r = around(inside).grown(_FRAME)
        found.frames.append((frame, Rect(r.x, r.y - FRAME_TITLE, r.w, r.h + FRAME_TITLE)))
    found.letters = dict(_letters(found))
    return found


def _reaching(placed: Placed, found: Volume) -> Placed:
    """A line up to the faces of its ends, for the room around them is not seen."""
    tail, head = found.rects[placed.line.tail], found.rects[placed.line.head]
    a, b = (tail.right, tail.centre[1]), (head.x, head.centre[1])
    points = placed.points
    if not placed.curved:
        return replace(placed, points=(a, *points, b))
    first, last = _straight(a, points[0]), _straight(points[-1], b)
    return replace(placed, points=(*first[:-1], *points, *last[1:]))


def _straight(a: Point, b: Point) -> Sequence[Point]:
    return [(a[0] + (b[0] - a[0]) * t / 3, a[1] + (b[1] - a[1]) * t / 3) for t in range(4)]


def _letters(found: Volume) -> Iterator[tuple[int, Rect]]:
    """Where the labels of skips stand, clear of the slabs."""
    lines: list[Line] = []
    for placed in found.lines:  # between two slabs there is no room for a label
        label = placed.line.label if placed.line.kind != "flow" else ""
        lines.append(replace(placed.line, shape="", label=label))
    bare = Placement(_proxy(found.panel))
    bare.rects = {k: slab.room for k, slab in found.slabs.items()}
    bare.lines = [
        replace(placed, line=line) for placed, line in zip(found.lines, lines, strict=True)
    ]
    places = {id(placed): k for k, placed in enumerate(bare.lines)}
    order = {id(line): k for k, line in enumerate(found.panel.lines)}
    for label in labels(bare):
        line = found.lines[places[id(label.placed)]].line
        yield order[id(line)], label.rect
