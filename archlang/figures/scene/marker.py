"""Marks parts of a drawing as if with a text marker: a broad stroke of colour beneath them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from archlang.figures.geometry import around
from archlang.figures.layout.arrange import Card
from archlang.figures.layout.place import MARKER
from archlang.figures.scene.model import Group, Mark, Route, Shape
from archlang.figures.theme import Theme

_STROKE = 9.0


def marked(groups: Iterable[Group], cards: Iterable[Card], theme: Theme) -> Iterator[Group]:
    """The groups of some cards, what is accented in them on a ground of its own.

    The boxes of the card with number n are called `p{n}b…`.
    """
    accents = _accents(cards)
    whole = list(groups)
    begun: set[str] = set()
    for group in whole:
        drawing = _drawing(group)
        if drawing and drawing not in begun:
            begun.add(drawing)
            for part in whole:
                if _drawing(part) == drawing:
                    yield from _under(part, accents, theme)
        yield group


def _drawing(group: Group) -> str:
    """Which card a box or line is on."""
    name = group.ends[0] if group.ends else group.name if group.role == "box" else ""
    return name.partition("b")[0]


def _accents(cards: Iterable[Card]) -> set[tuple[str, ...]]:
    """The names of accented boxes, of boxes whose loops are, and the ends and kinds of lines."""
    found: set[tuple[str, ...]] = set()
    for number, card in enumerate(cards):
        for box in card.placement.panel.boxes:
            if box.emphasis == "accent":
                found.add((f"p{number}b{box.id}",))
            for k, loop in enumerate(box.loops):
                if loop.emphasis == "accent":
                    found.add((f"p{number}b{box.id}", "loop", str(k)))
        for line in card.placement.panel.lines:
            if line.emphasis == "accent":
                found.add((f"p{number}b{line.tail}", f"p{number}b{line.head}", line.kind))
    return found


def _under(group: Group, accents: set[tuple[str, ...]], theme: Theme) -> Iterator[Group]:
    """What lies beneath a group."""
    routes = [m for m in group.marks if isinstance(m, Route)]
    shapes = [m for m in group.marks if isinstance(m, Shape)]
    marks: list[Mark] = []
    if group.ends and (*group.ends, group.name) in accents:
        marks += [_stroke(route, theme) for route in routes]
    if (group.name,) in accents and shapes:
        body = around([shape.rect for shape in shapes])
        radius = min(shapes[-1].radius, body.h / 2) + MARKER
        marks.append(Shape(body.grown(MARKER), theme.marker, radius=radius))
        marks += [_stroke(route, theme) for route in routes]
    loops = [k for k in range(len(routes)) if (group.name, "loop", str(k)) in accents]
    if loops:  # of several arcs for one loop (dense) the first is the outermost
        marks += [_stroke(routes[k], theme) for k in loops]
    if marks:
        name = f"differs {group.name}"
        yield Group("marker", name, tuple(marks), within=group.within, step=group.step)


def _stroke(route: Route, theme: Theme) -> Route:
    return replace(route, colour=theme.marker, width=_STROKE, dash="solid", arrow=False)
