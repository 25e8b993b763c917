"""Vanishing, exploding, healthy: what is said of curves that were made up, and of the zoo."""

from __future__ import annotations

import json
import math

import pytest

import archlang
from archlang.measuring.gradients import gradients, measure
from archlang.measuring.verdict import Point, judge


def curve(factor: float, layers: int = 20, last: float = 1.0) -> list[Point]:
    """From the input on; the gradient changes by `factor` from a layer to the one before."""
    return [Point(n, f"w{n}", last * factor ** (layers - n)) for n in range(1, layers + 1)]


@pytest.mark.parametrize(
    ("factor", "layers", "kind"),
    [
        (0.5, 20, "vanishing"),
        (0.5, 8, "healthy"),
        (0.5, 12, "vanishing"),
        (2.0, 20, "exploding"),
        (2.0, 13, "healthy"),
        (1.0, 500, "healthy"),
        (0.98, 300, "healthy"),
        (0.96, 300, "vanishing"),
    ],
)
def test_the_factor_and_what_it_makes_of_the_gradient(factor, layers, kind) -> None:
    verdict = judge(curve(factor, layers))
    assert verdict.kind == kind and verdict.sentence.startswith(f"{kind}: ")
    assert verdict.factor == pytest.approx(factor)
    assert verdict.change == pytest.approx(factor ** (layers - 1), rel=1e-6)


def test_odd_layers_do_not_turn_the_line() -> None:
    points = curve(0.5, 21)
    for number in (3, 9, 20):
        points[number] = Point(number + 1, points[number].name, 1e6)
    assert judge(points).factor == pytest.approx(0.5, rel=0.05)


def test_a_thousand_layers_do_not_take_long_and_do_not_overflow() -> None:
    verdict = judge(curve(0.9, 3000, last=1e-3))
    assert verdict.kind == "vanishing" and verdict.factor == pytest.approx(0.9)


def test_what_a_student_reads() -> None:
    assert judge(curve(0.5)).sentence == (
        "vanishing: from layer to layer the gradient shrinks to 0.500 of it; "
        "w1 hears 1.9e-06 of what w20 does"
    )
    assert judge(curve(1.5, 11)).sentence == (
        "healthy: from layer to layer the gradient grows 1.50 times; w1 hears 58 times what w11 "
        "does; many more such layers would make it explode"
    )
    rescued = [Point(1, "w1", 2.0), *curve(0.5)[1:]]
    verdict = judge(rescued)
    assert verdict.sentence.endswith(
        "; yet w1 hears 2 times what w20 does; w2 hears least, 3.8e-06 of it"
    )
    assert verdict.aside == "yet w1 hears 2 times w20"


def test_ends_that_the_line_does_not_see() -> None:
    """Steps that were far too long: flat but for the last layer."""
    verdict = judge([*curve(1.05, 10, last=1e7)[:-1], Point(10, "fc", 1.0)])
    assert verdict.kind == "exploding"
    assert verdict.sentence == (
        "exploding: w1 hears 1.6e+07 times what fc does; "
        "from layer to layer the gradient grows 1.05 times"
    )
    assert verdict.aside == "w1 hears 1.6e+07 times fc"
    low = judge([Point(1, "w1", 5e-4), *curve(1.0, 10)[1:]])
    assert low.kind == "vanishing" and low.sentence.startswith("vanishing: w1 hears 0.0005 of what")


def test_a_layer_on_the_way_that_hears_too_little() -> None:
    """The bottom of a U, whose ends hear alike."""
    points = curve(1.0, 11)
    points[5] = Point(6, "bottom", 1e-5)
    verdict = judge(points)
    assert verdict.kind == "vanishing" and verdict.least.layer == "bottom"
    assert verdict.sentence == (
        "vanishing: bottom hears least, 1e-05 of what w11 does; from layer to layer the gradient "
        "stays as it is (×1.00); yet w1 hears as much as w11 does"
    )
    points[5] = Point(6, "bottom", 1e-2)
    assert judge(points).kind == "healthy"
    points[5] = Point(6, "top", 2e4)
    assert (
        judge(points).kind == "exploding"
        and "top hears most, 2e+04 times" in judge(points).sentence
    )
    points[7] = Point(8, "bottom", 1e-9)
    assert judge(points).kind == "vanishing", "what is farther beyond its limit"


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_numbers_at_the_ends_of_float64(factor: float) -> None:
    verdict = judge([Point(1, "a", 1e-300), Point(2, "b", 1e300 * factor), Point(3, "c", 5e-324)])
    assert verdict.kind == "exploding" and math.isfinite(verdict.most.of_last)
    assert json.loads(json.dumps(verdict.as_json()))["most"]["layer"] == "b"


