"""A figure with everything in its place: shapes, routes and texts in points, y downwards.

Writers read this and nothing else, so that all formats show the same picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from archlang.figures.geometry import Point, Rect
from archlang.figures.metrics import width

Dash = Literal["solid", "dashed", "dotted"]
PATTERNS: dict[Dash, tuple[float, ...]] = {"solid": (), "dashed": (4, 3), "dotted": (1.5, 2)}
"""Lengths of the strokes and gaps of a line, in points."""
SUB_SIZE, SUB_DROP = 0.75, 0.2
"""Size of a subscript, and how far below the line it stands, in font sizes."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `x` is its start, middle or end, `y` its baseline."""

    x: float
    y: float
    text: str
    size: float
    anchor: Literal["start", "middle", "end"] = "middle"
    bold: bool = False
    colour: str = ""
    halo: str = ""
    """The colour of what it stands on, to be read over lines; empty where it touches none."""
    turned: bool = False
    """Whether it is read from bottom to top."""
    math: bool = False
    """Whether `_{…}` in it is a subscript. Text of a spec is never read so."""

    @property
    def width(self) -> float:
        """How much room it takes in the direction of reading."""
        return sum(
            width(run, self.size * (SUB_SIZE if low else 1), self.bold) for run, low in runs(self)
        )

    @property
    def rect(self) -> Rect:
        """The room its letters take."""
        w, up, down = self.width, 0.76 * self.size, 0.24 * self.size
        off = {"start": 0.0, "middle": w / 2, "end": w}[self.anchor]
        if self.turned:
            return Rect(self.x - up, self.y + off - w, up + down, w)
        return Rect(self.x - off, self.y - up, w, up + down)


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle with rounded corners (a circle, if the radius is half its width)."""

    rect: Rect
    fill: str
    stroke: str = ""
    radius: float = 0.0
    width: float = 1.0
    dashed: bool = False
    texts: tuple[Text, ...] = ()
    """The lines written in it, downwards."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed shape with straight sides: a face of a box drawn in space."""

    points: tuple[Point, ...]
    fill: str
    stroke: str = ""
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A line through points: Bézier (1 + 3n points) or straight pieces with rounded corners."""

    points: tuple[Point, ...]
    colour: str
    width: float = 1.2
    curved: bool = True
    dash: Dash = "solid"
    arrow: bool = True


Mark = Shape | Polygon | Route | Text


@dataclass(frozen=True, slots=True)
class Group:
    """Marks that belong together: a box with its labels, a line with its label."""

    role: Literal["box", "line", "marker", "ground", "frame", "legend", "heading"]
    name: str
    marks: tuple[Mark, ...]
    tip: str = ""
    """What a pointer held over it shows, and a reader of the screen says."""
    ends: tuple[str, str] | None = None
    """Of a line: the names of the boxes it joins."""
    bounds: Rect | None = None
    """Of a box: the shape that lines end at."""
    within: tuple[str, ...] = ()
    """The names of what it is part of, outside in: the drawing (the network, an inset), then the
    stage or the frame in it. Empty for heading and legend."""
    nodes: tuple[int, ...] = ()
    """Of a box: the graph's nodes it stands for."""
    unit: str = ""
    """The path of the unit that a box folds, or that a frame lies around."""
    step: int = 0
    """The frame of a step-by-step figure it appears in; 0: it is there from the start."""

    @property
    def texts(self) -> Iterator[Text]:
        """All lines of text in it, those within shapes included."""
        for mark in self.marks:
            if isinstance(mark, Text):
                yield mark
            elif isinstance(mark, Shape):
                yield from mark.texts


@dataclass(eq=False, slots=True)
class Scene:
    """A whole figure."""

    width: float
    height: float
    title: str
    description: str
    paper: str
    """The colour it stands on."""
    page: Point = (960.0, 540.0)
    """Width and height of the slide or sheet it is made for, in points."""
    groups: list[Group] = field(default_factory=list[Group])
    """What lies at the back first."""
    notes: tuple[str, ...] = ()
    """What it does not show although it was asked for, a line each."""

    @property
    def texts(self) -> Iterator[Text]:
        """All lines of text."""
        return (text for group in self.groups for text in group.texts)


def frames(scene: Scene) -> list[Scene]:
    """The figure step by step, each frame with all of the one before; the last is the figure."""
    last = max((group.step for group in scene.groups), default=0)
    return [
        replace(scene, groups=[g for g in scene.groups if g.step <= step])
        for step in range(min(1, last), last + 1)
    ]


def runs(text: Text) -> list[tuple[str, bool]]:
    """A line of text as pieces, each with whether it is a subscript."""
    if not text.math:
        return [(text.text, False)]
    pieces: list[tuple[str, bool]] = []
    for before, mark, rest in _cut(text.text):
        pieces += [(before, False)] if before else []
        pieces += [(rest, True)] if mark else []
    return pieces


def _cut(text: str) -> Iterator[tuple[str, bool, str]]:
    while "_{" in text:
        before, _, rest = text.partition("_{")
        inside, _, text = rest.partition("}")
        yield before, True, inside
    yield text, False, ""
