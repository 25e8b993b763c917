"""The paths from the loss to each layer: how many there are, and how long they are, exactly.

A gradient comes to a layer along every path that leads from the loss back to it. A skip gives it
another way, so that a network of n residual units has 2^n paths, most of them far shorter than it
is deep (Veit, Wilber, Belongie: Residual Networks Behave Like Ensembles of Relatively Shallow
Networks. 2016, arXiv:1605.06431). The length of a path is the number of weighted layers on it, the
one that it leads to included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from typing import Any

from archlang.analysis.path_lengths import Histogram, digits, histogram
from archlang.analysis.path_measures import TALLY, Tally, Weight, at_layers, weighing
from archlang.diagnostics.catalog.gradient_paths import NothingWeighted
from archlang.graph import Graph, Node
from archlang.problems import about_network

_NONE = Tally(0, 0, 0, 0)
_EXACT = 10**30
"""Numbers below it are printed in full."""


@dataclass(frozen=True, slots=True)
class LayerPaths:
    """The paths that lead from the loss to one weighted layer."""

    path: str
    """Its name in `state_dict`."""
    kind: str
    """The layer's name in the language: `conv`, `fc`."""
    label: str
    """What a paper writes in its box: `3×3 conv, 64, /2`."""
    uses: int
    """How often it stands in the network, more than once only if it is shared. A path to any of
    its uses is one to the layer, since each adds to the gradient of its weights."""
    training: str | None
    """The output that it serves alone, if it runs only while training."""
    count: int
    """How many paths; 0 where none leads to it."""
    shortest: int
    longest: int
    """Weighted layers on the shortest and on the longest path; 0 if there is none."""
    total: int
    """Weighted layers on all paths together."""
    expected: float | None
    """The mean length of the paths, each weighed by factor ** length; None without a factor."""

    @property
    def mean(self) -> float | None:
        """The mean length of the paths, each counting the same; None if there is none."""
        return self.total / self.count if self.count else None

    def as_json(self) -> dict[str, Any]:
        """The row as an object of `archlang paths --json`; the count is a text, to be exact."""
        return {
            "path": self.path,
            "kind": self.kind,
            "label": self.label,
            "uses": self.uses,
            "training": self.training,
            "paths": digits(self.count),
            "shortest": self.shortest if self.count else None,
            "longest": self.longest if self.count else None,
            "mean": self.mean,
            "expected": self.expected,
        }


@dataclass(frozen=True, slots=True, repr=False)
class GradientPaths:
    """The paths of a network from its loss to every weighted layer."""

    name: str
    file: str
    outputs: tuple[str, ...]
    """The outputs that the loss is taken of."""
    training: bool
    """Whether those when training are among them."""
    factor: float | None
    rows: tuple[LayerPaths, ...]
    """One for each weighted layer, in the order of the network."""
    graph: Graph = field(repr=False, compare=False)

    def __repr__(self) -> str:
        first = next(row for row in self.rows if row.path == self.first)
        count = f"{first.count:,}" if first.count < _EXACT else f"{Decimal(first.count):.2e}"
        layers = f"{len(self.rows):,} weighted layer{'' if len(self.rows) == 1 else 's'}"
        return f"<GradientPaths of {self.name}: {layers}, {count} paths to {first.path}>"

    @property
    def first(self) -> str:
        """The first weighted layer that a path leads to; if none does, the first of all."""
        return next((row.path for row in self.rows if row.count), self.rows[0].path)

    def histogram(self, to: str | None = None) -> Histogram:
        """How many paths of which length lead to a layer, weighted or not; by default to `first`.

        Raises:
            SpecError: there is no such layer (E0811), no path leads to it (E0812), or it has more
                lengths, and numbers of more digits, than can be counted in seconds (E0814).
        """
        path = self.first if to is None else to
        return histogram(self.graph, path, training=self.training, factor=self.factor)

    def as_json(self) -> dict[str, Any]:
        """What `archlang paths --json` writes, but for the histogram."""
        return {
            "name": self.name,
            "file": self.file,
            "parameters": dict(self.graph.parameters),
            "outputs": list(self.outputs),
            "factor": self.factor,
            "layers": [row.as_json() for row in self.rows],
        }


def gradient_paths(
    graph: Graph, *, training: bool = False, factor: float | None = None
) -> GradientPaths:
    """Count the paths from the loss to every weighted layer, in time linear in the edges.

    The loss is that of all outputs in evaluation; with `training`, of those `when training` too.
    Each time that a step takes a tensor is a way: `y + y` has two. A tensor that only lends its
    size is none, nor is a constant.

    With a factor a, by which every layer multiplies a gradient, each row has the expected length
    too: Σ n_k a^k k / Σ n_k a^k, where n_k paths have the length k.

    Raises:
        SpecError: the network has no weighted layer (E0813).
        ValueError: the factor is no finite number above 0.
    """
    if factor is not None and not (isfinite(factor) and factor > 0):
        raise ValueError(f"a factor is a finite number above 0, not {factor}")
    uses: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.op.weighted:
            uses.setdefault(node.path, []).append(node)
    if not uses:
        raise about_network(graph, NothingWeighted(network=graph.name))
    tallies = at_layers(graph, training, TALLY)
    weights = {} if factor is None else at_layers(graph, training, weighing(factor))
    root = graph.root.span
    return GradientPaths(
        name=graph.name,
        file=root.source.name if root else "",
        outputs=tuple(o.name for o in graph.outputs if training or not o.training),
        training=training,
        factor=factor,
        rows=tuple(_row(n, tallies.get(p, _NONE), weights.get(p)) for p, n in uses.items()),
        graph=graph,
    )


def _row(uses: list[Node], paths: Tally, weight: Weight | None) -> LayerPaths:
    node = uses[0]
    return LayerPaths(
        path=node.path,
        kind=node.kind,
        label=node.op.label(),
        uses=len(uses),
        training=node.training,
        count=paths.paths,
        shortest=paths.shortest,
        longest=paths.longest,
        total=paths.total,
        expected=None if weight is None else weight.mean,
    )
