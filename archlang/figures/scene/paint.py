"""Placed panels as marks: boxes with their texts, badges and arcs, lines, labels, grounds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf
from typing import Literal

from archlang.figures.geometry import Point, Rect
from archlang.figures.layout.lettering import Label, labels
from archlang.figures.layout.place import (
    LOOP,
    PADDING,
    STACK,
    Placed,
    Placement,
    Side,
    badge,
    badge_width,
    sampled,
    text_height,
)
from archlang.figures.metrics import width
from archlang.figures.scene.model import Dash, Group, Mark, Route, Shape, Text
from archlang.figures.scene.signs import SIGNS, strokes
from archlang.figures.theme import LEADING, SMALL, TITLE, Paint, Theme
from archlang.figures.view.model import Box, Emphasis, LineKind, Loop

STROKES: dict[LineKind, tuple[float, Dash]] = {
    "flow": (1.2, "solid"),
    "short": (1.8, "solid"),
    "long": (2.7, "solid"),
    "dense": (1.5, "dotted"),
}
"""Width and pattern of lines, so that kinds of skip are told apart without colour."""
SIGN = 1.4
"""Width of the strokes of a merge's sign."""
_ACCENT = 1.2
"""How much thicker the outline of what is accented is."""
_BASELINE = 0.36
"""From the middle of a line of text to its baseline, in font sizes."""


