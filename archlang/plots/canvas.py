"""What all plots share: size, type, colours, and files of equal bytes for equal numbers."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# matplotlib does not say the types of all its arguments.

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archlang.figures.errors import DrawingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".pdf", ".png")
SIZE = (10.0, 5.6)
"""Inches: a slide of 16:9."""


class Look(NamedTuple):
    """How a curve is told from the others, in colour and without."""

    colour: str
    marker: str
    line: str


LOOKS = (
    Look("#0072B2", "o", "-"),
    Look("#D55E00", "s", "--"),
    Look("#009E73", "^", "-."),
    Look("#000000", "D", ":"),
    Look("#CC79A7", "v", "-"),
    Look("#56B4E9", "P", "--"),
    Look("#E69F00", "X", "-."),
)
"""Colours of Okabe and Ito (https://jfly.uni-koeln.de/color/), the strongest first."""

_STYLE: dict[Any, Any] = {
    "font.size": 14,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same
    "axes.labelsize": 15,
    "axes.titlesize": 17,
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "lines.linewidth": 2.5,
    "lines.markersize": 6,
    "svg.hashsalt": "archlang",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # text stays text
}


def hold_suffix(path: Path) -> None:
    """Whether a plot can be written into such a file; to be asked before anything is measured.

    Raises:
        DrawingError: the suffix is none of `SUFFIXES`.
    """
    if path.suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise DrawingError(f"a plot cannot be written as {path.name!r}: the name ends in {known}")


def picture(
    suffix: str, paint: Callable[[Figure], None], size: tuple[float, float] = SIZE
) -> bytes:
    """A file of a plot: `paint` puts axes into an empty figure of `size` inches.

    Raises:
        DrawingError: the suffix is none of `SUFFIXES`.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    hold_suffix(Path(f"plot{suffix}"))
    nothing = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {"Software": None}}
    file = BytesIO()
    with rc_context(_STYLE):
        figure = Figure(size, layout="constrained")
        paint(figure)
        figure.savefig(file, format=suffix[1:], dpi=150, metadata=nothing[suffix])
    return file.getvalue()


def mark_stages(axes: Axes, stages: Sequence[tuple[str, float, float]]) -> None:
    """Name parts of the horizontal axis: `(name, from, to)`, in its units, shaded in turn."""
    for number, (name, begin, end) in enumerate(stages):
        if number % 2:
            axes.axvspan(begin, end, color="#f2f2f2", zorder=0, linewidth=0)
        axes.text(
            (begin + end) / 2, 1.005, name, transform=axes.get_xaxis_transform(),
            ha="center", va="bottom", fontsize=10, color="#555555", clip_on=False,
        )  # fmt: skip
