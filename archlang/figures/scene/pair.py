"""Two networks beside each other as one scene: one scale, one legend, what differs marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from archlang.figures.layout.arrange import (
    BETWEEN,
    Arrangement,
    arrangements,
    card,
    inset_card,
)
from archlang.figures.layout.candidates import candidates, lower, turned
from archlang.figures.layout.place import Placement
from archlang.figures.metrics import width
from archlang.figures.options import Options
from archlang.figures.scene import legend
from archlang.figures.scene.compose import (
    COMFORTABLE,
    HEAD,
    MARGIN,
    Composer,
    Surround,
    smallest_text,
)
from archlang.figures.scene.joint import joint_steps
from archlang.figures.scene.marker import marked
from archlang.figures.scene.model import Group, Mark, Scene, Shape, Text
from archlang.figures.theme import HEADING, SMALL, THEMES
from archlang.figures.view.compare import Difference
from archlang.figures.view.model import View
from archlang.figures.view.twins import Twins

_SAID = SMALL * 1.9
"""The line that says what differs."""
_FOUND = "differs from the other network"

_EDGE, _MIDDLE = 9.0, 12.0
"""Room at the sides of the figure, and between what stands in both halves."""
_MOST_COLUMNS = 4
"""A network in half the place is not cut into more columns than that."""

_Ways = tuple[Arrangement, Arrangement]
_Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Words:
    """What a comparison says: what the networks are called, and how they differ as drawn."""

    names: tuple[str, str]
    summary: Callable[[Difference], str]


def best_pair(variants: Iterable[Twins], words: Words, options: Options) -> tuple[Scene, str]:
    """The scene, and how the networks differ in it.

    It is of the first variant whose text can be read where it has to fit, else of the one whose
    text is largest there. Where room is short, boxes and columns stand closer.

    Raises:
        DrawingError: there is no Graphviz.
    """
    fit = options.place
    found: list[tuple[Scene, str]] = []
    for twins in variants:
        for tight in (False, True):
            pair = _Pair(twins, words, options, tight=tight)
            found.append((pair.scene(), pair.summary))
            if smallest_text(found[-1][0], fit) >= fit.readable:
                return found[-1]
    return max(found, key=lambda one: smallest_text(one[0], fit))


class _Half(Surround):
    """One network under its heading; the legend is common to both."""

    def __init__(self, view: View, options: Options) -> None:
        super().__init__(view, options.place)
        self.more = (0.0, 0.0)
        """Width and height it is given beyond what it needs."""

    def outer(self, way: Arrangement) -> tuple[float, float, list[list[legend.Entry]]]:
        head = width(self.view.title, HEADING, bold=True) + 14 + width(self.view.facts, SMALL)
        w, h = max(way.w, head) + _MIDDLE, way.h + 2 * MARGIN + HEAD + BETWEEN
        return w + self.more[0], h + self.more[1], []


class _Pair:
    """Puts both halves together."""

    def __init__(self, twins: Twins, words: Words, options: Options, *, tight: bool) -> None:
        left, right = (
            replace(view, title=name) for view, name in zip(twins.views, words.names, strict=True)
        )
        self.halves = _Half(left, options), _Half(right, options)
        self.twins, self.words, self.options = twins, words, options
        self.theme = THEMES[options.theme]
        insets = [*left.insets, right.main, *right.insets]
        self.entries = legend.entries(View("", "", "", left.main, insets))
        self.summary = words.summary(twins.main)
        if twins.main.found:
            self.entries.insert(0, legend.Entry("differs", _FOUND))
        self.ways = max(self._ways(tight), key=self._fitness)

    def _ways(self, tight: bool) -> Iterator[_Ways]:
        """Both networks in the same number of columns, their insets on the same side."""
        found = [candidates(half.view, self.options, tight=tight) for half in self.halves]
        mains = [*_matched(found[0][0], found[1][0])]
        cards = [(card(a), card(b)) for a, b in mains[:_MOST_COLUMNS]]
        for other in (None, lower, partial(turned, tight=tight)):
            decks = [[inset_card(other(p) if other else p) for p in insets] for _, insets in found]
            for both in cards:
                lefts, rights = (
                    [*arrangements(main, deck)] for main, deck in zip(both, decks, strict=True)
                )
                for left in lefts:
                    yield from ((left, right) for right in rights if _alike(left, right))

    def _fitness(self, ways: _Ways) -> float:
        """How large it stands in its place, up to what is comfortable."""
        fit = self.options.place
        w, h, _ = self._size(ways)
        return round(min(fit.room[0] / w, fit.room[1] / h, COMFORTABLE), 2)

    def _size(self, ways: _Ways) -> tuple[float, float, list[list[legend.Entry]]]:
        """Width and height of what has to be shown, and the legend."""
        sizes = [half.outer(way)[:2] for half, way in zip(self.halves, ways, strict=True)]
        said = width(self.summary, SMALL) + 2 * _EDGE
        w = max(sum(w for w, _ in sizes) + 2 * _EDGE - _MIDDLE, said)
        titles = [t for way in ways for c, _, _ in way.places for t, _, _ in c.placement.grounds]
        found = [*self.entries, *legend.grounds(titles)]
        rows = legend.rows(found, w - 2 * _EDGE, roomy=False)
        foot = _SAID + legend.height(rows)
        return w, max(h for _, h in sizes) + foot, rows

    def scene(self) -> Scene:
        """The finished scene."""
        fit, names = self.options.place, self.words.names
        needed, tall, rows = self._size(self.ways)
        w, h = max(needed, tall * fit.narrowest), max(tall, needed / fit.widest)
        title = f"{names[0]} and {names[1]}"
        facts = "; ".join(f"{half.view.title}: {half.view.facts}" for half in self.halves)
        scene = Scene(w, h, title, f"{self.summary} {facts}.", self.theme.paper, fit.page)
        x = _EDGE - _MIDDLE / 2
        outer = [half.outer(way)[0] for half, way in zip(self.halves, self.ways, strict=True)]
        spare = w - sum(outer) - 2 * x
        orders = joint_steps(self.twins)
        for side, (half, way) in enumerate(zip(self.halves, self.ways, strict=True)):
            half.more = (spare / 2, h - tall)
            scene.groups += self._half(side, _mirrored(way) if side else way, orders[side], x)
            x += half.outer(way)[0]
        foot = h - MARGIN - legend.height(rows)
        scene.groups.append(self._summary(foot - _SAID + SMALL))
        scene.groups += legend.paint(rows, _EDGE, foot, self.theme)
        return scene

    def _half(
        self, side: int, way: Arrangement, order: dict[int, dict[int, int]], x: float
    ) -> Iterator[Group]:
        composer = Composer(self.halves[side], self.options, way)
        composer.steps = order
        groups = composer.scene().groups
        cards = [c for c, _, _ in way.places]
        for group in marked(groups, cards, self.theme):
            dx = x - MARGIN + _MIDDLE / 2 if group.role == "heading" else x
            yield _housed(group, self.halves[side].view, "lr"[side], dx)

    def _summary(self, y: float) -> Group:
        text = Text(_EDGE, y, self.summary, SMALL, "start", colour=self.theme.ink)
        return Group("heading", "difference", (text,))


def _matched(
    left: list[Placement], right: list[Placement]
) -> Iterator[tuple[Placement, Placement]]:
    """Ways of both networks that go together: as many columns, as far as they can be had."""
    for k in range(max(len(left), len(right))):
        yield left[min(k, len(left) - 1)], right[min(k, len(right) - 1)]


def _alike(left: Arrangement, right: Arrangement) -> bool:
    """Whether the insets stand on the same side of both networks, and those to the right level."""
    sides = {_side(way) for way in (left, right) if len(way.places) > 1}
    both = zip(left.places, right.places, strict=False)
    return len(sides) < 2 and (sides != {"right"} or all(abs(a[2] - b[2]) < 1 for a, b in both))


def _side(way: Arrangement) -> str:
    (main, _, _), (_, x, y), *_ = way.places
    return "right" if x >= main.room.w else "below" if y >= main.room.h else "corner"


def _mirrored(way: Arrangement) -> Arrangement:
    """With the insets on the left: next to those of the network on the left."""
    if len(way.places) < 2 or _side(way) != "right":
        return way
    places = tuple((c, way.w - x - c.size[0], y) for c, x, y in way.places)
    return Arrangement(places, way.w, way.h)


def _housed(group: Group, view: View, prefix: str, dx: float) -> Group:
    """A group of one network as it stands in the figure of both."""
    home = group.within
    if home:
        whole = home[0] == view.main.title
        home = (view.title if whole else f"{view.title}, {home[0]}", *home[1:])
    return replace(
        group,
        name=prefix + group.name if group.role == "box" else group.name,
        marks=tuple(_moved(mark, dx) for mark in group.marks),
        ends=group.ends and (prefix + group.ends[0], prefix + group.ends[1]),
        bounds=group.bounds and group.bounds.moved(dx, 0.0),
        within=home,
    )


def _moved(mark: Mark, dx: float) -> Mark:
    if isinstance(mark, Text):
        return replace(mark, x=mark.x + dx)
    if isinstance(mark, Shape):
        texts = tuple(replace(text, x=text.x + dx) for text in mark.texts)
        return replace(mark, rect=mark.rect.moved(dx, 0.0), texts=texts)
    return replace(mark, points=tuple((x + dx, y) for x, y in mark.points))
