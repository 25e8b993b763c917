"""Puts a figure together: the network, its insets, heading and legend, to fill a slide best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor

from archlang.draw import legend
from archlang.draw.arcs import in_a_row
from archlang.draw.columns import Columns, grounds
from archlang.draw.dot import layouts
from archlang.draw.metrics import width
from archlang.draw.paint import Painter, extent
from archlang.draw.place import Placement, received, request
from archlang.draw.scene import Group, Mark, Rect, Scene, Shape, Text, around
from archlang.draw.theme import HEADING, SMALL, TITLE, Theme
from archlang.draw.ushape import UShape
from archlang.draw.view import View

SLIDE = (960.0, 540.0)
"""A slide of 13.33 × 7.5 in, in points."""
NARROWEST, WIDEST = 1.0, 2.4
READABLE = 10.0
"""Smallest text on a slide, in points."""
LARGE = 20
"""A network of more boxes may be cut into columns where a skip has begun."""
COMFORTABLE = 1.5
"""A figure need not be magnified more than that."""
MARGIN = 15.0
_MOST_COLUMNS = 12
_KEEP_STAGES = 50.0
_BETWEEN = 16.0
_CARD = 10.0
_CARD_TITLE = 22.0
_NOTE = 14.0
_HEAD = HEADING * 1.3 + 10


@dataclass(eq=False, slots=True)
class Card:
    """A placement with the room it takes; an inset has a frame and a title."""

    placement: Placement
    room: Rect
    title: str = ""
    note: str = ""

    @property
    def size(self) -> tuple[float, float]:
        return self.room.w, self.room.h


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Cards at their upper left corners, and the room they take together."""

    places: tuple[tuple[Card, float, float], ...]
    w: float
    h: float


def best(views: Iterable[View], theme: Theme) -> Scene:
    """The scene of the first view whose text is large enough on a slide, else of the largest.

    Raises:
        DrawingError: there is no Graphviz.
    """
    scenes: list[Scene] = []
    for view in views:
        scenes.append(compose(view, theme))
        if smallest_text(scenes[-1]) >= READABLE:
            return scenes[-1]
    return max(scenes, key=smallest_text)


def smallest_text(scene: Scene) -> float:
    """Size of the smallest text, in points, when the figure fills a slide."""
    scale = min(SLIDE[0] / scene.width, SLIDE[1] / scene.height)
    texts = (m.size for group in scene.groups for m in group.marks if isinstance(m, Text))
    return scale * min(texts, default=TITLE)


def compose(view: View, theme: Theme) -> Scene:
    """The scene of a view.

    Raises:
        DrawingError: there is no Graphviz.
    """
    mains, insets = _placements(view)
    decks = [[_inset_card(p) for p in insets], [_inset_card(_lower(p)) for p in insets]]
    entries = legend.entries(view)
    ways = [
        (way, -count)
        for count, main in enumerate(mains)
        for cards in decks
        for way in _arrangements(_card(main), cards)
    ]
    chosen = max(ways, key=lambda way: (_fitness(way[0], view, entries), way[1]))
    return _Composer(view, theme, chosen[0], entries).scene()


def _placements(view: View) -> tuple[list[Placement], list[Placement]]:
    """The network in all ways worth trying, and each inset."""
    shape = UShape(view.main)
    drawn = [p for p in view.insets if not p.arcs]
    asked = request(view.main, common=True)
    answers = layouts([asked, *(request(p, common=False) for p in drawn)])
    found = {
        id(p): received(p, answer, common=False)
        for p, answer in zip(drawn, answers[1:], strict=True)
    }
    insets = [found[id(p)] if id(p) in found else in_a_row(p) for p in view.insets]
    if shape.fits:
        return [shape.placement()], insets
    columns = Columns(
        received(view.main, answers[0], common=True),
        forks=len(view.main.boxes) > LARGE,
        keep=_KEEP_STAGES,
    )
    mains = [columns.broken(k) for k in range(1, _MOST_COLUMNS + 1)]
    for main in mains:
        if main is not None and not view.main.frames:
            main.grounds = grounds(main)
    return [m for m in mains if m is not None], insets


