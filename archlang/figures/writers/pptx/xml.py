"""DrawingML as text: elements, text made safe for them, and places on a slide in EMU."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from xml.sax.saxutils import escape

from archlang.figures.geometry import Point, Rect
from archlang.figures.scene.model import Scene

EMU = 12700
"""English metric units in a point."""
NAMESPACES = {
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "p159": "http://schemas.microsoft.com/office/powerpoint/2015/09/main",
}
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, /, *children: str, **attributes: str | int | None) -> str:
    """An element; attributes that are None are left out, the children are elements as well."""
    given = "".join(
        f' {key}="{_attribute(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(children)
    return f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"


def text(content: str) -> str:
    """One line of text within an element."""
    return escape(re.sub(r"[\t\n\r]", " ", clean(content)))


def clean(content: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _FORBIDDEN.sub("", content)


def _attribute(value: str) -> str:
    breaks = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    return escape(clean(value), breaks)


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle on a slide, in EMU."""

    x: int
    y: int
    w: int
    h: int

    def joined(self, other: Box) -> Box:
        """The smallest box that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.w, other.x + other.w)
        return Box(x, y, right - x, max(self.y + self.h, other.y + other.h) - y)

    def frame(self, **turn: str | int | None) -> str:
        """Where a shape is, turned or mirrored within."""
        return element("a:xfrm", self.offset, element("a:ext", cx=self.w, cy=self.h), **turn)

    @property
    def offset(self) -> str:
        """The upper left corner."""
        return element("a:off", x=self.x, y=self.y)


def joined(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of some, at least one."""
    return reduce(Box.joined, boxes)


@dataclass(frozen=True, slots=True)
class Pen:
    """Points of a scene → EMU of the slide it is centred on, as large as it can be."""

    scale: float
    left: float
    top: float

    @staticmethod
    def on(scene: Scene) -> Pen:
        """The pen for the slide of a scene."""
        width, height = scene.page
        scale = min(width / scene.width, height / scene.height)
        return Pen(scale, (width - scale * scene.width) / 2, (height - scale * scene.height) / 2)

    def length(self, points: float) -> int:
        """A length in EMU."""
        return round(points * self.scale * EMU)

    def at(self, point: Point) -> tuple[int, int]:
        """A place in EMU."""
        return (
            round((self.left + point[0] * self.scale) * EMU),
            round((self.top + point[1] * self.scale) * EMU),
        )

    def box(self, rect: Rect) -> Box:
        """A rectangle in EMU."""
        (x, y), (right, bottom) = self.at((rect.x, rect.y)), self.at((rect.right, rect.bottom))
        return Box(x, y, right - x, bottom - y)

    def size(self, points: float) -> int:
        """A font size in hundredths of a point."""
        return max(100, round(points * self.scale * 100))
