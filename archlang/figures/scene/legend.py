"""The legend: what the colours and lines of a figure mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archlang.figures.geometry import Rect
from archlang.figures.layout.volume.solids import shown
from archlang.figures.metrics import width
from archlang.figures.scene.model import Group, Mark, Route, Shape, Text
from archlang.figures.scene.paint import SIGN, STROKES
from archlang.figures.scene.signs import SIGNS, strokes
from archlang.figures.theme import FAMILY_NAMES, SMALL, Theme
from archlang.figures.view.model import Box, LineKind, View

_SWATCH, _HEIGHT, _SPACE, _ROW = 20.0, 12.0, 18.0, 18.0
_SKIPS: dict[LineKind, str] = {
    "short": "skip, within a unit",
    "long": "skip, across units",
    "dense": "dense skip",
}
MOST_ROWS = 2
"""What a legend may take of a slide."""
_EXTRAS = ("sum", "repeat", "ground", "stage")
"""What most readers guess: told if the rows have room, the last first to go."""
_DISPENSABLE = ("regular", "shape", "norm", "training")
"""What goes next, in this order, where all else has no room in the rows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sign with its meaning; `kind` is a family, a kind of skip, the name of a merge,
    "training", "repeat", "stage", "ground" or "differs"."""

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
    written = {b.caption.title for b in boxes if b.form == "circle"}
    found += [Entry(s.name, s.name) for caption, s in SIGNS.items() if caption in written]
    if any(b.training for b in boxes):
        found.append(Entry("training", "while training only"))
    return found if slabs else found + _repeats(boxes)


def _repeats(boxes: Iterable[Box]) -> list[Entry]:
    """Why there are sheets behind boxes."""
    if not any(box.count > 1 for box in boxes):
        return []
    return [Entry("repeat", "×N: N in a row")]


def grounds(titles: Sequence[str]) -> list[Entry]:
    """What the grounds under boxes are; they have titles where the source names the stages."""
    if not titles:
        return []
    return [Entry("stage", "stage") if all(titles) else Entry("ground", "same resolution")]


def rows(
    found: Sequence[Entry], limit: float, most: int = MOST_ROWS, *, roomy: bool = True
) -> list[list[Entry]]:
    """The entries in at most `most` rows of at most a width; what can be guessed is left out
    where there is no room for it (not `roomy`: where it would take a row more), and then what can
    be spared."""
    told = [e for e in found if e.kind not in _EXTRAS]
    for kind in _DISPENSABLE:
        if len(_wrapped(told, limit)) > most:
            told = [e for e in told if e.kind != kind]
    room = max(len(_wrapped(told, limit)), most if roomy else 1)
    for extra in _EXTRAS:
        kinds = {e.kind for e in told} | {extra}
        more = [e for e in found if e.kind in kinds]
        if len(_wrapped(more, limit)) <= room:
            told = more
    return _wrapped(told, limit)


def _wrapped(found: Iterable[Entry], limit: float) -> list[list[Entry]]:
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
            sign = _sign(entry.kind, Rect(x, y, _SWATCH, _HEIGHT), theme)
            yield Group("legend", entry.kind, (*sign, text))
            x += entry.width + _SPACE


def _sign(kind: str, room: Rect, theme: Theme) -> Iterator[Mark]:
    if kind in _SKIPS:
        yield _skip(kind, room, theme)
    elif kind in theme.families:
        paint = theme.families[kind]
        yield Shape(room, paint.fill, paint.stroke, 3, paint.width)
    elif kind == "training":
        yield Shape(room, theme.paper, theme.line, 3, dashed=True)
    elif kind == "repeat":
        for off in (4.0, 2.0, 0.0):
            sheet = Rect(room.x + off, room.y + off, room.w - 4, room.h - 4)
            yield Shape(sheet, theme.paper, theme.line, 2)
    elif kind in ("stage", "ground"):
        yield Shape(room, theme.stage, theme.frame, 3, 0.5)
    elif kind == "differs":
        yield Shape(room.grown(1.5), theme.marker, radius=4)
        yield Shape(room.grown(-1.5), theme.paper, theme.accent, 3, 2.0)
    else:
        yield from _merge(kind, room, theme)


def _skip(kind: LineKind, room: Rect, theme: Theme) -> Route:
    middle = room.centre[1]
    points = tuple((room.x + room.w * share / 3, middle) for share in range(4))
    thick, dash = STROKES[kind]
    return Route(points, theme.skips[kind], thick, dash=dash)


def _merge(name: str, room: Rect, theme: Theme) -> Iterator[Mark]:
    """A merge's circle with its sign."""
    paint = theme.families["merge"]
    r = room.h / 2 + 0.5
    circle = Rect(room.centre[0] - r, room.centre[1] - r, 2 * r, 2 * r)
    yield Shape(circle, paint.fill, paint.stroke, r, 1.2)
    for caption, sign in SIGNS.items():
        if sign.name == name:
            yield from strokes(caption, circle, paint.stroke, SIGN * 0.8)
