"""Two networks as two views that are drawn beside each other, with what differs accented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from archlang.figures.options import Options
from archlang.figures.view.builder import SMALL_NETWORK, Builder, Fold
from archlang.figures.view.compare import Difference, compare
from archlang.figures.view.likeness import wired
from archlang.figures.view.model import Box, Panel, View
from archlang.figures.view.units import UNITS
from archlang.graph import Graph, Scope

_Units = tuple[Scope, Scope]
Panels = tuple[Panel | None, Panel | None]
"""A block of the left network and the block of the right one that it is compared with."""
_Pair = tuple[Panels, dict[int, int]]
"""And which box of theirs is which."""


@dataclass(eq=False, slots=True)
class Twins:
    """Two views whose insets stand in the same order."""

    views: tuple[View, View]
    main: Difference
    """Between the networks themselves."""
    insets: list[_Pair]
    """Which inset is drawn beside which."""


def twins(graphs: tuple[Graph, Graph], options: Options) -> Iterator[Twins]:
    """What a comparison may show, the fullest first.

    Both networks are folded alike. Insets unfold the blocks that differ, each distinct difference
    once, the first ones last to go where room is short; blocks that are equal stay folded.

    Raises:
        DrawingError: *layers* of a network that has too many.
    """
    builders = Builder(graphs[0]), Builder(graphs[1])
    if options.view == "layers":
        views = builders[0].layers(options.depth), builders[1].layers(options.depth)
        yield Twins(views, compare(graphs, (views[0].main, views[1].main)), [])
        return
    depth = options.depth
    if depth is None:
        depth = 99 if all(len(g.nodes) <= SMALL_NETWORK for g in graphs) else 0
    seen: set[tuple[int, int]] = set()
    bare: list[Twins] = []
    for fold, stages in [*((fold, False) for fold in Fold), (Fold.LAYERS, True)]:
        found = _Folded(builders, depth, fold, stages)
        boxes = len(found.views[0].main.boxes), len(found.views[1].main.boxes)
        if boxes not in seen:
            seen.add(boxes)
            pairs = found.pairs if options.view == "blocks" else []
            for count in reversed(range(1, len(pairs) + 1)):
                yield found.shown(count)
            bare.append(found.shown(0))
    yield from bare


class _Folded:
    """The comparison of two networks that are folded so far."""

    def __init__(
        self, builders: tuple[Builder, Builder], depth: int, fold: Fold, stages: bool
    ) -> None:
        self.builders, self.fold = builders, fold
        self.graphs = builders[0].graph, builders[1].graph
        left, right = (b.view(depth, fold, insets=False, stages=stages) for b in builders)
        self.views = left, right
        self.main = compare(self.graphs, (left.main, right.main))
        self.pairs = [*self._pairs()]

    def shown(self, count: int) -> Twins:
        """With so many pairs of insets."""
        left, right = (_noted([p[side] for p, _ in self.pairs[:count]]) for side in (0, 1))
        insets = [
            (panels, pairs)
            for panels, (_, pairs) in zip(zip(left, right, strict=True), self.pairs, strict=False)
        ]
        views = tuple(
            replace(view, insets=[p for p in panels if p is not None])
            for view, panels in zip(self.views, (left, right), strict=True)
        )
        return Twins((views[0], views[1]), self.main, insets)

    def _pairs(self) -> Iterator[_Pair]:
        """Blocks that differ, those that stand for most units first, and then those without a
        match."""
        waiting = [*self._units((self.views[0].main, self.views[1].main), self.main)]
        alike: dict[tuple[str, str], Hashable] = {}
        found: dict[Hashable, _Pair] = {}
        units_shown: Counter[Hashable] = Counter()
        known: tuple[set[Hashable], set[Hashable]] = (set(), set())
        while waiting:
            units = self._rounds(waiting.pop(0))
            texts = self._texts(units)
            if texts not in alike:
                keys = [b.structure(unit) for b, unit in zip(self.builders, units, strict=True)]
                for side, key in enumerate(keys):
                    known[side].add(key)
                pair, difference = self._unfolded(units)
                alike[texts] = (*keys, *difference.where) if difference.found else None
                if difference.found and alike[texts] not in found:
                    found[alike[texts]] = pair
                    waiting += self._units(pair[0], difference)
            units_shown[alike[texts]] += 1
        yield from (found[key] for key, _ in units_shown.most_common() if key is not None)
        yield from self._alone(known)

    def _texts(self, units: _Units) -> tuple[str, str]:
        """What two units consist of: pairs of equal texts differ alike."""
        left, right = (
            wired(b.units.nodes(unit)) for b, unit in zip(self.builders, units, strict=True)
        )
        return left, right

    def _unfolded(self, units: _Units) -> tuple[_Pair, Difference]:
        left, right = (
            b.unfolded(unit, self.fold) for b, unit in zip(self.builders, units, strict=True)
        )
        difference = compare(self.graphs, (left, right))
        return ((left, right), difference.pairs), difference

    def _units(self, panels: Panels, difference: Difference) -> Iterator[_Units]:
        """The units that two panels fold and that differ."""
        if panels[0] is None or panels[1] is None:
            return
        for a, b in difference.pairs.items():
            boxes = panels[0].boxes[a], panels[1].boxes[b]
            if any(_accented(box) for box in boxes):
                left, right = (
                    _units_in(builder, box)
                    for builder, box in zip(self.builders, boxes, strict=True)
                )
                yield from zip(left, right, strict=False)

    def _rounds(self, units: _Units) -> _Units:
        """Of two dense blocks their first rounds: there is nothing else to compare in them."""
        found: list[Scope] = []
        for builder, unit in zip(self.builders, units, strict=True):
            dense = builder.only_dense(unit)
            children = dense.children if dense else ()
            found += [c for c in children if c.kind in UNITS and builder.units.nodes(c)][:1]
        return (found[0], found[1]) if len(found) == 2 else units

    def _alone(self, known: tuple[set[Hashable], set[Hashable]]) -> Iterator[_Pair]:
        """Blocks of one network that are like none of those shown."""
        for side, builder in enumerate(self.builders):
            main = self.views[side].main
            for number in self.main.only[side]:
                for unit in _units_in(builder, main.boxes[number]):
                    key = builder.structure(unit)
                    if key not in known[side]:
                        known[side].add(key)
                        panel = builder.unfolded(unit, self.fold)
                        yield ((panel, None) if side == 0 else (None, panel)), {}


def _accented(box: Box) -> bool:
    """Whether a box or one of its skips is."""
    return "accent" in (box.emphasis, *(loop.emphasis for loop in box.loops))


def _units_in(builder: Builder, box: Box) -> list[Scope]:
    """The units that a box folds."""
    if not box.nodes or box.family != "unit":
        return []
    inside = set(box.nodes)
    found: dict[int, Scope] = {}
    seen: set[int] = set()
    for number in box.nodes:
        if number not in seen:
            scopes = reversed([*builder.graph.nodes[number].scope.ancestors()])
            units = (s for s in scopes if s.kind in UNITS)
            unit = next((s for s in units if inside.issuperset(_ids(builder, s))), None)
            if unit is not None:
                found[id(unit)] = unit
                seen.update(_ids(builder, unit))
    return [*found.values()]


def _ids(builder: Builder, scope: Scope) -> list[int]:
    return [node.id for node in builder.units.nodes(scope)]


def _noted(panels: list[Panel | None]) -> list[Panel | None]:
    """The insets of one side; that W is the identity is said where two are called alike."""
    titles = [p.title for p in panels if p]
    return [
        replace(p, note="") if p and titles.count(p.title) == 1 and p.note == "W = identity" else p
        for p in panels
    ]
