"""What a drawing is made of: strands of boxes one after another, which part and meet again.

Residual units, Inception modules, fractals and plain chains are series-parallel graphs: between
two boxes there is either one line, or several strands side by side. Such a graph is reduced to a
tree by joining lines at boxes with one line in and one out, and lines with the same two ends
(Valdes, Tarjan & Lawler 1982, "The recognition of series parallel digraphs").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archlang.figures.view.model import Panel


@dataclass(eq=False, slots=True)
class Strand:
    """A way between two boxes: steps, and the boxes between them (one fewer)."""

    steps: list[Step]
    boxes: list[int] = field(default_factory=list[int])

    @property
    def first(self) -> int:
        """The first line of it, by its index in the panel."""
        step = self.steps[0]
        return step if isinstance(step, int) else min(s.first for s in step.strands)

    @property
    def lines(self) -> Iterator[int]:
        """All lines of it."""
        for step in self.steps:
            if isinstance(step, int):
                yield step
            else:
                for strand in step.strands:
                    yield from strand.lines


@dataclass(eq=False, slots=True)
class Parting:
    """Strands between the same two boxes."""

    strands: list[Strand]


Step = int | Parting
"""From one box to the next: a single line, or several strands."""


@dataclass(eq=False, slots=True)
class Course:
    """A whole panel: the strand from its first box to its last, and what hangs on its side."""

    begin: int
    end: int
    strand: Strand
    hanging: dict[int, list[Strand]]
    """Chains that end by themselves (results while training), by the box they leave."""


def course(panel: Panel) -> Course | None:
    """The tree of a panel; None if it is no series-parallel graph with one beginning.

    Takes time in proportion to the size of the panel.
    """
    net = _Net(panel)
    begins = [box.id for box in panel.boxes if not net.into[box.id]]
    ends = [box.id for box in panel.boxes if not net.out[box.id]]
    if len(begins) != 1 or not ends or len(panel.boxes) < 2:
        return None
    end = _main_end(panel, ends)
    hanging = net.hang([e for e in ends if e != end])
    whole = net.reduced(begins[0], end) if hanging is not None else None
    return Course(begins[0], end, whole, hanging or {}) if whole else None


def _main_end(panel: Panel, ends: list[int]) -> int:
    """The result that is there in use, the last of them."""
    return max(ends, key=lambda e: (not panel.boxes[e].training, e))


@dataclass(eq=False, slots=True)
class _Edge:
    tail: int
    head: int
    strand: Strand


class _Net:
    """The lines of a panel while they are joined."""

    def __init__(self, panel: Panel) -> None:
        self.into: dict[int, dict[int, _Edge]] = {b.id: {} for b in panel.boxes}
        self.out: dict[int, dict[int, _Edge]] = {b.id: {} for b in panel.boxes}
        self.left = len(panel.boxes)
        for index, line in enumerate(panel.lines):
            self._add(_Edge(line.tail, line.head, Strand([index])))

    def _add(self, edge: _Edge) -> None:
        """A line more; two with the same ends become one that parts."""
        old = self.out[edge.tail].get(edge.head)
        if old is not None:
            strands = [*_parts(old.strand), *_parts(edge.strand)]
            strands.sort(key=lambda s: s.boxes[0] if s.boxes else s.first)
            edge = _Edge(edge.tail, edge.head, Strand([Parting(strands)]))
        self.out[edge.tail][edge.head] = edge
        self.into[edge.head][edge.tail] = edge

    def _remove(self, edge: _Edge) -> None:
        del self.out[edge.tail][edge.head]
        del self.into[edge.head][edge.tail]

    def hang(self, ends: list[int]) -> dict[int, list[Strand]] | None:
        """Take out chains that lead to such ends; None if one is no chain.

        Each strand begins with the line from the box it leaves, and has as many boxes as steps.
        """
        hanging: dict[int, list[Strand]] = {}
        for end in ends:
            boxes, steps, box = [end], list[Step](), end
            while len(self.into[box]) == 1:
                (edge,) = self.into[box].values()
                self._remove(edge)
                steps[:0] = edge.strand.steps
                if self.out[edge.tail]:
                    hanging.setdefault(edge.tail, []).append(Strand(steps, boxes))
                    break
                boxes.insert(0, box := edge.tail)
            else:
                return None
            self.left -= len(boxes)
        return hanging

    def reduced(self, begin: int, end: int) -> Strand | None:
        """All between two boxes as one strand, if it can be."""
        waiting = sorted(self.into, reverse=True)
        while waiting:
            box = waiting.pop()
            if box in (begin, end) or len(self.into[box]) != 1 or len(self.out[box]) != 1:
                continue
            (a,), (b,) = self.into[box].values(), self.out[box].values()
            self._remove(a)
            self._remove(b)
            self.left -= 1
            a.strand.steps += b.strand.steps
            a.strand.boxes += [box, *b.strand.boxes]
            self._add(_Edge(a.tail, b.head, a.strand))
            waiting += [a.tail, b.head]  # a strand grows at its end: no step is copied twice
        edge = self.out[begin].get(end)
        return edge.strand if edge is not None and self.left == 2 else None


def _parts(strand: Strand) -> list[Strand]:
    """The strands side by side that one consists of."""
    step = strand.steps[0]
    return step.strands if not strand.boxes and isinstance(step, Parting) else [strand]
