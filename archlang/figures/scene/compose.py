"""Puts a figure together: the network, its insets, heading and legend, to fill its place best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, product
from math import floor, inf, prod, sqrt

from archlang.figures.errors import DrawingError
from archlang.figures.geometry import Rect
from archlang.figures.layout.arrange import (
    BETWEEN,
    CARD,
    Arrangement,
    Card,
    arrangements,
    card,
    inset_card,
)
from archlang.figures.layout.candidates import candidates, lower, turned
from archlang.figures.layout.place import Placement
from archlang.figures.metrics import width
from archlang.figures.options import Fit, Options
from archlang.figures.scene import legend
from archlang.figures.scene.model import Group, Mark, Scene, Shape, Text
from archlang.figures.scene.paint import Painter
from archlang.figures.scene.steps import steps
from archlang.figures.scene.volume import VolumePainter, solid_theme
from archlang.figures.theme import HEADING, LEADING, SMALL, THEMES, TITLE
from archlang.figures.view.model import View

COMFORTABLE = 1.5
"""A figure need not be magnified more than that."""
MARGIN = 15.0
_COLUMN = 0.02
"""By so much larger everything has to be for the network to be cut once more."""
_SPARE = 0.005
"""What it counts that of two figures of one scale one leaves half of its place free."""
_MOST_DECKS = 27
"""So many mixtures of upright, folded and turned insets are tried."""
_MOST_SLABS, _MOST_BOXES = 100, 400
"""What can be laid out in a few seconds, as volumes and flat."""
HEAD = HEADING * 1.3 + 10
_LEGEND = 420.0
"""A legend may take so much width, however narrow the network is."""


def best(views: Iterable[View], options: Options) -> Scene:
    """The scene of the first view whose text can be read where it has to fit, else of the one
    whose text is largest there.

    Raises:
        DrawingError: there is no Graphviz, or there are too many volumes.
    """
    fit = options.place
    scenes: list[Scene] = []
    tried: list[View] = []
    views = _bounded(views, options)
    for view, tight in chain(((view, False) for view in views), ((view, True) for view in tried)):
        tried += [] if tight else [view]
        scenes.append(compose(view, options, tight=tight))
        if smallest_text(scenes[-1], fit) >= fit.readable:
            return scenes[-1]
    return max(scenes, key=lambda scene: smallest_text(scene, fit))


def _bounded(views: Iterable[View], options: Options) -> Iterator[View]:
    """The views that are not too large to be laid out.

    Raises:
        DrawingError: there is none.
    """
    most = _MOST_SLABS if options.style == "volume" else _MOST_BOXES
    fewest, title = inf, ""
    for view in views:
        title = view.title
        boxes = max(len(panel.boxes) for panel in view.panels)
        fewest = min(fewest, boxes)
        if boxes <= most:
            yield view
    if most < fewest < inf:
        raise DrawingError(
            f"{title} still has {fewest} boxes when all is folded that can be, and {most} can "
            f"be laid out{' as volumes' if options.style == 'volume' else ''}; layers that are put "
            "into blocks fold"
        )


def smallest_text(scene: Scene, fit: Fit) -> float:
    """Size of the smallest text, in points, when the figure fills its place."""
    scale = min(fit.room[0] / scene.width, fit.room[1] / scene.height)
    return scale * min((text.size for text in scene.texts), default=TITLE)


def compose(view: View, options: Options, *, tight: bool = False) -> Scene:
    """The scene of a view; `tight`: with less room between its parts.

    Raises:
        DrawingError: there is no Graphviz.
    """
    if options.style == "volume":
        view = replace(view, insets=[])  # it is about tensors; the insets are about layers
    mains, insets = candidates(view, options, tight=tight)
    decks = _decks(insets, view, tight)
    frame = Surround(view, options.place, slabs=options.style == "volume")
    chosen: Arrangement | None = None
    best = -inf
    for count, main in enumerate(mains):
        whole = inset_card(main) if view.focus else card(main)
        for cards in decks:
            if chosen is not None and frame.worth(frame.ceiling([whole, *cards]), count) <= best:
                continue
            for way in arrangements(whole, cards):
                fitness = frame.worth(frame.fitness(way), count)
                if fitness > best + 1e-6:
                    chosen, best = way, fitness
    assert chosen is not None
    return Composer(frame, options, chosen).scene()


def _decks(insets: list[Placement], view: View, tight: bool) -> list[tuple[Card, ...]]:
    """The insets as they are, in two columns, turned, and where they are few, mixed."""
    if view.focus or not insets:
        return [tuple(inset_card(p) for p in insets)]
    kinds = [[inset_card(p) for p in {id(p): p for p in ways}.values()] for ways in (
        (p, lower(p), turned(p, tight=tight)) for p in insets
    )]  # fmt: skip
    if prod(map(len, kinds)) <= _MOST_DECKS:
        return [*product(*kinds)]
    return [tuple(kind[min(k, len(kind) - 1)] for kind in kinds) for k in range(3)]


class Surround:
    """What stands around the drawings of a view: heading, legend, margins."""

    def __init__(self, view: View, fit: Fit, *, slabs: bool = False) -> None:
        self.view, self.fit = view, fit
        self.slabs = slabs
        self.entries = legend.entries(view, slabs=slabs)
        self.upright = fit.page[0] < fit.page[1]
        """On a sheet of paper the facts stand below the title."""
        self.head = HEAD + (SMALL * LEADING if self.upright else 0.0)

    @property
    def heading(self) -> float:
        """Width of title and facts."""
        parts = width(self.view.title, HEADING, bold=True), width(self.view.facts, SMALL)
        return max(parts) if self.upright else sum(parts) + 14

    def fitness(self, way: Arrangement) -> float:
        """How large it stands in its place, up to what is comfortable, less where it would need
        empty margins."""
        w, h, _ = self.outer(way)
        fit = self.fit
        across, down = fit.room[0] / w, fit.room[1] / h
        scale = min(across, down, COMFORTABLE)
        spare = _SPARE * (min(max(across, down) / scale, 2.0) - 1)
        natural = way.w / (way.h + 100)
        empty = 1.0 if fit.narrowest * 0.8 <= natural <= fit.widest * 1.1 else 0.8
        return scale * empty + (0.0 if self.slabs else spare)

    def worth(self, fitness: float, rank: int) -> float:
        """The fitness of a drawing, less what its cuts cost where the text is large enough anyway.

        Slabs are tried from the finest look to the plainest: only a clear gain is worth a plainer
        one.
        """
        if self.slabs:
            return floor(fitness * 5) / 5 if fitness >= 1 else round(fitness, 2)
        return max(1.0, fitness - rank * _COLUMN) if fitness > 1.0 else fitness

    def ceiling(self, cards: Sequence[Card]) -> float:
        """What the fitness of cards can be at best, however they are arranged."""
        fit = self.fit
        w = max(c.room.w for c in cards) + 2 * MARGIN
        h = max(c.room.h for c in cards) + 2 * MARGIN + self.head
        area = sum(c.room.w * c.room.h for c in cards[1:])
        scale = min(fit.room[0] / w, fit.room[1] / h, COMFORTABLE)
        most = min(scale, sqrt(fit.room[0] * fit.room[1] / area)) if area else scale
        return most + _SPARE

    def outer(self, way: Arrangement) -> tuple[float, float, list[list[legend.Entry]]]:
        """Width and height of the whole figure, within the bounds of its aspect, and the legend."""
        fit = self.fit
        titles = [title for card, _, _ in way.places for title, _, _ in card.placement.grounds]
        most, least = legend.MOST_ROWS, _LEGEND
        if self.upright:
            most, least = 2 * most, least / 2
        entries = [*self.entries, *legend.grounds(titles)]
        head = self.heading
        rows = legend.rows(entries, max(way.w, head, least), most)
        used = max((sum(e.width + 18 for e in row) for row in rows), default=0.0)
        w = max(way.w, head, used) + 2 * MARGIN
        h = way.h + 2 * MARGIN + self.head + legend.height(rows) + BETWEEN
        return max(w, h * fit.narrowest), max(h, w / fit.widest), rows


class Composer:
    """Paints the chosen arrangement."""

    def __init__(self, frame: Surround, options: Options, way: Arrangement) -> None:
        self.view, self.options, self.way = frame.view, options, way
        self.frame = frame
        self.theme = THEMES[options.theme]
        self.w, self.h, self.rows = frame.outer(way)
        self.steps = steps(frame.view)

    def scene(self) -> Scene:
        """The finished scene."""
        view = self.view
        text = f"{view.facts}. {view.doc.strip()}" if view.doc else view.facts
        theme = self.theme
        page = self.options.place.page
        scene = Scene(self.w, self.h, view.title, text, theme.paper, page)
        scene.notes = view.notes
        scene.groups += self._title()
        top = MARGIN + self.frame.head
        room = self.h - top - MARGIN - legend.height(self.rows) - BETWEEN
        left, top = (self.w - self.way.w) / 2, top + (room - self.way.h) / 2
        for number, (drawing, x, y) in enumerate(self.way.places):
            scene.groups += self._card(drawing, x + left, y + top, number)
        foot = self.h - MARGIN - legend.height(self.rows)
        shades = solid_theme(theme) if self.options.style == "volume" else theme
        scene.groups += legend.paint(self.rows, MARGIN, foot, shades)
        return scene

    def _title(self) -> Iterator[Group]:
        theme = self.theme
        y = MARGIN + HEADING
        title = Text(MARGIN, y, self.view.title, HEADING, "start", bold=True, colour=theme.ink)
        x = MARGIN + width(self.view.title, HEADING, bold=True) + 14
        if self.frame.upright:
            x, y = MARGIN, y + HEADING * 0.3 + SMALL
        facts = Text(x, y, self.view.facts, SMALL, "start", colour=theme.faint)
        yield Group("heading", self.view.title, (title, facts))

    def _card(self, card: Card, x: float, y: float, number: int) -> Iterator[Group]:
        order = self.steps[id(card.placement.panel)]
        if card.title:
            yield self._card_frame(card, x, y, min(order.values(), default=0))
        pen = VolumePainter if self.options.style == "volume" else Painter
        painter = pen(self.theme, f"p{number}b", order)
        yield from painter.panel(card.placement.moved(x - card.room.x, y - card.room.y))

    def _card_frame(self, card: Card, x: float, y: float, step: int) -> Group:
        theme = self.theme
        marks: list[Mark] = [Shape(Rect(x, y, *card.size), theme.paper, theme.frame, 8)]
        base = y + TITLE + 6
        marks.append(Text(x + CARD, base, card.title, TITLE, "start", True, theme.ink))
        if card.note:
            base += SMALL * 1.4
            math = card.placement.panel.math
            note = Text(x + CARD, base, card.note, SMALL, "start", colour=theme.faint, math=math)
            marks.append(note)
        return Group("frame", card.title, tuple(marks), within=(card.title,), step=step)
