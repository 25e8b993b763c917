"""Two networks beside each other: which boxes and skips of theirs differ, and accents on those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from archlang.figures.view.bonds import Bonds
from archlang.figures.view.likeness import Content, aligned, common
from archlang.figures.view.model import Box, Emphasis, Line, Loop, Panel
from archlang.graph import Graph

_ACCENT: Emphasis = "accent"


@dataclass(eq=False, slots=True)
class Difference:
    """What differs between two panels, by the ids of their boxes."""

    pairs: dict[int, int]
    """Boxes that are the same part of both networks: of the left one → of the right one."""
    changed: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Pairs of boxes that differ in more than their skips."""
    only: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    """Boxes without a partner, of the left and of the right panel."""
    skips: list[int] = field(default_factory=lambda: [0, 0])
    """How many skips are in one of them alone, or otherwise in the other."""
    rewired: list[int] = field(default_factory=lambda: [0, 0])
    """How many other lines join what is not joined in the other network."""
    where: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """The places of all accents, to tell two differences apart."""

    @property
    def found(self) -> bool:
        """Whether there is any."""
        return bool(self.where)


def compare(graphs: tuple[Graph, Graph], panels: tuple[Panel, Panel]) -> Difference:
    """Accent what differs between two panels, and say what it is."""
    return _Comparison(graphs, panels).run()


class _Comparison:
    """Of two panels."""

    def __init__(self, graphs: tuple[Graph, Graph], panels: tuple[Panel, Panel]) -> None:
        self.panels = panels
        left, right = (
            [Content(graph, box) for box in panel.boxes]
            for graph, panel in zip(graphs, panels, strict=True)
        )
        self.contents = left, right
        first, second = zip(graphs, panels, strict=True)
        self.bonds = Bonds(*first), Bonds(*second)
        self.whole = all(panel.unit is None for panel in panels)
        pairs = aligned(left, right)
        self.partners = pairs, {b: a for a, b in pairs.items()}
        self.difference = Difference(pairs)
        self.elsewhere = frozenset(self._elsewhere())

    def _elsewhere(self) -> Iterator[tuple[int, int]]:
        """Boxes all of whose layers are in the other panel, if in other boxes: a merge in a chain
        of layers parts what is written into one box where there is none."""
        left, right = self.contents
        same = [(a, b) for a, b in self.partners[0].items() if left[a].whole == right[b].whole]
        for (a, b), (c, d) in pairwise([(-1, -1), *sorted(same), (len(left), len(right))]):
            between = left[a + 1 : c], right[b + 1 : d]
            found = common(*([t for content in part for t in content.tokens] for part in between))
            for side, part in enumerate(between):
                known = {pair[side] for pair in found}
                start = 0
                for content in part:
                    places = range(start, start := start + len(content.tokens))
                    if places and known.issuperset(places):
                        yield side, content.box.id

    def run(self) -> Difference:
        """The difference, all of it accented."""
        for a, b in self.difference.pairs.items():
            self._pair(self.contents[0][a], self.contents[1][b])
        for side, panel in enumerate(self.panels):
            for box in panel.boxes:
                elsewhere = (side, box.id) in self.elsewhere
                alone = box.id not in self.partners[side] and not elsewhere
                if alone and (box.nodes or self.whole):
                    self.difference.only[side].append(box.id)
                    self._accent(side, box)
            panel.lines = [self._line(side, line) for line in panel.lines]
        return self.difference

    def _accent(self, side: int, box: Box) -> None:
        box.emphasis = _ACCENT
        self.difference.where.append((f"box {side}", box.id))

    def _pair(self, a: Content, b: Content) -> None:
        bound = self._bound_alike(a.box, b.box)
        if (a.whole == b.whole and bound) or not (a.nodes or self.whole):
            return  # what enters and leaves a block is no difference of its own
        if bound and {(0, a.box.id), (1, b.box.id)} <= self.elsewhere:
            return
        if bound and a.all_but_skips(b):
            before = sum(self.difference.skips)
            self._loops(0, a.box, b.box.loops)
            self._loops(1, b.box, a.box.loops)
            if sum(self.difference.skips) > before:
                return
        self.difference.changed.append((a.box.id, b.box.id))
        self._accent(0, a.box)
        self._accent(1, b.box)

    def _bound_alike(self, a: Box, b: Box) -> bool:
        """Whether two boxes take the same operands in the same order, and share their weights with
        the same boxes, as far as those have partners."""
        pairs, (first, second) = self.partners[0], self.bonds
        operands = [
            (pairs.get(x), y) for x, y in zip(first.operands(a), second.operands(b), strict=False)
        ]
        known = [(x, y) for x, y in operands if x is not None]
        swapped = sorted(x for x, _ in known) == sorted(y for _, y in known)
        if swapped and any(x != y for x, y in known):
            return False
        shared = [pairs.get(x) for x in first.sharing(a)]
        return None in shared or {x for x in shared if x is not None} == {*second.sharing(b)}

    def _loops(self, side: int, box: Box, others: Sequence[Loop]) -> None:
        """Accent the skips of a folded unit that its partner has not got."""
        known = [replace(loop, emphasis="") for loop in others]
        for k, loop in enumerate(box.loops):
            if loop not in known:
                marked = replace(loop, emphasis=_ACCENT)
                box.loops = (*box.loops[:k], marked, *box.loops[k + 1 :])
                self.difference.skips[side] += loop.count
                self.difference.where.append((f"loop {side}", box.id))

    def _line(self, side: int, line: Line) -> Line:
        """A line, accented if the other network has none like it."""
        partners = self.partners[side]
        if line.kind == "flow":
            ends = partners.get(line.tail), partners.get(line.head)
            if None in ends or self._joined(1 - side, *ends):
                return line
            self.difference.rewired[side] += 1
        else:
            others = [_look(o) for o in self.panels[1 - side].lines]
            here = _look(replace(line, tail=partners.get(line.tail, -1),
                                 head=partners.get(line.head, -1)))  # fmt: skip
            if here in others:
                return line
            into_w = self.panels[side].boxes[line.head].family == "skip"
            self.difference.skips[side] += 0 if into_w else line.count
        self.difference.where.append((f"line {side}", self.panels[side].lines.index(line)))
        return replace(line, emphasis=_ACCENT)

    def _joined(self, side: int, tail: int | None, head: int | None) -> bool:
        """Whether there is a way from one box to another through boxes without a partner."""
        seen: set[int | None] = set()
        waiting = [tail]
        while waiting:
            box = waiting.pop()
            for line in self.panels[side].lines:
                if line.tail != box or line.head in seen:
                    continue
                if line.head == head:
                    return True
                if line.head not in self.partners[side]:
                    seen.add(line.head)
                    waiting.append(line.head)
        return False


def _look(line: Line) -> tuple[int, int, str, str, int]:
    """What is seen of a skip: its ends, kind, W, and how many it stands for."""
    return line.tail, line.head, line.kind, line.label, line.count
