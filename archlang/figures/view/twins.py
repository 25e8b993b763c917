"""Two networks as two views that are drawn beside each other, with what differs accented."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from archlang.figures.options import Options
from archlang.figures.view.builder import SMALL_NETWORK, Builder, Fold
from archlang.figures.view.compare import Difference, compare
from archlang.figures.view.model import Box, Panel, View
from archlang.figures.view.units import UNITS
from archlang.graph import Graph, Scope

_Units = tuple[Scope, Scope]
Panels = tuple[Panel | None, Panel | None]
"""A block of the left network and the block of the right one that it is compared with."""


@dataclass(eq=False, slots=True)
class Twins:
    """Two views whose insets stand in the same order."""

    views: tuple[View, View]
    main: Difference
    """Between the networks themselves."""
    insets: list[tuple[Panels, dict[int, int]]]
    """Which inset is drawn beside which, and which box of theirs is which."""


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

    def _pairs(self) -> Iterator[tuple[Panels, dict[int, int]]]:
        """Blocks that differ, in the order of the left network, and then those without a match."""
        waiting = [*self._units((self.views[0].main, self.views[1].main), self.main)]
        seen: set[Hashable] = set()
        known: tuple[set[Hashable], set[Hashable]] = (set(), set())
        while waiting:
            units = waiting.pop(0)
            keys = [b.structure(unit) for b, unit in zip(self.builders, units, strict=True)]
            for side, key in enumerate(keys):
                known[side].add(key)
            rounds = self._rounds(units)
            if rounds is not None:
                waiting.insert(0, rounds)
                continue
            left, right = (
                b.unfolded(u, self.fold) for b, u in zip(self.builders, units, strict=True)
            )
            difference = compare(self.graphs, (left, right))
            key = (*keys, *difference.where)
            if difference.found and key not in seen:
                seen.add(key)
                yield (left, right), difference.pairs
                waiting[:0] = self._units((left, right), difference)
        yield from self._alone(known)

    def _units(self, panels: tuple[Panel, Panel], difference: Difference) -> Iterator[_Units]:
        """The units that two panels fold and that differ."""
        for a, b in difference.pairs.items():
            boxes = panels[0].boxes[a], panels[1].boxes[b]
            if all(_differs(box) for box in boxes) or any(_loops_differ(box) for box in boxes):
                left, right = (
                    _unit(builder, box) for builder, box in zip(self.builders, boxes, strict=True)
                )
                if left is not None and right is not None:
                    yield left, right

    def _rounds(self, units: _Units) -> _Units | None:
        """The first rounds, if both units are dense blocks: there is nothing else to compare."""
        found: list[Scope] = []
        for builder, unit in zip(self.builders, units, strict=True):
            dense = builder.only_dense(unit)
            children = dense.children if dense else ()
            found += [c for c in children if c.kind in UNITS and builder.units.nodes(c)][:1]
        return (found[0], found[1]) if len(found) == 2 else None

    def _alone(
        self, known: tuple[set[Hashable], set[Hashable]]
    ) -> Iterator[tuple[Panels, dict[int, int]]]:
        """Blocks of one network that are like none of those shown."""
        for side, builder in enumerate(self.builders):
            main = self.views[side].main
            for number in self.main.only[side]:
                unit = _unit(builder, main.boxes[number])
                key = builder.structure(unit) if unit is not None else None
                if unit is not None and key not in known[side]:
                    known[side].add(key)
                    panel = builder.unfolded(unit, self.fold)
                    yield ((panel, None) if side == 0 else (None, panel)), {}


def _differs(box: Box) -> bool:
    return box.emphasis == "accent"


def _loops_differ(box: Box) -> bool:
    return any(loop.emphasis == "accent" for loop in box.loops)


def _unit(builder: Builder, box: Box) -> Scope | None:
    """The unit that a box folds (of several, the first)."""
    if not box.nodes or box.family != "unit":
        return None
    inside = set(box.nodes)
    scopes = [*builder.graph.nodes[box.nodes[0]].scope.ancestors()]
    return next(
        (
            scope
            for scope in reversed(scopes)
            if scope.kind in UNITS and inside.issuperset(n.id for n in builder.units.nodes(scope))
        ),
        None,
    )


def _noted(panels: list[Panel | None]) -> list[Panel | None]:
    """The insets of one side; that W is the identity is said where two are called alike."""
    titles = [p.title for p in panels if p]
    return [
        replace(p, note="") if p and titles.count(p.title) == 1 and p.note == "W = identity" else p
        for p in panels
    ]
