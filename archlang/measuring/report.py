"""What was measured of a network's gradients, as numbers and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from math import hypot
from statistics import median
from typing import Any, Literal

from archlang.measuring.verdict import Point, Verdict, digits, judge
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
    """One use of a weighted layer. There is a size for each seed.

    Activations and weight gradients are roots of the mean square over all elements. A gradient is a
    length, its root mean square times the root of `elements`: where a map is large, each of its
    elements hears less, without less being heard.
    """

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
    """Of the loss by Z, its length; None: the main output does not depend on it."""
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
    """The layers at one depth, taken together, as if they were one."""

    depth: int
    name: str
    """The layer; where there are several that have such a size, the group: `conv1 and 1 more`."""
    size: Spread
    silent: tuple[str, ...] = ()
    """The layers among several whose median is exactly 0."""


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
    random_labels: bool = False
    """Whether labels are random though the samples are given."""

    def samples(self) -> str:
        """The batch in words: `16 random samples`."""
        noun = "sample" if self.batch == 1 else "samples"
        if not self.data:
            return f"{self.batch:,} random {noun}"
        labels = " with random labels" if self.random_labels else ""
        return f"{self.batch:,} {noun} of {self.data}{labels}"

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
    loss_before: tuple[float, ...]
    """The same before the first step of gradient descent."""
    setting: Setting

    @cached_property
    def verdict(self) -> Verdict:
        """Vanishing, exploding or healthy, from the medians over the seeds."""
        points = [Point(p.depth, p.name, p.size.median, p.silent) for p in self.curve("gradient")]
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
        for depth, side in self._by_depth():
            layers = [layer for layer in side if layer.size(quantity) is not None]
            if layers:
                seeds = zip(*(getattr(layer, quantity) for layer in layers), strict=True)
                join = hypot if quantity == "gradient" else _joint([x.elements for x in layers])
                size = Spread.of([join(*values) for values in seeds])
                assert size is not None
                points.append(DepthPoint(depth, _group(layers), size, _silent(layers, quantity)))
        return points

    def _by_depth(self) -> Iterator[tuple[int, list[Layer]]]:
        ordered = sorted(self.layers, key=lambda layer: layer.depth)
        return ((depth, list(group)) for depth, group in groupby(ordered, lambda x: x.depth))

    def as_json(self) -> dict[str, Any]:
        """What `archlang gradients --json` writes for a network."""
        loss, before = Spread.of(self.loss), Spread.of(self.loss_before)
        assert loss is not None and before is not None
        return {
            "network": self.network,
            "title": self.title,
            "file": self.file,
            "setting": self.setting.as_json(),
            "loss": {**loss.as_json(), "seeds": list(self.loss)},
            "loss_before": {**before.as_json(), "seeds": list(self.loss_before)},
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
        return "\n".join((self.head(), self.verdict.sentence, self.losses(), MEANING, *table))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<GradientReport {self.title}: {self.verdict.kind}, {len(self.layers)} layers>"

    def losses(self) -> str:
        """The loss, and what it was before the steps, in one line."""
        now, before = f"{median(self.loss):.4g}", f"{median(self.loss_before):.4g}"
        of = f" (median of {self.setting.seeds} seeds)" if self.setting.seeds > 1 else ""
        return f"loss {f'{before} → {now}' if self.setting.steps else now}{of}"

    def brief(self) -> tuple[str, ...]:
        """The line of `archlang gradients --brief`, under `BRIEF`."""
        verdict = self.verdict
        factor = f"×{digits(verdict.factor)}" if verdict.factor else NONE
        first = f"{verdict.first.of_last:.2e}" if verdict.first else NONE
        least = f"{verdict.least.layer}: {verdict.least.of_last:.2e}" if verdict.least else NONE
        return (self.title, str(self.depth), factor, first, least, verdict.kind)

    def head(self) -> str:
        """What was measured, in one line."""
        s = self.setting
        after = f", after {s.steps:,} step{'s' if s.steps > 1 else ''}" if s.steps else ""
        seeds = f", {s.seeds} seeds" if s.seeds > 1 else ""
        weights = f", weights of {s.weights}" if s.weights else ""
        return f"{self.title}: {s.samples()}{seeds}{weights}{after}, {s.dtype}"


NONE = "–"
MEANING = "activation and weight gradient: root mean square; gradient: length of ∂R/∂Z"
"""What the columns of the table are."""
BRIEF = ("network", "depth", "factor", "first ÷ last", "least ÷ last", "verdict")
HEADINGS = ("layer", "depth", "kind", "activation", "gradient", "weight gradient")
NUMBERS = frozenset({"depth", "activation", "gradient", "weight gradient"})


def number(size: Spread | None) -> str:
    """The median in a table; a dash where there is none."""
    if size is None:
        return NONE
    return "0" if size.median == 0 else f"{size.median:.2e}"


def _group(layers: Sequence[Layer]) -> str:
    """The name of layers side by side; uses of a shared layer are one."""
    first, *others = dict.fromkeys(layer.path for layer in layers)
    return f"{first} and {len(others):,} more" if others else first


def _silent(layers: Sequence[Layer], quantity: Quantity) -> tuple[str, ...]:
    """The layers none of whose uses has a size other than 0."""
    silent = dict.fromkeys(layer.path for layer in layers)
    for layer in layers:
        size = layer.size(quantity)
        if size is not None and size.median:
            silent.pop(layer.path, None)
    return tuple(silent)


def _joint(elements: Sequence[int]) -> Callable[..., float]:
    """The root of the mean square over layers with so many elements, from that of each."""

    def joint(*values: float) -> float:
        # hypot loses no square below what a number can be
        sizes = (v * n**0.5 for v, n in zip(values, elements, strict=True))
        return hypot(*sizes) / sum(elements) ** 0.5

    return joint
