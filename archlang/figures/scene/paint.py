"""Placed panels as marks: boxes with their texts, badges and arcs, lines, labels, grounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from archlang.figures.geometry import Rect
from archlang.figures.layout.lettering import Label, labels
from archlang.figures.layout.place import (
    LOOP,
    PADDING,
    STACK,
    Placed,
    Placement,
    badge,
    badge_width,
    text_height,
)
from archlang.figures.metrics import width
from archlang.figures.scene.model import Dash, Group, Mark, Route, Shape, Text
from archlang.figures.theme import LEADING, SMALL, TITLE, Paint, Theme
from archlang.figures.view.model import Box, Emphasis, LineKind, Loop

STROKES: dict[LineKind, tuple[float, Dash]] = {
    "flow": (1.2, "solid"),
    "short": (1.6, "solid"),
    "long": (2.4, "solid"),
    "dense": (1.4, "dotted"),
}
"""Width and pattern of lines, so that kinds of skip are told apart without colour."""
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

    def panel(self, placement: Placement) -> Iterator[Group]:
        """All of a panel, what lies at the back first."""
        title = placement.panel.title
        self._homes = dict.fromkeys(placement.rects, (title,))
        for number, (name, rect, boxes) in enumerate(placement.grounds, 1):
            yield self._backdrop("ground", name, rect, (title, name or f"stage {number}"), boxes)
        for frame, rect in placement.frames:
            yield self._backdrop("frame", frame.title, rect, (title, frame.title), frame.boxes)
        beside: dict[int, list[Label]] = {}
        for label in labels(placement):
            beside.setdefault(id(label.placed), []).append(label)
        for placed in placement.lines:
            yield self._line(placed, beside.get(id(placed), []))
        for box in placement.panel.boxes:
            yield self._box(box, placement.rects[box.id])

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
            marks.append(Text(r.x, middle, label.text, SMALL, "start", colour=ink, halo=True))
        tail, head = self._homes[line.tail], self._homes[line.head]
        return Group(
            "line",
            line.kind,
            tuple(marks),
            ends=(f"{self.name}{line.tail}", f"{self.name}{line.head}"),
            within=tail if tail == head else tail[:1],
            step=max(self.steps.get(end, 0) for end in (line.tail, line.head)),
        )

    def _box(self, box: Box, rect: Rect) -> Group:
        paint = self._paint(box)
        marks = [*self._sheets(box, rect, paint), self._shape(box, rect, paint)]
        for index, loop in enumerate(box.loops[:2]):
            marks += self._loop(
                loop, rect, index, 2 * STACK if box.count > 1 else 0.0, box.emphasis
            )
        return Group(
            "box",
            f"{self.name}{box.id}",
            tuple(marks),
            box.tip,
            bounds=rect,
            within=self._homes[box.id],
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
        return Paint(fill, self._toned(paint.stroke, box.emphasis, stroke=True))

    def _sheets(self, box: Box, rect: Rect, paint: Paint) -> Iterator[Mark]:
        for k in (2, 1) if box.count > 1 else ():
            yield Shape(rect.moved(k * STACK, k * STACK), paint.fill, paint.stroke, 4)

    def _shape(self, box: Box, rect: Rect, paint: Paint) -> Shape:
        radius = {"box": 4.0, "pill": rect.h / 2, "circle": rect.w / 2}[box.form]
        if box.form == "pill":
            radius = min(radius, 12.0)
        thick = 1.4 if box.folded or box.form == "circle" else 1.1
        thick += _ACCENT if box.emphasis == "accent" else 0.0
        texts = tuple(self._texts(box, rect, paint))
        return Shape(rect, paint.fill, paint.stroke, radius, thick, box.training, texts)

    def _texts(self, box: Box, rect: Rect, paint: Paint) -> Iterator[Text]:
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
                yield Text(x, base, text, size, bold=bold, colour=ink)
        if box.count > 1:
            base = rect.centre[1] + TITLE * _BASELINE
            yield Text(
                rect.right - PADDING, base, badge(box), TITLE, "end", bold=True, colour=paint.stroke
            )

    def _loop(
        self, loop: Loop, rect: Rect, index: int, off: float, emphasis: Emphasis
    ) -> Iterator[Mark]:
        colour = self._toned(self.theme.skips[loop.kind], emphasis)
        x = rect.right + off
        nested = (1.0, 0.68, 0.36) if loop.kind == "dense" else (1.0 - 0.35 * index,)
        for share in nested:
            reach, half = LOOP * 0.78 * share * 4 / 3, rect.h * 0.34 * share
            top, foot = rect.centre[1] - half, rect.centre[1] + half
            points = ((x, top), (x + reach, top), (x + reach, foot), (x, foot))
            thick, dash = STROKES[loop.kind]
            yield Route(points, colour, thick, dash=dash, arrow=share == nested[0])
        if loop.matching:
            base = rect.centre[1] + SMALL * _BASELINE + index * SMALL * LEADING
            yield Text(x + LOOP + 1, base, loop.matching, SMALL, "start", colour=colour)
