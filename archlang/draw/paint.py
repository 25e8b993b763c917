"""Placed panels as marks: boxes with their texts, badges and arcs, lines, labels, grounds."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.draw.lettering import Label, labels
from archlang.draw.metrics import width
from archlang.draw.place import (
    LOOP,
    PADDING,
    STACK,
    Placed,
    Placement,
    badge,
    badge_width,
    full,
    text_height,
)
from archlang.draw.scene import Group, Mark, Rect, Route, Shape, Text
from archlang.draw.theme import LEADING, SMALL, TITLE, Paint, Theme
from archlang.draw.view import Box, LineKind, Loop

_WIDTHS: dict[LineKind, float] = {"flow": 1.2, "short": 1.6, "long": 2.2, "dense": 1.2}
_BASELINE = 0.36
"""From the middle of a line of text to its baseline, in font sizes."""


class Painter:
    """Turns placements into groups of marks."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme

    def panel(self, placement: Placement, name: str) -> Iterator[Group]:
        """All of a panel, what lies at the back first; `name` begins the names of its boxes."""
        for title, rect in placement.grounds:
            yield self._ground(title, rect)
        for frame, rect in placement.frames:
            yield self._frame(frame.title, rect)
        beside: dict[int, list[Label]] = {}
        for label in labels(placement):
            beside.setdefault(id(label.placed), []).append(label)
        for placed in placement.lines:
            yield self._line(placed, beside.get(id(placed), []), name)
        for box in placement.panel.boxes:
            yield self._box(box, placement.rects[box.id], name)

    def _ground(self, title: str, rect: Rect) -> Group:
        marks: list[Mark] = [Shape(rect, self.theme.stage, radius=8)]
        if title and width(title, SMALL) < rect.h:
            marks.append(self._turned(title, rect.x - 4, rect.centre[1]))
        return Group("ground", title, tuple(marks))

    def _turned(self, text: str, x: float, y: float) -> Text:
        return Text(x, y, text, SMALL, colour=self.theme.faint, turned=True)

    def _frame(self, title: str, rect: Rect) -> Group:
        shape = Shape(rect, self.theme.stage, self.theme.frame, radius=8)
        marks: list[Mark] = [shape]
        if width(title, SMALL) < rect.h:
            marks.append(self._turned(title, rect.x - 4, rect.centre[1]))
        return Group("frame", title, tuple(marks))

    def _line(self, placed: Placed, beside: list[Label], name: str) -> Group:
        line = placed.line
        colour = self.theme.line if line.kind == "flow" else self.theme.skips[line.kind]
        marks: list[Mark] = [
            Route(placed.points, colour, _WIDTHS[line.kind], placed.curved, line.training)
        ]
        for label in beside:
            r = label.rect
            ink = colour if label.text == line.label else self.theme.faint
            middle = r.y + r.h / 2 + SMALL * _BASELINE
            marks.append(Text(r.x, middle, label.text, SMALL, "start", colour=ink, halo=True))
        ends = f"{name}{line.tail}", f"{name}{line.head}"
        return Group("line", line.kind, tuple(marks), ends=ends)

    def _box(self, box: Box, rect: Rect, name: str) -> Group:
        paint = self.theme.families[box.family]
        marks = [*self._sheets(box, rect, paint), self._shape(box, rect, paint)]
        marks += self._texts(box, rect, paint)
        for index, loop in enumerate(box.loops[:2]):
            marks += self._loop(loop, rect, index, 2 * STACK if box.count > 1 else 0.0)
        return Group("box", f"{name}{box.id}", tuple(marks), box.tip, bounds=rect)

    def _sheets(self, box: Box, rect: Rect, paint: Paint) -> Iterator[Mark]:
        for k in (2, 1) if box.count > 1 else ():
            yield Shape(rect.moved(k * STACK, k * STACK), paint.fill, paint.stroke, 4)

    @staticmethod
    def _shape(box: Box, rect: Rect, paint: Paint) -> Shape:
        radius = {"box": 4.0, "pill": rect.h / 2, "circle": rect.w / 2}[box.form]
        if box.form == "pill":
            radius = min(radius, 12.0)
        thick = 1.4 if box.folded or box.form == "circle" else 1.1
        return Shape(rect, paint.fill, paint.stroke, radius, thick, dashed=box.training)

    def _texts(self, box: Box, rect: Rect, paint: Paint) -> Iterator[Mark]:
        x = rect.x + (rect.w - badge_width(box)) / 2
        y = rect.centre[1] - text_height(box) / 2
        rows = ((box.caption.over, SMALL), (box.caption.title, TITLE), (box.caption.under, SMALL))
        for text, size in rows:
            if text or size == TITLE:
                y += size * LEADING
                base = y - size * (LEADING / 2 - _BASELINE)
                bold = size == TITLE and (box.folded or box.form == "circle")
                ink = self.theme.ink if size == TITLE else self.theme.faint
                yield Text(x, base, text, size, bold=bold, colour=ink)
        if box.count > 1:
            base = rect.centre[1] + TITLE * _BASELINE
            yield Text(
                rect.right - PADDING, base, badge(box), TITLE, "end", bold=True, colour=paint.stroke
            )

    def _loop(self, loop: Loop, rect: Rect, index: int, off: float) -> Iterator[Mark]:
        colour = self.theme.skips[loop.kind]
        x = rect.right + off
        nested = (1.0, 0.68, 0.36) if loop.kind == "dense" else (1.0 - 0.35 * index,)
        for share in nested:
            reach, half = LOOP * 0.78 * share * 4 / 3, rect.h * 0.34 * share
            top, foot = rect.centre[1] - half, rect.centre[1] + half
            points = ((x, top), (x + reach, top), (x + reach, foot), (x, foot))
            yield Route(points, colour, _WIDTHS[loop.kind], arrow=share == nested[0])
        if loop.matching:
            base = rect.centre[1] + SMALL * _BASELINE + index * SMALL * LEADING
            yield Text(x + LOOP + 1, base, loop.matching, SMALL, "start", colour=colour)


def extent(placement: Placement) -> list[Rect]:
    """All rectangles a panel takes: boxes, labels, grounds with their titles."""
    rects = [full(placement.panel.boxes[i], r) for i, r in placement.rects.items()]
    rects += [label.rect for label in labels(placement)]
    titled = [(t, r) for t, r in placement.grounds] + [(f.title, r) for f, r in placement.frames]
    for title, r in titled:
        strip = SMALL * 1.3 if title else 0.0
        rects.append(Rect(r.x - strip, r.y, r.w + strip, r.h))
    for placed in placement.lines:
        rects += [Rect(x, y, 0, 0) for x, y in placed.points]
    return rects
