"""What can be found out of all paths at once: a measure, carried from the loss to every node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Generic, NamedTuple, TypeVar

from archlang.analysis.skips import carried
from archlang.graph import Graph, Node

T = TypeVar("T")
PRECISE = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""For sums of positive numbers, of which all but the last few digits are right then; the power of a
factor may be as small or as large as it likes."""


@dataclass(frozen=True, slots=True)
class Measure(Generic[T]):
    """Something that adds up over paths, as a semiring has it."""

    start: T
    """That of the empty path, which leads from the loss to an output."""
    lengthen: Callable[[T], T]
    """That of paths to a weighted layer, from that of the same paths up to it."""
    join: Callable[[T, T], T]
    """That of the paths of two ways together."""


class Tally(NamedTuple):
    """How many paths, the weighted layers on the shortest, the longest, and on all together."""

    paths: int
    shortest: int
    longest: int
    total: int


def _longer(paths: Tally) -> Tally:
    count, shortest, longest, total = paths
    return Tally(count, shortest + 1, longest + 1, total + count)


def _both(a: Tally, b: Tally) -> Tally:
    return Tally(a[0] + b[0], min(a[1], b[1]), max(a[2], b[2]), a[3] + b[3])


TALLY = Measure(Tally(1, 0, 0, 0), _longer, _both)


class Weight(NamedTuple):
    """Of n_k paths of each length k and a factor a: Σ n_k a^k, and Σ n_k a^k k."""

    whole: Decimal
    moment: Decimal

    @property
    def mean(self) -> float:
        """The mean length of the paths so weighed."""
        return float(PRECISE.divide(self.moment, self.whole))


def weighing(factor: float) -> Measure[Weight]:
    """Each path weighs factor ** length: what is left of a gradient along it."""
    add, multiply, a = PRECISE.add, PRECISE.multiply, Decimal(factor)

    def lengthen(w: Weight) -> Weight:
        return Weight(multiply(a, w.whole), multiply(a, add(w.moment, w.whole)))

    def join(v: Weight, w: Weight) -> Weight:
        return Weight(add(v.whole, w.whole), add(v.moment, w.moment))

    return Measure(Weight(Decimal(1), Decimal(0)), lengthen, join)


def packing(size: int) -> Measure[int]:
    """The polynomial Σ n_k z^k of n_k paths of each length k, as one integer of which n_k is the
    k-th run of `size` bytes: paths get longer by a shift, and a sum is one addition."""
    return Measure(1, lambda packed: packed << 8 * size, lambda a, b: a + b)


def unpacked(packed: int, size: int, lengths: int) -> Iterator[tuple[int, int]]:
    """The lengths below `lengths` that any path has, with the number of paths of that length."""
    digits = packed.to_bytes(size * lengths, "little")
    for length in range(lengths):
        count = int.from_bytes(digits[size * length : size * (length + 1)], "little")
        if count:
            yield length, count


def arriving(graph: Graph, training: bool, measure: Measure[T]) -> Iterator[tuple[Node, T]]:
    """The nodes that paths lead to, the last first, each with what is measured of them.

    Every edge is gone through once, and only what waits for another way to join it is kept.
    """
    waiting: dict[int, T] = {}

    def arrive(number: int, paths: T) -> None:
        known = waiting.get(number)
        waiting[number] = paths if known is None else measure.join(known, paths)

    for output in graph.outputs:
        if training or not output.training:
            arrive(output.tensor.node, measure.start)
    for node in reversed(graph.nodes):
        if node.id in waiting:
            paths = waiting.pop(node.id)
            if node.op.weighted:
                paths = measure.lengthen(paths)
            yield node, paths
            for tensor in carried(node):
                arrive(tensor.node, paths)


def at_layers(graph: Graph, training: bool, measure: Measure[T]) -> dict[str, T]:
    """What is measured of the paths to each weighted layer, those to all its uses together."""
    found: dict[str, T] = {}
    for node, paths in arriving(graph, training, measure):
        if node.op.weighted:
            known = found.get(node.path)
            found[node.path] = paths if known is None else measure.join(known, paths)
    return found


def at(graph: Graph, path: str, training: bool, measure: Measure[T]) -> T | None:
    """What is measured of the paths to one node, or to all its uses; None if none leads there."""
    uses = {node.id for node in graph.nodes if node.path == path}
    first = min(uses)
    found: T | None = None
    for node, paths in arriving(graph, training, measure):
        if node.id < first:
            break
        if node.id in uses:
            found = paths if found is None else measure.join(found, paths)
    return found
