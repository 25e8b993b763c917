"""The plot of `archlang gradients`: sizes at every layer on a log scale, a band over the seeds."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# matplotlib does not say the types of all its arguments.

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from archlang.figures.errors import DrawingError
from archlang.plots.canvas import LOOKS, SIZE, Look, mark_stages, picture
from archlang.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 9.0
"""Inches that the layers have, about."""
_LETTER = 0.085
"""Inches of a letter of a stage's name."""
_TURNED = 0.2
"""Inches that a name needs that is turned."""
_MARKERS = 14
"""On a curve, about; all of many layers would hide it."""
_MOST_STAGES = 24
_SIDE_BY_SIDE = 38
"""Letters up to which two names stand beside each other in the legend."""


class Point(NamedTuple):
    """A size at one depth, over the seeds."""

    depth: int
    median: float
    least: float
    most: float


class StageMark(NamedTuple):
    """A stage and the depths of its first and last weighted layer."""

    name: str
    first: int
    last: int


class Curve(Record):
    """A network."""

    name: str
    points: tuple[Point, ...]
    stages: tuple[StageMark, ...] = ()


def hold_number(networks: int) -> None:
    """
    Raises:
        DrawingError: there are too many networks to tell apart.
    """
    if networks > len(LOOKS):
        raise DrawingError(
            f"{networks} networks cannot be told apart in one plot; show at most {len(LOOKS)}"
        )


def plot(curves: Sequence[Curve], quantity: str, title: str, note: str, suffix: str) -> bytes:
    """The file of a plot.

    Args:
        curves: the networks.
        quantity: what is shown, for the vertical axis.
        title: what stands above.
        note: how it was measured, small.
        suffix: `.svg`, `.pdf` or `.png`.

    Raises:
        DrawingError: there is nothing to show, or too many networks to tell apart.
    """
    shown = [curve for curve in curves if curve.points]
    if not shown:
        raise DrawingError(f"there is nothing to plot: no layer has a {quantity}")
    hold_number(len(shown))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_yscale("log")
        deepest = max(point.depth for curve in shown for point in curve.points)
        axes.set_xlim(0.5, deepest + 0.5)
        for number, (curve, look) in enumerate(zip(shown, LOOKS, strict=False)):
            _draw(axes, curve, look)
            _draw_zeros(axes, curve, look, number)
        marked = _mark(axes, shown, deepest)
        _label(figure, axes, quantity, note)
        axes.set_title(title, pad=marked)

    width, height = SIZE
    return picture(suffix, paint, (width, height + 0.25 * max(0, len(shown) - 2)))


def _draw(axes: Axes, curve: Curve, look: Look) -> None:
    """The medians as a line, and the band; what is 0 has no place on a log scale."""
    depths = [point.depth for point in curve.points]
    medians = [point.median or nan for point in curve.points]
    least = [point.least or point.median or nan for point in curve.points]
    most = [point.most or nan for point in curve.points]
    axes.fill_between(depths, least, most, color=look.colour, alpha=0.2, linewidth=0)
    marked = {*range(0, len(depths), max(1, len(depths) // _MARKERS)), len(depths) - 1}
    axes.plot(
        depths, medians, color=look.colour, marker=look.marker, linestyle=look.line,
        label=curve.name, markevery=sorted(marked), clip_on=False,
    )  # fmt: skip


def _draw_zeros(axes: Axes, curve: Curve, look: Look, number: int) -> None:
    """A bar at the lower edge over the layers where the median is 0."""
    zeros = [point.depth for point in curve.points if point.median == 0]
    if not zeros:
        return
    if len(zeros) == len(curve.points):  # nothing else brings it into the legend
        axes.plot([], [], color=look.colour, linestyle=look.line, label=curve.name)
    height = 0.02 + 0.06 * number
    across = axes.get_xaxis_transform()
    for begin, end in _runs(zeros):
        axes.plot(
            [begin - 0.4, end + 0.4], [height] * 2, transform=across, color=look.colour,
            linestyle=look.line, linewidth=4, solid_capstyle="butt",
        )  # fmt: skip
    begin, end = _runs(zeros)[0]
    axes.text(
        (begin + end) / 2, height + 0.012, "0 here", transform=across, ha="center", va="bottom",
        fontsize=11, color=look.colour,
    )  # fmt: skip


def _runs(depths: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring depths as ranges."""
    runs: list[tuple[int, int]] = []
    for depth in depths:
        if runs and runs[-1][1] == depth - 1:
            runs[-1] = (runs[-1][0], depth)
        else:
            runs.append((depth, depth))
    return runs


def _mark(axes: Axes, curves: Sequence[Curve], deepest: int) -> float:
    """Name the stages, where all networks have the same ones; how far above the title has to be."""
    stages = curves[0].stages
    if not 1 < len(stages) <= _MOST_STAGES or any(c.stages != stages for c in curves):
        return 14
    inches = _WIDTH / deepest
    width = [(last - first + 1) * inches for _, first, last in stages]
    loose = ["–" in name for name, _, _ in stages]
    fits = [len(stage.name) * _LETTER < room for stage, room in zip(stages, width, strict=True)]
    turned = not all(fit or free for fit, free in zip(fits, loose, strict=True))
    flat = "" if turned else None
    mark_stages(
        axes,
        [
            (flat if flat is not None else name if fit else "", first - 0.5, last + 0.5)
            for (name, first, last), fit in zip(stages, fits, strict=True)
        ],
    )
    if not turned:
        return 26
    longest = 0
    for (name, first, last), room, free in zip(stages, width, loose, strict=True):
        if room >= _TURNED and not free:
            longest = max(longest, len(name))
            axes.text(
                (first + last) / 2, 1.01, name, transform=axes.get_xaxis_transform(), fontsize=10,
                ha="left", va="bottom", rotation=40, rotation_mode="anchor", color="#555555",
            )  # fmt: skip
    return 24 + 4 * longest


def _label(figure: Figure, axes: Axes, quantity: str, note: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("weighted layer, from the input to the loss")
    axes.set_ylabel(quantity, fontsize=13)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    longest = max(len(name) for name in axes.get_legend_handles_labels()[1])
    legend = figure.legend(
        loc="outside lower left", ncols=1 if longest > _SIDE_BY_SIDE else 2, frameon=False,
        title=note, alignment="left", fontsize=12, title_fontsize=11, handlelength=3,
    )  # fmt: skip
    legend.get_title().set_color("#555555")
