"""What a figure shows, before anything has a place: panels of boxes and lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from archlang.graph import Scope

Form = Literal["box", "pill", "circle"]
LineKind = Literal["flow", "short", "long", "dense"]
Emphasis = Literal["", "accent", "dim"]
"""Whether a part is to catch the eye, or to step back behind one that does."""


@dataclass(frozen=True, slots=True)
class Caption:
    """The text in a box: small lines over and under its title, in the order of the layers."""

    title: str
    over: str = ""
    under: str = ""
    math: bool = False
    """Whether `_{…}` in the title is a subscript. Text of a spec is never read so."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Skips of one kind within a folded unit, drawn as an arc at its side."""

    kind: LineKind
    matching: str
    """W as written; empty for the identity."""
    count: int
    """How many skips it stands for, over all copies of the unit."""
    emphasis: Emphasis = ""


@dataclass(eq=False, slots=True)
class Box:
    """One shape of a figure: layers written together, or a unit, or several equal units."""

    id: int
    caption: Caption
    family: str
    nodes: tuple[int, ...]
    """The graph's nodes it stands for, of all copies."""
    form: Form = "box"
    count: int = 1
    """How many equal parts in a row it stands for."""
    folded: bool = False
    """Whether it hides a unit, which an inset unfolds."""
    loops: tuple[Loop, ...] = ()
    training: bool = False
    tip: str = ""
    stage: str = ""
    """Boxes of one stage in a row stand on one ground."""
    shape: tuple[int, ...] = ()
    """Of its result."""
    layers: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Family and result's shape of each layer that is written in it; of a unit, none."""
    emphasis: Emphasis = ""
    unit: Scope | None = None
    """The unit it folds, of several the first; of layers none."""

    @property
    def size(self) -> int:
        """How many positions its result has in space."""
        return prod(self.shape[1:]) if self.nodes else 0


@dataclass(frozen=True, slots=True)
class Line:
    """An edge between two boxes of a panel, by their ids."""

    tail: int
    head: int
    kind: LineKind = "flow"
    label: str = ""
    """W, on a skip."""
    shape: str = ""
    """The tensor's shape, where it is worth saying."""
    training: bool = False
    count: int = 1
    """How many skips it stands for."""
    emphasis: Emphasis = ""
    math: bool = False
    """Whether `_{…}` in the label is a subscript."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A unit drawn open: a frame around its boxes."""

    title: str
    boxes: frozenset[int]
    unit: Scope | None = None


@dataclass(eq=False, slots=True)
class Panel:
    """A drawing of its own: the network, or a block unfolded.

    `arcs`: the boxes stand in one row and the skips are arcs over them (a dense block).
    """

    title: str
    note: str = ""
    boxes: list[Box] = field(default_factory=list[Box])
    lines: list[Line] = field(default_factory=list[Line])
    frames: list[Frame] = field(default_factory=list[Frame])
    arcs: bool = False
    math: bool = False
    """Whether `_{…}` in the note is a subscript: a formula."""
    unit: Scope | None = None
    """The unit it shows; None for the network."""

    @property
    def skips(self) -> int:
        """How many skips its lines and loops stand for; lines into the box of a W do not count."""
        whole = (n for n in self.lines if self.boxes[n.head].family != "skip")
        lines = sum(line.count for line in whole if line.kind != "flow")
        return lines + sum(loop.count for box in self.boxes for loop in box.loops)


@dataclass(eq=False, slots=True)
class View:
    """A whole figure: the network, and each distinct block it folds once unfolded."""

    title: str
    facts: str
    doc: str
    main: Panel
    insets: list[Panel]
    notes: tuple[str, ...] = ()
    """What it leaves out although it was asked for, a line each."""
    focus: bool = False
    """Whether its panels are drawings of equal rank: variants of one block, layer by layer."""

    @property
    def panels(self) -> Iterator[Panel]:
        """The network first, then the insets."""
        yield self.main
        yield from self.insets