def test_few_layers() -> None:
    assert judge([Point(1, "fc1", 0.1)]).factor is None
    assert "there is no depth" in judge([Point(1, "fc1", 0.1)]).sentence
    assert judge(curve(0.1, 2)).kind == "healthy"
    assert judge([Point(1, "fc1", None)]).kind == "cut off"


def test_zeros() -> None:
    below = [Point(1, "w1", 0.0), Point(2, "w2", 0.0), Point(3, "w3", 1e-44), Point(4, "w4", 1e-40)]
    assert judge(below).sentence == (
        "vanishing: from layer to layer the gradient shrinks to 0.000100 of it; it is 0 up to w2, "
        "below the range of float32; --dtype float64 shows more"
    )
    assert "--dtype" not in judge(below, "float64").sentence
    cut = [Point(1, "w1", 0.0), Point(2, "w2", 0.0), Point(3, "w3", 0.1), Point(4, "w4", 0.1)]
    assert judge(cut).kind == "cut off" and "between w2 and w3" in judge(cut).sentence
    assert judge([Point(1, "w1", 0.0)]).kind == "cut off"
    inside = [*curve(1.0, 6)]
    inside[2] = Point(3, "w3", 0.0)
    assert judge(inside).kind == "healthy"
    assert (
        judge(inside)
        .sentence.partition(" (weights behind are 0")[0]
        .endswith("; w3 hears nothing, exactly 0")
    )
    inside[4] = Point(5, "w5", 0.0)
    assert "; w3 and 1 more hear nothing, exactly 0" in judge(inside).sentence
    below.insert(0, Point(0, "w0", 1.0))
    assert "; w1 and 1 more hear less than float32 can hold" in judge(below).sentence
    assert "hears least" not in judge(below).sentence


@pytest.mark.parametrize(
    ("name", "options", "kind", "factor"),
    [
        ("Chain", {"L": 50}, "vanishing", 0.207),
        ("SkipChain", {"L": 50}, "vanishing", 0.207),
        ("ExplodingChain", {"L": 50}, "exploding", 1.5),
        ("Chain", {"L": 50, "f": "relu", "weight": 0.8}, "vanishing", 0.8),
        ("Chain", {"L": 50, "f": "relu", "weight": 1.0}, "healthy", 1.0),
        ("LeNet5", {}, "healthy", 0.4),
        ("Highway", {}, "vanishing", 0.883),
        ("Highway", {"bias": 0.0}, "vanishing", 0.54),
        # Yang et al. 2019 (arXiv:1902.08129): with batch norms and relu the gradient of a plain
        # network grows by the root of π/(π - 1) = 1.21 in each layer, as they get wider
        ("Plain56", {}, "exploding", 1.2),
        ("ResNet56", {}, "healthy", 1.06),
    ],
)
def test_networks_of_the_zoo(name, options, kind, factor) -> None:
    graph = archlang.network(name, **options)
    verdict = measure(graph, seeds=1, batch=8).verdict
    assert verdict.kind == kind
    assert verdict.factor == pytest.approx(factor, rel=0.05)


def test_the_first_layer_of_the_skip_chain_hears() -> None:
    sentences = [gradients(name, L=50).verdict.sentence for name in ("Chain", "SkipChain")]
    assert "; w1 hears" in sentences[0] and "; yet w1 hears" in sentences[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("Plain34", 1.2),
        ("ResNet34", 1.1),
        ("ResNet50", 1.11),
        ("VGG19", 0.96),
        ("DenseNet121", 1.03),
    ],
)
def test_large_networks_of_the_zoo(name: str, factor: float) -> None:
    verdict = measure(archlang.network(name), seeds=1, batch=4).verdict
    assert verdict.kind == "healthy" and verdict.factor == pytest.approx(factor, rel=0.05)


def test_layers_side_by_side_are_named_as_a_group() -> None:
    points = [Point(1, "a and 1 more", 0.5, ("a",)), Point(2, "b", 1.0)]
    sentence = judge(points).sentence
    assert "a and 1 more hear 0.5 of what b does; a hears nothing, exactly 0 (weights" in sentence


@pytest.mark.parametrize(("dtype", "last"), [("float16", 2e-7), ("float64", 5e-323)])
def test_the_range_of_each_type(dtype: str, last: float) -> None:
    points = [Point(1, "a", 0.0), Point(2, "b", last), Point(3, "c", 1e3 * last)]
    assert "below the range" in judge(points, dtype).sentence
    assert judge([Point(1, "a", 0.0), Point(2, "b", 1e-40)], "float64").kind == "cut off"
