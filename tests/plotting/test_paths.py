"""The plot of path lengths: what matplotlib drew is what was counted."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# matplotlib does not say the types of all its arguments.

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from archlang.analysis.gradient_paths import gradient_paths
from archlang.analysis.path_lengths import Histogram
from archlang.compiler import graph
from archlang.figures.errors import DrawingError
from archlang.plots import paths
from archlang.plots.paths import hides, plot_lengths


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that are painted, before they become a file."""
    figures: list[Figure] = []
    write = paths.picture

    def keep(suffix: str, paint: Callable[[Figure], None], *rest: Any) -> bytes:
        def both(figure: Figure) -> None:
            paint(figure)
            figures.append(figure)

        return write(suffix, both, *rest)

    monkeypatch.setattr(paths, "picture", keep)
    yield figures


def bars(figure: Figure) -> list[tuple[float, float]]:
    """The middle and the height of each bar."""
    (axes,) = figure.axes
    boxes = [p for p in axes.patches if isinstance(p, Rectangle)]
    return [(b.get_x() + b.get_width() / 2, b.get_height()) for b in boxes]


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_equal_numbers_give_equal_files(suffix: str) -> None:
    histogram = gradient_paths(graph("ResNet20"), factor=0.8).histogram()
    first, second = (plot_lengths(histogram, "ResNet20", suffix) for _ in range(2))
    assert first == second and len(first) > 1_000


def test_every_length_has_its_bar_and_the_mean_its_line(drawn: list[Figure]) -> None:
    histogram = gradient_paths(graph("ResNet110")).histogram()
    plot_lengths(histogram, "ResNet110", ".svg")
    found = bars(drawn[0])
    assert [round(x) for x, _ in found] == [length for length, _ in histogram.counts]
    assert [y for _, y in found] == pytest.approx([100 * s for s in histogram.shares])
    (axes,) = drawn[0].axes
    assert axes.lines[0].get_xdata()[0] == 56  # pyright: ignore[reportIndexIssue]
    assert axes.get_title(loc="left") == r"ResNet110: $1.80\cdot 10^{16}$ paths to conv1"


def test_a_factor_puts_its_bars_over_the_others(drawn: list[Figure]) -> None:
    histogram = gradient_paths(graph("ResNet110"), factor=0.8).histogram()
    plot_lengths(histogram, "ResNet110", ".svg")
    assert histogram.weighed is not None
    heights = [y for _, y in bars(drawn[0])]
    assert heights == pytest.approx([100 * s for s in histogram.shares + histogram.weighed])
    (legend,) = drawn[0].legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "every path counts the same",
        "mean 56.0",
        "weighed by 0.8 for each layer",
        "mean 44.1",
    ]


def test_what_a_linear_axis_would_hide_gets_a_log_one(drawn: list[Figure]) -> None:
    assert not hides((1.0,)) and not hides((0.001, 0.999))
    assert hides((0.001, 0.998, 0.001)) and not hides((0.02, 0.9, 0.08))
    counts = ((2, 1), (7, 4096), (9, 1))
    shares = tuple(n / 4098 for _, n in counts)
    plot_lengths(Histogram("x", counts, shares, 7.0), "N", ".svg")
    plot_lengths(gradient_paths(graph("VGG16")).histogram(), "VGG16", ".svg")
    assert [figure.axes[0].get_yscale() for figure in drawn] == ["log", "linear"]
    assert drawn[0].axes[0].get_ylim()[0] < 100 / 4098, "the lowest bar is on the axis"


@pytest.mark.parametrize("factor", [None, 0.7])
@pytest.mark.parametrize("name", ["UNet", "VGG16"])
def test_the_legend_lies_beside_the_axes(
    drawn: list[Figure], name: str, factor: float | None
) -> None:
    plot_lengths(gradient_paths(graph(name), factor=factor).histogram(), name, ".png")
    (axes,), (legend,) = drawn[0].axes, drawn[0].legends
    box = axes.get_tightbbox()
    assert box is not None and not legend.get_window_extent().overlaps(box)
    assert max(y for _, y in bars(drawn[0])) < 0.95 * axes.get_ylim()[1]


def test_a_suffix_that_is_none() -> None:
    histogram = gradient_paths(graph("Chain")).histogram()
    with pytest.raises(DrawingError, match="the name ends in"):
        plot_lengths(histogram, "Chain", ".gif")
