"""The plot of `archlang paths`: how long the paths to a layer are, and which of them matter."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# matplotlib does not say the types of all its arguments.

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Any

from archlang.analysis.path_lengths import Histogram
from archlang.plots.canvas import LOOKS, Look, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_IN_FULL = 10**7
"""Numbers below it are written in full."""
_VISIBLE = 0.01
"""Of the highest bar: what is lower cannot be seen beside it."""
_LOG_FLOOR = 1e-12
"""Percent: what is less than this is not worth an axis that reaches down to it."""
_NARROW = 120
"""So many bars are so narrow that their edges would be all there is to see."""


def plot_lengths(histogram: Histogram, name: str, suffix: str) -> bytes:
    """A file of bars, one for each length: its share of all paths, with their mean marked. With a
    factor, over them, the shares of paths so weighed (after Veit et al. 2016, arXiv:1605.06431,
    fig. 6). `name` is that of the network.

    Raises:
        DrawingError: no plot can be written under that suffix.
    """

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        keys = _bars(axes, histogram, histogram.shares, LOOKS[0], "every path counts the same")
        keys += _mean(axes, histogram.mean, LOOKS[0])
        if histogram.weighed is not None and histogram.expected is not None:
            label = f"weighed by {histogram.factor:g} for each layer"
            keys += _bars(axes, histogram, histogram.weighed, LOOKS[1], label, "//")
            keys += _mean(axes, histogram.expected, LOOKS[1])
        _name(axes, histogram, name)
        figure.legend(handles=keys, loc="outside lower center", ncols=2, frameon=False)

    return picture(suffix, paint)


def _bars(
    axes: Axes, histogram: Histogram, shares: Sequence[float], look: Look, label: str,
    hatch: str = "",
) -> list[Any]:  # fmt: skip
    edges = len(shares) < _NARROW
    bars = axes.bar(
        [length for length, _ in histogram.counts],
        [100 * share for share in shares],
        width=_step(histogram) * (0.8 if edges else 1.0),
        color=look.colour,
        alpha=0.75 if histogram.factor is None else 0.55,
        hatch=hatch if edges else "",
        edgecolor=look.colour,
        linewidth=0.8 if edges else 0.0,
        label=label,
    )
    return [bars]


def _mean(axes: Axes, mean: float, look: Look) -> list[Any]:
    label = f"mean {mean:,.1f}"
    return [axes.axvline(mean, color=look.colour, linestyle=look.line, linewidth=2, label=label)]


def _step(histogram: Histogram) -> int:
    """What all differences of two lengths are multiples of: 2 where a unit has two layers."""
    lengths = [length for length, _ in histogram.counts]
    return gcd(*(b - a for a, b in pairwise(lengths))) or 1


def _name(axes: Axes, histogram: Histogram, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    paths = "path" if histogram.count == 1 else "paths"
    axes.set_title(f"{name}: {_amount(histogram.count)} {paths} to {histogram.to}")
    axes.set_xlabel("length of a path (weighted layers)")
    axes.set_ylabel("share (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, histogram.counts[-1][0] + _step(histogram))
    axes.set_axisbelow(True)
    axes.grid(axis="x", visible=False)
    axes.margins(y=0.1)  # no bar ends at the edge
    if hides(histogram.shares):
        axes.set_yscale("log")
        axes.set_ylim(bottom=max(_LOG_FLOOR, 50 * min(histogram.shares)))


def hides(shares: Sequence[float]) -> bool:
    """Whether a linear axis would show one bar or two, and nothing of several others."""
    visible = sum(share >= _VISIBLE * max(shares) for share in shares)
    return visible < 3 <= len(shares)


def _amount(number: int) -> str:
    """`1,250`; a large one as a power of ten."""
    if number < _IN_FULL:
        return f"{number:,}"
    digits, _, exponent = f"{Decimal(number):.2e}".partition("e+")
    return rf"${digits}\cdot 10^{{{exponent}}}$"
