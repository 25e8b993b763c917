"""The plot of gradients: what is on it, in every format, whatever the numbers are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from archlang.figures.errors import DrawingError
from archlang.plots.gradients import Curve, Point, StageMark, plot

STAGES = (StageMark("conv1–maxpool1", 1, 1), StageMark("layer1", 2, 5), StageMark("layer2", 6, 9))


def curve(name: str, values: Sequence[float], stages: tuple[StageMark, ...] = ()) -> Curve:
    points = tuple(Point(n, v, v / 2, v * 2) for n, v in enumerate(values, 1))
    return Curve(name, points, stages)


def svg(*curves: Curve) -> str:
    return plot(curves, "gradient", "A title", "16 random samples", ".svg").decode()


def texts(content: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", content)


NINE = [10.0**-n for n in range(9)]


@pytest.mark.parametrize(
    ("suffix", "head"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG")]
)
def test_formats_and_equal_bytes(suffix: str, head: bytes) -> None:
    files = [plot([curve("A", NINE)], "gradient", "T", "n", suffix) for _ in range(2)]
    assert files[0] == files[1] and files[0].startswith(head)


def test_names_stages_and_title() -> None:
    shown = texts(svg(curve("Plain", NINE, STAGES), curve("Residual", NINE, STAGES)))
    expected = {"Plain", "Residual", "A title", "gradient", "16 random samples", "layer1", "layer2"}
    assert expected <= set(shown)
    assert "conv1–maxpool1" not in shown, "a loose step is too narrow for its name"


def test_stages_that_differ_are_left_out() -> None:
    shown = texts(svg(curve("A", NINE, STAGES), curve("B", NINE, STAGES[:2])))
    assert "layer1" not in shown


def test_long_names_are_turned() -> None:
    marks = tuple(StageMark(f"inception{n}", 2 * n - 1, 2 * n) for n in range(1, 12))
    content = svg(curve("A", [1.0] * 22, marks))
    assert {f"inception{n}" for n in range(1, 12)} <= set(texts(content))
    assert re.search(r"rotate\(-40[^>]*>inception3<", content)


def test_curves_are_told_apart_without_colour() -> None:
    content = svg(*(curve(f"N{n}", [v * 10**n for v in NINE]) for n in range(4)))
    dashes = set(re.findall(r"stroke-dasharray: ([\d. ,]+)", content))
    assert len(dashes) >= 3  # and one is solid


def test_zeros_have_a_place_of_their_own() -> None:
    content = svg(curve("A", [0.0, 0.0, 0.0, 1e-44, 1e-40, 1.0]))
    assert "0 here" in texts(content) and "nan" not in content.lower().split("</style>")[1]
    assert "0 here" in texts(svg(curve("A", [0.0, 0.0])))
    assert "0 here" not in texts(svg(curve("A", NINE)))


def test_great_and_tiny_numbers() -> None:
    for values in ([1e-150, 1e150], [5e-324, 1.0], [1.0], [1.0] * 1500, [1e-7, 1.0000001e-7]):
        assert "inf" not in svg(curve("A", values)).split("</style>")[1]


def test_what_cannot_be_plotted() -> None:
    with pytest.raises(DrawingError, match="nothing to plot"):
        svg(Curve("A", ()))
    with pytest.raises(DrawingError, match="at most 7"):
        svg(*(curve(str(n), NINE) for n in range(8)))
    with pytest.raises(DrawingError, match="ends in"):
        plot([curve("A", NINE)], "g", "t", "n", ".jpg")
