"""The legend: what the colours and lines of a figure mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archlang.figures.geometry import Rect
from archlang.figures.layout.solids import shown
from archlang.figures.metrics import width
from archlang.figures.scene.model import Group, Mark, Route, Shape, Text
from archlang.figures.theme import FAMILY_NAMES, SMALL, Theme
from archlang.figures.view.model import View

_SWATCH, _HEIGHT, _SPACE, _ROW = 20.0, 12.0, 18.0, 18.0
_SKIPS = {"short": "skip, within a unit", "long": "skip, across units", "dense": "dense skip"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One sign with its meaning; `kind` is a family, a kind of skip or "training"."""

    kind: str
    text: str

    @property
    def width(self) -> float:
        return _SWATCH + 5 + width(self.text, SMALL)


def entries(view: View, *, slabs: bool = False) -> list[Entry]:
    """What needs an explanation, as far as it occurs. `slabs`: layers are bands on them too."""
    boxes = [b for panel in view.panels for b in panel.boxes]
    families = {b.family for b in boxes}
    if slabs:
        families = {family for b in boxes for family in shown(b)}
    found = [Entry(f, name) for f, name in FAMILY_NAMES.items() if f in families]
    kinds = {line.kind for panel in view.panels for line in panel.lines}
    kinds |= {loop.kind for b in boxes for loop in b.loops}
    found += [Entry(kind, name) for kind, name in _SKIPS.items() if kind in kinds]
    if any(b.training for b in boxes):
        found.append(Entry("training", "while training only"))
    return found


def rows(found: list[Entry], limit: float) -> list[list[Entry]]:
    """The entries in rows of at most a width, evenly filled."""
    lines: list[list[Entry]] = []
    used = limit
    for entry in found:
        if used + entry.width > limit:
            lines.append([])
            used = 0.0
        lines[-1].append(entry)
        used += entry.width + _SPACE
    return lines


def height(lines: list[list[Entry]]) -> float:
    """How high rows of entries are."""
    return len(lines) * _ROW


def paint(lines: list[list[Entry]], left: float, top: float, theme: Theme) -> Iterator[Group]:
    """The legend from its upper left corner."""
    for number, line in enumerate(lines):
        x, y = left, top + number * _ROW
        for entry in line:
            text = Text(x + _SWATCH + 5, y + 9.5, entry.text, SMALL, "start", colour=theme.faint)
            yield Group("legend", entry.kind, (_sign(entry.kind, x, y, theme), text))
            x += entry.width + _SPACE


def _sign(kind: str, x: float, y: float, theme: Theme) -> Mark:
    middle = y + _HEIGHT / 2
    if kind in theme.skips:
        bend = (x, middle), (x + 7, middle), (x + 13, middle), (x + _SWATCH, middle)
        return Route(bend, theme.skips[kind], 1.8)
    if kind == "training":
        return Shape(Rect(x, y, _SWATCH, _HEIGHT), theme.paper, theme.line, 3, dashed=True)
    paint = theme.families[kind]
    return Shape(Rect(x, y, _SWATCH, _HEIGHT), paint.fill, paint.stroke, 3)