def _lower(placement: Placement) -> Placement:
    """An inset in two columns where it is a tall chain."""
    bounds = placement.bounds
    tall = not placement.panel.arcs and bounds.h > 200 and bounds.h > 1.5 * bounds.w
    return (Columns(placement).broken(2) or placement) if tall else placement


def _card(placement: Placement) -> Card:
    return Card(placement, around(extent(placement)))


def _inset_card(placement: Placement) -> Card:
    panel = placement.panel
    inner = around(extent(placement)).grown(_CARD)
    head = _CARD_TITLE + (_NOTE if panel.note else 0.0)
    text = max(width(panel.title, TITLE, bold=True), width(panel.note, SMALL)) + 2 * _CARD
    w = max(inner.w, text)
    room = Rect(inner.x - (w - inner.w) / 2, inner.y - head, w, inner.h + head)
    return Card(placement, room, panel.title, panel.note)


def _arrangements(main: Card, insets: Sequence[Card]) -> Iterator[Arrangement]:
    """The network with its insets to its right, below it, or the wide ones below."""
    if not insets:
        yield Arrangement(((main, 0.0, 0.0),), *main.size)
        return
    corner = _in_corner(main, insets)
    if corner:
        yield corner
    wide = [c for c in insets if c.placement.panel.arcs]
    tall = [c for c in insets if not c.placement.panel.arcs]
    for stretch in (1.0, 1.25, 1.6, 2.2):
        yield _beside(main, _in_columns(insets, main.room.h * stretch))
        yield _below(main, _in_rows(insets, main.room.w * stretch))
        if wide and tall:
            upper = _beside(main, _in_columns(tall, main.room.h * stretch))
            lower = _in_rows(wide, upper.w)
            yield _stacked(upper, lower)
            right = _beside(main, _in_columns(tall, main.room.h * stretch))
            yield _stacked(right, _in_rows(wide, right.w * 2))


def _in_corner(main: Card, insets: Sequence[Card]) -> Arrangement | None:
    """The insets in the lower right corner of the network's room, if nothing is there."""
    others = _in_rows(insets, main.room.w)
    x, y = main.room.w - others.w, main.room.h - others.h
    corner = Rect(x + main.room.x, y + main.room.y, others.w, others.h).grown(_BETWEEN / 2)
    if x < 0 or y < 0 or any(r.overlaps(corner) for r in extent(main.placement)):
        return None
    moved = tuple((c, cx + x, cy + y) for c, cx, cy in others.places)
    return Arrangement(((main, 0.0, 0.0), *moved), *main.size)


def _beside(main: Card, others: Arrangement) -> Arrangement:
    left = main.room.w + _BETWEEN
    moved = tuple((c, x + left, y) for c, x, y in others.places)
    return Arrangement(((main, 0.0, 0.0), *moved), left + others.w, max(main.room.h, others.h))


def _below(main: Card, others: Arrangement) -> Arrangement:
    return _stacked(Arrangement(((main, 0.0, 0.0),), *main.size), others)


def _stacked(upper: Arrangement, lower: Arrangement) -> Arrangement:
    top = upper.h + _BETWEEN
    w = max(upper.w, lower.w)
    places = tuple((c, x + (w - upper.w) / 2, y) for c, x, y in upper.places)
    moved = tuple((c, x + (w - lower.w) / 2, y + top) for c, x, y in lower.places)
    return Arrangement((*places, *moved), w, top + lower.h)


def _in_columns(cards: Sequence[Card], limit: float) -> Arrangement:
    places: list[tuple[Card, float, float]] = []
    x = y = column = tallest = 0.0
    for card in cards:
        w, h = card.size
        if y and y + h > limit:
            x, y, column = x + column + _BETWEEN, 0.0, 0.0
        places.append((card, x, y))
        y += h + _BETWEEN
        column, tallest = max(column, w), max(tallest, y - _BETWEEN)
    return Arrangement(tuple(places), x + column, tallest)


