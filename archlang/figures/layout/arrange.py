"""Ways to put a network and its insets side by side: cards of known size in rows and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from archlang.figures.geometry import Rect, around
from archlang.figures.layout.lettering import labels
from archlang.figures.layout.packing import Skyline, packed
from archlang.figures.layout.place import Placement
from archlang.figures.layout.volume.slabs import Volume
from archlang.figures.metrics import width
from archlang.figures.scene.model import Text
from archlang.figures.theme import SMALL, TITLE

BETWEEN = 12.0
"""Between cards."""
CARD = 10.0
"""From the frame of an inset to what is in it."""
CARD_TITLE = 22.0
NOTE = 14.0


@dataclass(eq=False)
class Card:
    """A placement with the room it takes; an inset has a frame and a title. `parts`: what takes
    the room."""

    placement: Placement
    room: Rect
    title: str = ""
    note: str = ""
    parts: Sequence[Rect] = ()

    @cached_property
    def skyline(self) -> Skyline:
        """Its lower edge."""
        found = Skyline(self.room.w, BETWEEN)
        found.stand(r.moved(-self.room.x, -self.room.y) for r in self.parts)
        return found

    @property
    def size(self) -> tuple[float, float]:
        return self.room.w, self.room.h


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Cards at their upper left corners, and the room they take together."""

    places: tuple[tuple[Card, float, float], ...]
    w: float
    h: float


def card(placement: Placement) -> Card:
    parts = [placement.bounds] if isinstance(placement, Volume) else extent(placement)
    return Card(placement, around(parts), parts=parts)


def inset_card(placement: Placement) -> Card:
    panel = placement.panel
    inner = card(placement).room.grown(CARD)
    head = CARD_TITLE + (NOTE if panel.note else 0.0)
    note = Text(0, 0, panel.note, SMALL, math=panel.math)
    text = max(width(panel.title, TITLE, bold=True), note.width) + 2 * CARD
    w = max(inner.w, text)
    room = Rect(inner.x - (w - inner.w) / 2, inner.y - head, w, inner.h + head)
    return Card(placement, room, panel.title, panel.note, [room])


def arrangements(main: Card, insets: Sequence[Card]) -> Iterator[Arrangement]:
    """The network with its insets to its right, below it, or the wide ones below."""
    if not insets:
        yield Arrangement(((main, 0.0, 0.0),), *main.size)
        return
    yield from _packed(main, insets)
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


def _packed(main: Card, insets: Sequence[Card]) -> Iterator[Arrangement]:
    """The insets wherever there is room within some widths."""
    limits = [main.room.w]
    for inset in sorted(insets, key=lambda inset: inset.room.w):
        limits.append(limits[-1] + BETWEEN + inset.room.w)
    limits += [main.room.w + BETWEEN + inset.room.w for inset in insets]
    for limit in sorted({max(limit, *(c.room.w for c in insets)) for limit in limits}):
        spots = packed(main.skyline, [c.size for c in insets], limit)
        if spots is not None:
            places = tuple((c, *spot) for c, spot in zip(insets, spots, strict=True))
            w = max(main.room.w, *(x + c.room.w for c, x, _ in places))
            h = max(main.room.h, *(y + c.room.h for c, _, y in places))
            yield Arrangement(((main, 0.0, 0.0), *places), w, h)


def _beside(main: Card, others: Arrangement) -> Arrangement:
    left = main.room.w + BETWEEN
    moved = tuple((c, x + left, y) for c, x, y in others.places)
    return Arrangement(((main, 0.0, 0.0), *moved), left + others.w, max(main.room.h, others.h))


def _below(main: Card, others: Arrangement) -> Arrangement:
    return _stacked(Arrangement(((main, 0.0, 0.0),), *main.size), others)


def _stacked(upper: Arrangement, lower: Arrangement) -> Arrangement:
    top = upper.h + BETWEEN
    w = max(upper.w, lower.w)
    places = tuple((c, x + (w - upper.w) / 2, y) for c, x, y in upper.places)
    moved = tuple((c, x + (w - lower.w) / 2, y + top) for c, x, y in lower.places)
    return Arrangement((*places, *moved), w, top + lower.h)


def _in_columns(cards: Sequence[Card], limit: float) -> Arrangement:
    return _in_lines(cards, limit, down=True)


def _in_rows(cards: Sequence[Card], limit: float) -> Arrangement:
    return _in_lines(cards, limit, down=False)


def _in_lines(cards: Sequence[Card], limit: float, down: bool) -> Arrangement:
    """Cards one after another, down or to the right; where `limit` is passed, a new line begins."""

    def turned(along: float, across: float) -> tuple[float, float]:
        return (across, along) if down else (along, across)

    places: list[tuple[Card, float, float]] = []
    along = across = breadth = longest = 0.0
    for card in cards:
        length, thickness = turned(*card.size)
        if along and along + length > limit:
            along, across, breadth = 0.0, across + breadth + BETWEEN, 0.0
        places.append((card, *turned(along, across)))
        along += length + BETWEEN
        breadth, longest = max(breadth, thickness), max(longest, along - BETWEEN)
    return Arrangement(tuple(places), *turned(longest, across + breadth))


def extent(placement: Placement) -> list[Rect]:
    """All rectangles a panel takes: boxes, labels, grounds with their titles."""
    rects = [placement.whole(i) for i in placement.rects]
    rects += [label.rect for label in labels(placement)]
    titled = [(t, r) for t, r, _ in placement.grounds]
    titled += [(f.title, r) for f, r in placement.frames]
    for title, r in titled:
        strip = SMALL * 1.3 if title else 0.0
        rects.append(Rect(r.x - strip, r.y, r.w + strip, r.h))
    for placed in placement.lines:
        if placed.curved:
            rects += [Rect(x, y, 0, 0) for x, y in placed.points]
        else:
            rects += [around([Rect(*a, 0, 0), Rect(*b, 0, 0)]) for a, b in pairwise(placed.points)]
    return rects
