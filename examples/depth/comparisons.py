"""What is held against what: the networks of each figure."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

VARIANTS = Path(__file__).with_name("variants.arch")
ZOO = ("Plain20", "Plain56", "ResNet20", "ResNet56")


class Panel(NamedTuple):
    """Networks whose curves share axes."""

    title: str
    curves: dict[str, str]
    """What a curve is called, and its network."""


class Comparison(NamedTuple):
    """A question, and the panels that answer it."""

    name: str
    title: str
    panels: tuple[Panel, Panel]
    seeds: int
    """How many, unless it is said otherwise."""
    rate: float = 0.1
    """The learning rate to begin with."""

    @property
    def networks(self) -> list[str]:
        """All of them, panel by panel."""
        return [network for panel in self.panels for network in panel.curves.values()]


def _by_depth(name: str, title: str, curves: dict[str, str]) -> Comparison:
    """Variants of ResNet20 on the left, of ResNet56 on the right; `{}` stands for the depth."""
    left, right = (
        Panel(f"{depth} layers", {k: network.format(depth) for k, network in curves.items()})
        for depth in (20, 56)
    )
    return Comparison(name, title, (left, right), seeds=2)


_DEPTHS = (
    Panel("plain", {"20 layers": "Plain20", "56 layers": "Plain56"}),
    Panel("residual", {"20 layers": "ResNet20", "56 layers": "ResNet56"}),
)

COMPARISONS = (
    Comparison("plain", "Learning rate 0.1, as in the paper", _DEPTHS, seeds=3),
    Comparison("slow", "Learning rate 0.01", _DEPTHS, seeds=3, rate=0.01),
    _by_depth(
        "shortcuts",
        "Shortcuts of option A, B and C",
        {"A: pad": "ResNet{}", "B: project to fit": "ResNet{}B", "C: project": "ResNet{}C"},
    ),
    _by_depth(
        "order",
        "Activation behind the sum, or before the convolution",
        {"post-activation": "ResNet{}B", "pre-activation": "PreAct{}"},
    ),
    _by_depth(
        "source",
        "Skips from the activated Y, or from the linear Z",
        {"from Y": "ResNet{}", "from Z": "ResNet{}Z"},
    ),
)
"""The lecture's figure first."""


class Trial(NamedTuple):
    """One training: of which network, with which learning rate, by which seed."""

    network: str
    rate: float
    seed: int

    @property
    def spec(self) -> str:
        """What `archlang.load` builds the network from."""
        return self.network if self.network in ZOO else f"{VARIANTS}:{self.network}"

    @property
    def depth(self) -> int:
        """Weighted layers, which is what an epoch costs time for."""
        return int("".join(filter(str.isdigit, self.network)))

    def __str__(self) -> str:
        """Its name, for people and for files."""
        return f"{self.network}-{self.rate:g}-{self.seed}"


def trials(comparisons: tuple[Comparison, ...], seeds: int | None = None) -> list[Trial]:
    """Everything that has to be trained, seed by seed, each once."""
    each = {
        Trial(network, comparison.rate, seed): None
        for comparison in comparisons
        for network in comparison.networks
        for seed in range(seeds or comparison.seeds)
    }
    return sorted(each, key=lambda trial: trial.seed)
