"""How many paths of which length lead from the loss to one layer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

from archlang.analysis.path_measures import PRECISE, TALLY, Tally, Weight, at, packing, unpacked
from archlang.diagnostics.catalog.gradient_paths import (
    TooManyLengths,
    UnknownTarget,
    UnreachedTarget,
)
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph
from archlang.problems import about_network

MOST_BITS = 2 * 10**11
"""Bits to go through, which takes some seconds; ResNet-1202 needs less than a hundredth of it."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many paths of which length lead from the loss to one layer."""

    to: str
    """The layer's path."""
    counts: tuple[tuple[int, int], ...]
    """Every length that a path has, with the number of such paths; the shortest first."""
    shares: tuple[float, ...]
    """Of each length, its share of all paths."""
    mean: float
    """The mean length, each path counting the same."""
    factor: float | None = None
    weighed: tuple[float, ...] | None = None
    """Of each length k, its share where a path counts factor ** k; None without a factor."""
    expected: float | None = None
    """The mean length of the paths so weighed."""

    @property
    def count(self) -> int:
        """All paths together."""
        return sum(count for _, count in self.counts)

    def as_json(self) -> dict[str, Any]:
        """What stands under `histogram` in `archlang paths --json`; counts are texts."""
        weighed = self.weighed or (None,) * len(self.counts)
        rows = zip(self.counts, self.shares, weighed, strict=True)
        return {
            "to": self.to,
            "paths": digits(self.count),
            "mean": self.mean,
            "expected": self.expected,
            "lengths": [
                {"length": length, "paths": digits(count), "share": share, "weighed": weight}
                for (length, count), share, weight in rows
            ],
        }


def histogram(
    graph: Graph, to: str, *, training: bool = False, factor: float | None = None
) -> Histogram:
    """How many paths of which length lead to a layer, weighted or not.

    Raises:
        SpecError: there is no such layer (E0811), no path leads to it (E0812), or it has more
            lengths, and numbers of more digits, than can be counted in seconds (E0814).
    """
    tally = at(graph, _known(graph, to), training, TALLY)
    if tally is None:
        node = graph.owner_of(to)
        problem = UnreachedTarget(path=to, network=graph.name, training=node.training)
        raise about_network(graph, problem, at=node.span)
    counts = _counts(graph, to, training, tally)
    mean = tally.total / tally.paths
    shares = tuple(count / tally.paths for _, count in counts)
    if factor is None:
        return Histogram(to, counts, shares, mean)
    return Histogram(to, counts, shares, mean, factor, *_weighed(counts, factor))


def digits(count: int) -> str:
    """A number in full, however long: `str` refuses more than 4,300 digits."""
    return f"{Decimal(count):f}"


def _counts(graph: Graph, to: str, training: bool, tally: Tally) -> tuple[tuple[int, int], ...]:
    size, lengths = -(-tally.paths.bit_length() // 8), tally.longest + 1
    layers = sum(node.op.weighted for node in graph.nodes)
    if 8 * size * lengths * layers > MOST_BITS:
        most = int(tally.paths.bit_length() * 0.30103) + 1
        raise about_network(graph, TooManyLengths(path=to, lengths=lengths, digits=most))
    packed = at(graph, to, training, packing(size))
    assert packed is not None, "there are as many as were counted"
    return tuple(unpacked(packed, size, lengths))


def _weighed(counts: tuple[tuple[int, int], ...], factor: float) -> tuple[tuple[float, ...], float]:
    """The share of each length, and the mean, where a path counts factor ** length."""
    a = Decimal(factor)
    weights = [
        PRECISE.multiply(PRECISE.create_decimal(count), PRECISE.power(a, length))
        for length, count in counts
    ]
    moments = [PRECISE.multiply(w, k) for (k, _), w in zip(counts, weights, strict=True)]
    whole, moment = reduce(PRECISE.add, weights), reduce(PRECISE.add, moments)
    return tuple(float(PRECISE.divide(w, whole)) for w in weights), Weight(whole, moment).mean


def _known(graph: Graph, to: str) -> str:
    """The path, if it is a node's.

    Raises:
        SpecError: it is none; says which may be meant.
    """
    paths = [node.path for node in graph.owners]
    if to in paths:
        return to
    inside = tuple(n.path for n in graph.owners if n.op.weighted and n.path.startswith(f"{to}."))
    try:
        near: str | None = graph.owner_of(to).path  # `conv1.weight`
    except KeyError:
        near = closest(to, paths)
    problem = UnknownTarget(path=to, network=graph.name, suggestion=near, inside=inside)
    raise about_network(graph, problem)
