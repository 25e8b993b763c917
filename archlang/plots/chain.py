"""Plots of the scalar chain: its gradient against the depth, and its factors layer by layer."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# matplotlib does not say the types of all its arguments.

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from archlang.plots.canvas import LOOKS, Look, picture
from archlang.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FLOAT32 = (-45, 38.5)
"""Below 10 to the first, float32 has only 0; above 10 to the second, only infinity."""


class Curve(Record):
    """A curve with its name; `values` belong to `depths`."""

    name: str
    depths: Sequence[int]
    values: Sequence[Decimal] | Sequence[float]
    group: int = 0
    """Curves of one group have one colour."""
    dashed: bool = False
    row: int = 0
    """By how many lines its name stands lower: for curves that end at one place."""


def depth_plot(
    curves: Sequence[Curve], title: str, suffix: str, exponents: tuple[int, int]
) -> bytes:
    """|dθ/dw_1| against L; `exponents` are the ends of the vertical axis, as powers of ten.

    Exponents are plotted, not values: float64, and so a log scale, ends at 1e-308.
    """

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for curve in curves:
            look = _look(curve)
            heights = [float(abs(Decimal(v)).log10()) for v in curve.values]
            axes.plot(curve.depths, heights, color=look.colour, linestyle=look.line)
            _name(axes, curve, heights[-1], look)
        _outside(axes, exponents)
        axes.set_ylim(*exponents)
        _powers(axes)
        axes.set(title=title, xlabel="L, the number of layers", ylabel="|dθ/dw₁|")
        axes.set_xlim(0, max(c.depths[-1] for c in curves))

    return picture(suffix, paint)


def _outside(axes: Axes, exponents: tuple[int, int]) -> None:
    """Shade what float32 cannot hold, with the word for it in a corner, off the curves."""
    low, high = FLOAT32
    for begin, end, words, height, side in (
        (exponents[0], low, "grey: 0 in float32", exponents[0] + 12, "bottom"),
        (high, exponents[1], "grey: infinite in float32", exponents[1] - 12, "top"),
    ):
        axes.axhspan(begin, end, color="#f2f2f2", zorder=0, linewidth=0)
        axes.text(
            0.015, height, words, transform=axes.get_yaxis_transform(), va=side,
            fontsize=12, color="#555555",
        )  # fmt: skip


def factor_plot(curves: Sequence[Curve], title: str, suffix: str) -> bytes:
    """The size of each factor `w_l f'(w_l y_(l-1))` of the product."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for curve in curves:
            look = _look(curve)
            sizes = [float(v) for v in curve.values]
            axes.plot(
                curve.depths, sizes, color=look.colour, linestyle=look.line, marker=look.marker
            )
            _name(axes, curve, sizes[-1], look)
        axes.axhline(1.0, color="black", linewidth=1.2)
        for height, words in ((1.25, "above 1: explodes"), (0.55, "below 1: vanishes")):
            axes.text(curves[0].depths[0], height, words, va="center", fontsize=13, color="#333333")
        axes.set(title=title, xlabel="layer l", ylabel="factor  w f′(w y)", ylim=(0, 1.7))
        axes.locator_params(axis="x", integer=True)

    return picture(suffix, paint)


def _look(curve: Curve) -> Look:
    look = LOOKS[curve.group % len(LOOKS)]
    return Look(look.colour, look.marker, "--" if curve.dashed else "-")


def _name(axes: Axes, curve: Curve, height: float, look: Look) -> None:
    """The name beside the end of a curve: nobody has to look it up in a legend."""
    axes.annotate(
        curve.name, (curve.depths[-1], height), (8, -18 * curve.row), textcoords="offset points",
        va="center", color=look.colour, fontsize=13, annotation_clip=False,
    )  # fmt: skip


def _powers(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    axes.yaxis.set_major_locator(MultipleLocator(100))
    axes.yaxis.set_major_formatter(FuncFormatter(_power))


def _power(exponent: float, _: object) -> str:
    return f"$10^{{{exponent:.0f}}}$" if exponent else "1"