def _in_rows(cards: Sequence[Card], limit: float) -> Arrangement:
    places: list[tuple[Card, float, float]] = []
    x = y = row = widest = 0.0
    for card in cards:
        w, h = card.size
        if x and x + w > limit:
            x, y, row = 0.0, y + row + _BETWEEN, 0.0
        places.append((card, x, y))
        x += w + _BETWEEN
        row, widest = max(row, h), max(widest, x - _BETWEEN)
    return Arrangement(tuple(places), widest, y + row)


def _fitness(way: Arrangement, view: View, entries: list[legend.Entry]) -> float:
    """How large it stands on a slide, up to what is comfortable, less where it would need empty
    margins."""
    w, h, _ = _outer(way, view, entries)
    scale = min(SLIDE[0] / w, SLIDE[1] / h, COMFORTABLE)
    natural = way.w / (way.h + 100)
    empty = 1.0 if NARROWEST * 0.8 <= natural <= WIDEST * 1.1 else 0.8
    return floor(scale * empty * 5) / 5 if scale * empty >= 1 else round(scale * empty, 2)


def _outer(
    way: Arrangement, view: View, entries: list[legend.Entry]
) -> tuple[float, float, list[list[legend.Entry]]]:
    """Width and height of the whole figure, within the bounds of its aspect, and the legend."""
    head = width(view.title, HEADING, bold=True) + 14 + width(view.facts, SMALL)
    rows = legend.rows(entries, max(way.w, head, 420.0))
    used = max((sum(e.width + 18 for e in row) for row in rows), default=0.0)
    w = max(way.w, head, used) + 2 * MARGIN
    h = way.h + 2 * MARGIN + _HEAD + legend.height(rows) + _BETWEEN
    return max(w, h * NARROWEST), max(h, w / WIDEST), rows


class _Composer:
    """Paints the chosen arrangement."""

    def __init__(
        self, view: View, theme: Theme, way: Arrangement, entries: list[legend.Entry]
    ) -> None:
        self.view, self.theme, self.way = view, theme, way
        self.w, self.h, self.rows = _outer(way, view, entries)
        self.painter = Painter(theme)

    def scene(self) -> Scene:
        """The finished scene."""
        view = self.view
        text = f"{view.facts}. {view.doc.strip()}" if view.doc else view.facts
        theme = self.theme
        scene = Scene(self.w, self.h, view.title, text, theme.paper, theme.fonts)
        scene.groups += self._title()
        top = MARGIN + _HEAD
        room = self.h - top - MARGIN - legend.height(self.rows) - _BETWEEN
        left, top = (self.w - self.way.w) / 2, top + (room - self.way.h) / 2
        for number, (card, x, y) in enumerate(self.way.places):
            scene.groups += self._card(card, x + left, y + top, f"p{number}b")
        foot = self.h - MARGIN - legend.height(self.rows)
        scene.groups += legend.paint(self.rows, MARGIN, foot, theme)
        return scene

    def _title(self) -> Iterator[Group]:
        theme = self.theme
        y = MARGIN + HEADING
        title = Text(MARGIN, y, self.view.title, HEADING, "start", bold=True, colour=theme.ink)
        x = MARGIN + width(self.view.title, HEADING, bold=True) + 14
        facts = Text(x, y, self.view.facts, SMALL, "start", colour=theme.faint)
        yield Group("heading", self.view.title, (title, facts))

    def _card(self, card: Card, x: float, y: float, name: str) -> Iterator[Group]:
        if card.title:
            yield self._card_frame(card, x, y)
        yield from self.painter.panel(card.placement.moved(x - card.room.x, y - card.room.y), name)

    def _card_frame(self, card: Card, x: float, y: float) -> Group:
        theme = self.theme
        marks: list[Mark] = [Shape(Rect(x, y, *card.size), theme.paper, theme.frame, 8)]
        base = y + TITLE + 6
        marks.append(Text(x + _CARD, base, card.title, TITLE, "start", True, theme.ink))
        if card.note:
            base += SMALL * 1.4
            marks.append(Text(x + _CARD, base, card.note, SMALL, "start", colour=theme.faint))
        return Group("frame", card.title, tuple(marks))
