"""The curves, for a slide: svg and png, readable at 10 inches and without colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from digits import CLASSES
from results import Results, Run
from training import METHODS

STYLE = {
    "font.size": 14,
    "axes.labelsize": 15,
    "axes.titlesize": 17,
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "lines.linewidth": 2.5,
    "lines.markersize": 8,
    "svg.hashsalt": "transfer",  # equal numbers, equal bytes
}
LOOKS = {
    "from scratch": ("#000000", "s", ":"),
    "fine-tuned": ("#0072B2", "o", "-"),
    "last stage": ("#009E73", "^", "--"),
    "head only": ("#D55E00", "D", "-."),
}
"""Colour (of Okabe and Ito, https://jfly.uni-koeln.de/color/), marker and line of each method."""
SIZE = (10, 5.6)
GAP = 0.062
"""Distance of two labels that may not touch, as a part of the axis."""


class Curve(NamedTuple):
    """A method's accuracy in per cent, with its standard deviation over the seeds."""

    method: str
    x: list[float]
    middle: list[float]
    spread: list[float]


def draw(
    results: Results, labels: Sequence[int], seeds: Sequence[int], watched: int, folder: Path
) -> list[Path]:
    """Both figures: accuracy against labels, and against epochs of the runs that were watched."""
    written: list[Path] = []
    if len(labels) > 1:
        curves = [_against_labels(results, method.name, labels, seeds) for method in METHODS]
        title = f"Digits 5–9, after 0–4: mean ± s. d. over {len(seeds)} seeds"
        written += _save(folder / "labels", title, curves, _labels_axis(labels))
    if watched in labels:
        curves = [_against_epochs(results, method.name, watched, seeds) for method in METHODS]
        title = f"With {watched} labels a class: mean ± s. d. over {len(seeds)} seeds"
        written += _save(folder / "epochs", title, curves, _epochs_axis)
    return written


def _against_labels(
    results: Results, method: str, labels: Sequence[int], seeds: Sequence[int]
) -> Curve:
    each = [[run.accuracy for run in results.of(method, n, seeds)] for n in labels]
    return _curve(method, [float(n) for n in labels], each)


def _against_epochs(results: Results, method: str, labels: int, seeds: Sequence[int]) -> Curve:
    runs: list[Run] = results.of(method, labels, seeds)
    moments = list(zip(*(run.history for run in runs), strict=True))
    each = [[m.accuracy for m in moment] for moment in moments]
    return _curve(method, [moment[0].epoch for moment in moments], each)


def _curve(method: str, x: list[float], each: list[list[float]]) -> Curve:
    middle = [100 * mean(values) for values in each]
    spread = [100 * stdev(values) if len(values) > 1 else 0.0 for values in each]
    return Curve(method, x, middle, spread)


def _save(
    path: Path, title: str, curves: Sequence[Curve], axis: Callable[[Axes], None]
) -> list[Path]:
    targets = [path.with_suffix(".svg"), path.with_suffix(".png")]
    with rc_context(STYLE):
        figure = Figure(SIZE, layout="constrained")
        axes = figure.subplots()
        for curve in curves:
            _line(axes, curve)
        axis(axes)
        _chance(axes)
        axes.set_title(title)
        axes.set_ylabel("test accuracy (%)")
        axes.set_ylim(min(10, *(min(c.middle) for c in curves)), 101)
        _name(axes, curves)
        for target in targets:
            metadata = {"Date": None} if target.suffix == ".svg" else {"Software": None}
            figure.savefig(target, dpi=150, metadata=metadata)
    return targets


def _line(axes: Axes, curve: Curve) -> None:
    colour, marker, line = LOOKS[curve.method]
    low = [m - s for m, s in zip(curve.middle, curve.spread, strict=True)]
    high = [m + s for m, s in zip(curve.middle, curve.spread, strict=True)]
    axes.fill_between(curve.x, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.plot(
        curve.x, curve.middle, color=colour, marker=marker, linestyle=line, label=curve.method
    )


def _chance(axes: Axes) -> None:
    """The accuracy of guessing."""
    axes.axhline(100 / CLASSES, color="#777777", linewidth=1)
    axes.text(0.995, 100 / CLASSES, "chance", color="#555555", fontsize=12, ha="right", va="bottom",
              transform=axes.get_yaxis_transform())  # fmt: skip


def _name(axes: Axes, curves: Sequence[Curve]) -> None:
    """Write each method at the end of its line; labels are pushed apart where they would touch."""
    low, high = axes.get_ylim()
    gap = GAP * (high - low)
    ends = sorted(curves, key=lambda c: c.middle[-1])
    places = _apart([c.middle[-1] for c in ends], gap, high)
    for curve, place in zip(ends, places, strict=True):
        axes.annotate(
            curve.method,
            xy=(curve.x[-1], curve.middle[-1]),
            xytext=(1.025, (place - low) / (high - low)),
            textcoords="axes fraction",
            color=LOOKS[curve.method][0],
            va="center",
            fontweight="bold",
            annotation_clip=False,
        )


def _apart(values: Sequence[float], gap: float, top: float) -> list[float]:
    """Ascending values, pushed apart to both sides until there is a gap between any two."""
    places = list(values)
    for _ in range(100):
        for i in range(len(places) - 1):
            short = max(0.0, gap - (places[i + 1] - places[i]))
            places[i] -= short / 2
            places[i + 1] += short / 2
        places[-1] = min(places[-1], top)
    return places


def _labels_axis(labels: Sequence[int]) -> Callable[[Axes], None]:
    def dress(axes: Axes) -> None:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(list(labels)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.set_xlabel("labelled images of each new digit")

    return dress


def _epochs_axis(axes: Axes) -> None:
    axes.set_xlabel("epochs")
    axes.set_xlim(left=0)
