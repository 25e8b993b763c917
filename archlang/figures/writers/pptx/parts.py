"""Marks as native shapes of a slide, each with a number that stays the same on all slides."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from archlang.figures.geometry import Rect
from archlang.figures.scene.model import Polygon, Route, Shape, Text
from archlang.figures.writers.pptx import geometry
from archlang.figures.writers.pptx.lettering import line_of, room, rows_of
from archlang.figures.writers.pptx.xml import Box, Pen, element, joined

_SLACK = 8.0
"""Room beside a title, which LibreOffice would wrap else."""
_FIRST = 2
"""The tree of shapes itself has number 1."""


@dataclass(frozen=True, slots=True)
class Part:
    """A shape, a group or a connector, and where it is on the slide."""

    xml: str
    box: Box


@dataclass(slots=True)
class Numbers:
    """Gives each thing a number of its own, the same whenever it is asked for."""

    _known: dict[Hashable, int] = field(default_factory=dict[Hashable, int])

    def of(self, *thing: Hashable) -> int:
        """The number of a thing."""
        return self._known.setdefault(thing, len(self._known) + _FIRST)


@dataclass(frozen=True, slots=True)
class Label:
    """What a shape is called: its number, its name, and what it says to who cannot see it."""

    number: int
    name: str
    about: str = ""

    def xml(self) -> str:
        """The properties that do not show."""
        about = self.about or None
        return element("p:cNvPr", id=self.number, name=self.name, descr=about)


def shape(mark: Shape, label: Label, pen: Pen) -> Part:
    """A box with the rows of text that are centred in it; `aside` gives the others."""
    rows = [row for row in mark.texts if row.anchor == "middle"]
    off = pen.length(2 * (rows[0].x - mark.rect.centre[0])) if rows else 0
    body = rows_of(rows, pen, left=max(off, 0), right=max(-off, 0))
    dash = "dashed" if mark.dashed else "solid"
    look = geometry.fill(mark.fill) + geometry.pattern(mark.stroke, mark.width, dash, pen)
    return _shape(label, pen.box(mark.rect), geometry.outline(mark) + look, body)


def aside(mark: Shape) -> list[Text]:
    """The rows of text in a box that need a place of their own, such as ×3 at its end."""
    return [row for row in mark.texts if row.anchor != "middle"]


def polygon(mark: Polygon, label: Label, pen: Pen) -> Part:
    """A shape with straight sides."""
    outline, box = geometry.polygon(mark, pen)
    dash = "dashed" if mark.dashed else "solid"
    look = geometry.fill(mark.fill) + geometry.pattern(mark.stroke, mark.width, dash, pen)
    return _shape(label, box, outline + look)


def stroke(mark: Route, label: Label, pen: Pen) -> Part:
    """A line that joins nothing: an arc beside a box, a sign of the legend."""
    outline, box = geometry.trail(mark, pen)
    line = geometry.pattern(mark.colour, mark.width, mark.dash, pen, arrow=mark.arrow)
    return _shape(label, box, outline + geometry.fill("") + line)


def line_of_text(mark: Text, label: Label, pen: Pen) -> Part:
    """A box with one line of text."""
    look = geometry.preset("rect") + geometry.fill(mark.halo)
    return _shape(label, pen.box(room(mark)), look, line_of(mark, pen), writing=True)


def title(mark: Text, label: Label, pen: Pen) -> Part:
    """The title of a slide, for outlines and for who listens to it."""
    place = room(mark)
    box = pen.box(Rect(place.x, place.y, place.w + _SLACK, place.h))
    about = element(
        "p:nvSpPr",
        label.xml(),
        element("p:cNvSpPr", element("a:spLocks", noGrp=1)),
        element("p:nvPr", element("p:ph", type="title")),
    )
    look = element("p:spPr", box.frame(), geometry.preset("rect"), geometry.fill(""))
    return Part(element("p:sp", about, look, line_of(mark, pen)), box)


def anchor(box: Box, label: Label) -> Part:
    """Something for connectors to hold on to where a box has no shape of that size; not seen."""
    return _shape(label, box, geometry.preset("rect") + geometry.fill("") + geometry.NO_LINE)


def group(parts: Iterable[Part], label: Label) -> Part:
    """Parts that are moved together; they stay where they are on the slide."""
    members = list(parts)
    box = joined(part.box for part in members)
    inner = element("a:chOff", x=box.x, y=box.y) + element("a:chExt", cx=box.w, cy=box.h)
    frame = element("a:xfrm", box.offset, element("a:ext", cx=box.w, cy=box.h), inner)
    about = element("p:nvGrpSpPr", label.xml(), element("p:cNvGrpSpPr"), element("p:nvPr"))
    shapes = (part.xml for part in members)
    return Part(element("p:grpSp", about, element("p:grpSpPr", frame), *shapes), box)


def _shape(label: Label, box: Box, look: str, body: str = "", *, writing: bool = False) -> Part:
    own = element("p:cNvSpPr", txBox=1 if writing else None)
    about = element("p:nvSpPr", label.xml(), own, element("p:nvPr"))
    return Part(element("p:sp", about, element("p:spPr", box.frame(), look), body), box)
