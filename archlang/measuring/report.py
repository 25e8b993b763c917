"""What was measured of a network's gradients, as numbers and as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from math import hypot
from statistics import median
from typing import Any, Literal

from archlang.measuring.verdict import Point, Verdict, judge
from archlang.record import Record

Quantity = Literal["activation", "gradient", "weight"]
QUANTITIES: tuple[Quantity, ...] = ("gradient", "activation", "weight")


class Spread(Record):
    """A number over several seeds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread | None:
        """That of the values; None if there are none."""
        there = [value for value in values if value is not None]
        return cls(median(there), min(there), max(there)) if there else None

    def as_json(self) -> dict[str, float]:
        """The number as an object."""
        return {"median": self.median, "least": self.least, "most": self.most}


class Layer(Record):
    """One use of a weighted layer. Sizes are roots of the mean square, one for each seed."""

    path: str
    use: int
    """Which use of the layer it is, from 1; more than 1 only where it is shared."""
    shared: bool
    """Whether it is used more than once."""
    label: str
    """What a paper writes in its box."""
    depth: int
    """Weighted layers on the longest path from the input, this one included."""
    stage: str
    """The part of the network it lies in, as `analysis.stages` names it."""
    elements: int
    """Numbers of its output, for one sample."""
    file: str
    line: int
    activation: tuple[float, ...]
    """Of its output Z."""
    gradient: tuple[float | None, ...]
    """Of the loss by Z; None: the main output does not depend on it."""
    weight: tuple[float | None, ...]
    """Of the loss by its weights, all uses together; None: they are not trained."""

    @property
    def name(self) -> str:
        """The path; with the number of the use where there are several."""
        return f"{self.path} (use {self.use})" if self.shared else self.path

    def size(self, quantity: Quantity) -> Spread | None:
        """One of the three, over the seeds; None if there is no such gradient."""
        return Spread.of(getattr(self, quantity))

    def as_json(self) -> dict[str, Any]:
        """The layer as an object."""
        fields = ("path", "use", "label", "depth", "stage", "elements", "file", "line")
        sizes: dict[str, Any] = {}
        for quantity in ("activation", "gradient", "weight"):
            size = self.size(quantity)
            values = list(getattr(self, quantity))
            sizes[quantity] = None if size is None else {**size.as_json(), "seeds": values}
        return {**{name: getattr(self, name) for name in fields}, **sizes}


class DepthPoint(Record):
    """The layers at one depth, taken together: the root of the mean square over all of them."""

    depth: int
    name: str
    """The first of them."""
    size: Spread


class Setting(Record):
    """How it was measured."""

    batch: int
    data: str
    """The file the batch is from; empty: it is random."""
    seeds: int
    steps: int
    lr: float
    weights: str
    """Where the weights are from; empty: freshly initialised."""
    dtype: str
    device: str

    def samples(self) -> str:
        """The batch in words: `16 random samples`."""
        noun = "sample" if self.batch == 1 else "samples"
        return (
            f"{self.batch:,} {noun} of {self.data}"
            if self.data
            else f"{self.batch:,} random {noun}"
        )

    def as_json(self) -> dict[str, Any]:
        """The setting as an object."""
        return {name: getattr(self, name) for name in self.record_fields}


class GradientReport(Record):
    """The sizes of a network's activations and gradients at every weighted layer."""

    network: str
    title: str
    """The network with its parameters: `Chain(L=50)`."""
    file: str
    layers: tuple[Layer, ...]
    """In running order."""
    loss: tuple[float, ...]
    """One for each seed."""
    setting: Setting

    @cached_property
    def verdict(self) -> Verdict:
        """Vanishing, exploding or healthy, from the medians over the seeds.

        Judged by the length of the gradient, its root mean square times the root of the number of
        elements: where a map is large, each of its elements hears less, without less being heard.
        """
        points: list[Point] = []
        for depth, layers in self._by_depth():
            lengths = [
                size.median * layer.elements**0.5
                for layer in layers
                if (size := layer.size("gradient")) is not None
            ]
            points.append(Point(depth, layers[0].path, hypot(*lengths) if lengths else None))
        return judge(points, self.setting.dtype)

    @property
    def first(self) -> Layer:
        """The weighted layer that runs first."""
        return self.layers[0]

    @property
    def depth(self) -> int:
        """Of the deepest layer."""
        return max(layer.depth for layer in self.layers)

    def curve(self, quantity: Quantity) -> list[DepthPoint]:
        """A quantity by depth; where layers lie side by side, they are taken together."""
        points: list[DepthPoint] = []
        for depth, layers in self._by_depth():
            seeds = zip(*(getattr(layer, quantity) for layer in layers), strict=True)
            elements = [layer.elements for layer in layers]
            size = Spread.of([_together(values, elements) for values in seeds])
            if size is not None:
                points.append(DepthPoint(depth, layers[0].path, size))
        return points

    def _by_depth(self) -> Iterator[tuple[int, list[Layer]]]:
        ordered = sorted(self.layers, key=lambda layer: layer.depth)
        return ((depth, list(group)) for depth, group in groupby(ordered, lambda x: x.depth))

    def as_json(self) -> dict[str, Any]:
        """What `archlang gradients --json` writes for a network."""
        loss = Spread.of(self.loss)
        assert loss is not None
        return {
            "network": self.network,
            "title": self.title,
            "file": self.file,
            "setting": self.setting.as_json(),
            "loss": {**loss.as_json(), "seeds": list(self.loss)},
            "verdict": self.verdict.as_json(),
            "layers": [layer.as_json() for layer in self.layers],
        }

    def rows(self) -> list[tuple[str, ...]]:
        """The lines of the table: layer, depth, kind, and the three sizes."""
        return [
            (
                layer.name,
                str(layer.depth),
                layer.label,
                *(number(layer.size(q)) for q in ("activation", "gradient", "weight")),
            )
            for layer in self.layers
        ]

    def text(self) -> str:
        """The verdict and the table, as `archlang gradients` prints them into a pipe."""
        lines = [HEADINGS, *self.rows()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(
                cell.rjust(width) if heading in NUMBERS else cell.ljust(width)
                for cell, width, heading in zip(line, widths, HEADINGS, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join((self.head(), self.verdict.sentence, *table))

    def head(self) -> str:
        """What was measured, in one line."""
        s = self.setting
        after = f", after {s.steps:,} steps" if s.steps else ""
        seeds = f", {s.seeds} seeds" if s.seeds > 1 else ""
        weights = f", weights of {s.weights}" if s.weights else ""
        return f"{self.title}: {s.samples()}{seeds}{weights}{after}, {s.dtype}"


HEADINGS = ("layer", "depth", "kind", "activation", "gradient", "weight gradient")
NUMBERS = frozenset({"depth", "activation", "gradient", "weight gradient"})


def number(size: Spread | None) -> str:
    """The median in a table; a dash where there is none."""
    if size is None:
        return "–"
    return "0" if size.median == 0 else f"{size.median:.2e}"


def _together(values: Sequence[float | None], elements: Sequence[int]) -> float | None:
    """The root mean square over several layers, each with so many elements."""
    there = [(v, n) for v, n in zip(values, elements, strict=True) if v is not None]
    if not there:
        return None
    # hypot loses no square below what a number can be
    return hypot(*(v * n**0.5 for v, n in there)) / sum(n for _, n in there) ** 0.5
