"""The curves of training error: one figure for each comparison, as svg and png."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# matplotlib does not say the types of all its arguments.

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, NullLocator

from archlang.plots.canvas import LOOKS, Look, picture
from comparisons import Comparison, Panel
from journal import Run, write
from learning import Recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
LEAST = 0.05
"""Per cent; what is less, a logarithmic axis shows as this."""


def draw(
    runs: Sequence[Run], comparisons: Sequence[Comparison], recipe: Recipe, folder: Path
) -> list[Path]:
    """The figures of those comparisons of which every network was run at least once."""
    written: list[Path] = []
    for comparison in comparisons:
        mine = [run for run in runs if run.rate == comparison.rate]
        if not {run.network for run in mine}.issuperset(comparison.networks):
            continue
        name = "experiment" if comparison.name == "plain" else f"experiment-{comparison.name}"

        paint = partial(_paint, comparison=comparison, runs=mine, recipe=recipe)

        for suffix in (".svg", ".png"):
            path, content = folder / (name + suffix), picture(suffix, paint)
            write(path, lambda beside, content=content: beside.write_bytes(content))
            written.append(path)
    return written


def _paint(figure: Figure, comparison: Comparison, runs: Sequence[Run], recipe: Recipe) -> None:
    """Two panels with equal axes."""
    figure.suptitle(comparison.title, x=0.01, ha="left", fontsize=17)
    for axes, panel in zip(
        figure.subplots(1, 2, sharex=True, sharey=True), comparison.panels, strict=True
    ):
        for look, (label, network) in zip(LOOKS, panel.curves.items(), strict=False):
            mine = [run for run in runs if run.network == network]
            _curve(axes, look, f"{label} ({_seeds(len(mine))})", mine)
        _dress(axes, panel, recipe)
    figure.axes[0].set_ylabel("training error (%)")


def _seeds(number: int) -> str:
    return f"{number} seed{'' if number == 1 else 's'}"


def _curve(axes: Axes, look: Look, label: str, runs: Sequence[Run]) -> None:
    """The mean over the seeds, and a band from the least to the greatest."""
    moments = list(zip(*([100 * epoch.error for epoch in run.epochs] for run in runs), strict=True))
    x = range(1, len(moments) + 1)
    low, middle, high = ([max(LEAST, of(moment)) for moment in moments] for of in (min, mean, max))
    axes.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0)
    axes.plot(x, middle, color=look.colour, linestyle=look.line, label=label)


def _dress(axes: Axes, panel: Panel, recipe: Recipe) -> None:
    """Title, axes, legend, and where the learning rate falls."""
    axes.set_title(panel.title, fontsize=15)
    axes.set_xlabel("epoch")
    axes.set_xlim(0, recipe.epochs)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator(TICKS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    for epoch in range(1, recipe.epochs):
        if recipe.drops(epoch) > recipe.drops(epoch - 1):
            axes.axvline(epoch, color="#999999", linewidth=1, linestyle=":")
            axes.text(epoch, 1, " rate ÷ 10", transform=axes.get_xaxis_transform(), fontsize=10,
                      color="#555555", va="top")  # fmt: skip
    axes.legend(loc="lower left", frameon=False, fontsize=12)