class Painter:
    """Turns the placement of one panel into groups of marks.

    `name` begins the names of its boxes; `steps` says in which frame each box appears.
    """

    def __init__(self, theme: Theme, name: str, steps: Mapping[int, int]) -> None:
        self.theme = theme
        self.name = name
        self.steps = steps
        self._homes: dict[int, tuple[str, ...]] = {}
        self._backdrops: list[Rect] = []
        self._paths: list[Point] = []
        self._arcs: dict[int, Side] = {}

    def panel(self, placement: Placement) -> Iterator[Group]:
        """All of a panel, what lies at the back first."""
        title = placement.panel.title
        self._homes = dict.fromkeys(placement.rects, (title,))
        self._survey(placement)
        self._arcs = placement.arcs
        for number, (name, rect, boxes) in enumerate(placement.grounds, 1):
            yield self._backdrop("ground", name, rect, (title, name or f"stage {number}"), boxes)
        for frame, rect in placement.frames:
            backdrop = self._backdrop("frame", frame.title, rect, (title, frame.title), frame.boxes)
            yield replace(backdrop, unit=frame.unit.path if frame.unit else "")
        beside: dict[int, list[Label]] = {}
        for label in labels(placement):
            beside.setdefault(id(label.placed), []).append(label)
        for placed in placement.lines:
            yield self._line(placed, beside.get(id(placed), []))
        for box in placement.panel.boxes:
            yield self._box(box, placement.rects[box.id])

    def _survey(self, placement: Placement) -> None:
        """See what labels may stand on and touch."""
        self._backdrops = [r for _, r, _ in placement.grounds] + [r for _, r in placement.frames]
        self._paths = sorted((y, x) for placed in placement.lines for x, y in sampled(placed))

    def _halo(self, rect: Rect) -> str:
        """The colour around a label that touches a line, the one that it stands on."""
        near = rect.grown(1.5)
        level = self._paths[
            bisect_left(self._paths, (near.y,)) : bisect_right(self._paths, (near.bottom, inf))
        ]
        if not any(near.x <= x <= near.right for _, x in level):
            return ""
        middle = Rect(*rect.centre, 0, 0)
        grounded = any(backdrop.holds(middle) for backdrop in self._backdrops)
        return self.theme.stage if grounded else self.theme.paper

    def _backdrop(
        self,
        role: Literal["ground", "frame"],
        title: str,
        rect: Rect,
        home: tuple[str, ...],
        boxes: Iterable[int],
    ) -> Group:
        """What lies under the boxes of a stage or of a unit drawn open, its title at its side."""
        self._homes |= dict.fromkeys(boxes, home)
        outline = self.theme.frame if role == "frame" else ""
        marks: list[Mark] = [Shape(rect, self.theme.stage, outline, radius=8)]
        if title and width(title, SMALL) < rect.h:
            ink = self.theme.faint
            marks.append(Text(rect.x - 4, rect.centre[1], title, SMALL, colour=ink, turned=True))
        step = min(self.steps.get(box, 0) for box in boxes)
        return Group(role, title, tuple(marks), within=home, step=step)

    def _line(self, placed: Placed, beside: list[Label]) -> Group:
        line = placed.line
        plain = self.theme.line if line.kind == "flow" else self.theme.skips[line.kind]
        colour = self._toned(plain, line.emphasis, stroke=True)
        thick, dash = STROKES[line.kind]
        thick += _ACCENT if line.emphasis == "accent" else 0.0
        dash = "dashed" if line.training else dash
        marks: list[Mark] = [Route(placed.points, colour, thick, placed.curved, dash)]
        faint = self.theme.faint
        for label in beside:
            r = label.rect
            ink = colour if label.text == line.label else self._toned(faint, line.emphasis)
            middle = r.y + r.h / 2 + SMALL * _BASELINE
            math = line.math and label.text == line.label
            middle -= 1.5 if math else 0.0  # a subscript reaches further down
            halo = self._halo(r)
            marks.append(
                Text(r.x, middle, label.text, SMALL, "start", colour=ink, halo=halo, math=math)
            )
        tail, head = self._homes[line.tail], self._homes[line.head]
        return Group(
            "line",
            line.kind,
            tuple(marks),
            "" if line.kind == "flow" else skip_tip(line.kind, line.label),
            ends=(f"{self.name}{line.tail}", f"{self.name}{line.head}"),
            within=tail if tail == head else tail[:1],
            step=max(self.steps.get(end, 0) for end in (line.tail, line.head)),
        )

    def _box(self, box: Box, rect: Rect) -> Group:
        paint = self._paint(box)
        marks = [*self._sheets(box, rect, paint), self._shape(box, rect, paint)]
        if box.form == "circle":
            marks += strokes(box.caption.title, rect, paint.stroke, SIGN)
        for index, loop in enumerate(box.loops[:2]):
            at = self._arcs.get(box.id, "right")
            sheets = 2 * STACK if box.count > 1 and at == "right" else 0.0
            reach = Rect(rect.x, rect.y, rect.w + sheets, rect.h)
            marks += self._loop(loop, reach, index, at, box.emphasis)
        return Group(
            "box",
            f"{self.name}{box.id}",
            tuple(marks),
            tip(box),
            bounds=rect,
            within=self._homes[box.id],
            nodes=box.nodes,
            unit=box.unit.path if box.unit else "",
            step=self.steps.get(box.id, 0),
        )

    def _toned(self, colour: str, emphasis: Emphasis, *, stroke: bool = False) -> str:
        """A colour as it stands in a part that steps back, or (a stroke's) catches the eye."""
        if emphasis == "dim":
            return self.theme.dimmed(colour)
        return self.theme.accent if stroke and emphasis == "accent" else colour

    def _paint(self, box: Box) -> Paint:
        paint = self.theme.families[box.family]
        fill = self._toned(paint.fill, box.emphasis)
        return replace(
            paint, fill=fill, stroke=self._toned(paint.stroke, box.emphasis, stroke=True)
        )

    def _sheets(self, box: Box, rect: Rect, paint: Paint) -> Iterator[Mark]:
        for k in (2, 1) if box.count > 1 else ():
            yield Shape(rect.moved(k * STACK, k * STACK), paint.fill, paint.stroke, 4)

    def _shape(self, box: Box, rect: Rect, paint: Paint) -> Shape:
        radius = {"box": 4.0, "pill": rect.h / 2, "circle": rect.w / 2}[box.form]
        if box.form == "pill":
            radius = min(radius, 12.0)
        thick = paint.width + (0.3 if box.folded or box.form == "circle" else 0.0)
        thick += _ACCENT if box.emphasis == "accent" else 0.0
        texts = tuple(self._texts(box, rect))
        return Shape(rect, paint.fill, paint.stroke, radius, thick, box.training, texts)

    def _texts(self, box: Box, rect: Rect) -> Iterator[Text]:
        if box.form == "circle" and box.caption.title in SIGNS:
            return  # it is drawn
        x = rect.x + (rect.w - badge_width(box)) / 2
        y = rect.centre[1] - text_height(box) / 2
        rows = ((box.caption.over, SMALL), (box.caption.title, TITLE), (box.caption.under, SMALL))
        for text, size in rows:
            if text or size == TITLE:
                y += size * LEADING
                base = y - size * (LEADING / 2 - _BASELINE)
                bold = size == TITLE and (box.folded or box.form == "circle")
                ink = self._toned(
                    self.theme.ink if size == TITLE else self.theme.faint, box.emphasis
                )
                math = box.caption.math and text == box.caption.title
                yield Text(x, base, text, size, bold=bold, colour=ink, math=math)
        if box.count > 1:
            base = rect.centre[1] + TITLE * _BASELINE
            ink = self._toned(self.theme.ink, box.emphasis)
            yield Text(rect.right - PADDING, base, badge(box), TITLE, "end", bold=True, colour=ink)

    def _loop(
        self, loop: Loop, rect: Rect, index: int, side: Side, emphasis: Emphasis
    ) -> Iterator[Mark]:
        """The arc of a skip at a box with its sheets, and its W."""
        emphasis = loop.emphasis or emphasis
        colour = self._toned(self.theme.skips[loop.kind], emphasis, stroke=bool(loop.emphasis))
        nested = (1.0, 0.68, 0.36) if loop.kind == "dense" else (1.0 - 0.35 * index,)
        for share in nested:
            reach, half = LOOP * 0.78 * share * 4 / 3, rect.h * 0.34 * share
            points = _arc(rect, side, reach, half)
            thick, dash = STROKES[loop.kind]
            thick += _ACCENT if loop.emphasis == "accent" else 0.0
            yield Route(points, colour, thick, dash=dash, arrow=share == nested[0])
        if loop.matching:
            x, anchor = (rect.right + LOOP + 1, "start")
            base = rect.centre[1] + SMALL * _BASELINE + index * SMALL * LEADING
            if side == "left":
                x, anchor = (rect.x - LOOP - 1, "end")
            elif side == "above":
                x, base = rect.right - 1, rect.y - SMALL * (0.35 + index * LEADING)
            yield Text(x, base, loop.matching, SMALL, anchor, colour=colour)


def _arc(rect: Rect, side: Side, reach: float, half: float) -> tuple[Point, ...]:
    """Out of a box at one side and back in, by so much in the direction of the side."""
    x, y = rect.right, rect.centre[1]
    if side == "above":
        x, y = rect.right - 6 - rect.h * 0.34, rect.y
        return ((x - half, y), (x - half, y - reach), (x + half, y - reach), (x + half, y))
    if side == "left":
        x, reach = rect.x, -reach
    return ((x, y - half), (x + reach, y - half), (x + reach, y + half), (x, y + half))


def tip(box: Box) -> str:
    """What is said of a box to a pointer and to readers of the screen; a merge's sign by name."""
    if box.form == "circle" and box.caption.title in SIGNS:
        return "\n".join(filter(None, (SIGNS[box.caption.title].name, box.tip)))
    written = (box.caption.over, box.caption.title, box.caption.under)
    return box.tip or " · ".join(filter(None, written))


def skip_tip(kind: LineKind, matching: str) -> str:
    """The same of a skip."""
    return f"{kind} skip, W = {matching}" if matching else f"{kind} skip"
