"""Repeated units stay counted, however often a figure has to be folded to fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archlang.compiler import graph
from archlang.figures import draw_svg
from archlang.figures.drawing import draw_scene
from archlang.figures.geometry import Rect
from archlang.figures.options import Options
from archlang.figures.scene.model import Group, Route, Shape
from archlang.figures.theme import THEMES

SPEC = """
block NAME(C, t, stride=1):
    conv(t*C, 1x1) -> relu -> conv(t*C, 3x3, stride=stride) -> relu -> conv(C, 1x1) + project∘x

network N:
    input 3x224x224
    for s in range(3):
        NAME(8 * (s + 1), 6, stride=2)
        NAME(8 * (s + 1), 6)
        NAME(8 * (s + 1), 6)
    gap -> flatten -> fc(2)
"""


@pytest.mark.parametrize("name", ["U", "InvertedResidual", "ABlockWithQuiteALongNameOfItsOwn"])
def test_no_unit_is_dropped(name: str, tmp_path: Path) -> None:
    spec = tmp_path / "n.arch"
    spec.write_text(SPEC.replace("NAME", name), encoding="utf-8")
    counts = [int(n) for n in re.findall(r">×(\d+)<", draw_svg(graph(f"{spec}:N")))]
    folded = [n for n in counts if n > 1]
    assert sum(folded) - len(folded) >= 3  # nine units in at most six boxes


NESTED = """
block Inner(a):
    branch concat:
        conv(a, 1x1) -> relu
        conv(a, 3x3) -> relu

block Outer(C):
    conv(C, 3x3) -> bn -> relu
    Inner(C)
    conv(C, 3x3) -> bn + x -> relu

network N:
    input 16x32x32
    conv(16, 3x3)
    3 * Outer(16)
    maxpool(2x2)
    3 * Outer(16)
    gap -> flatten -> fc(10)
"""


def holds(outer: Rect, inner: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.right <= outer.right
        and inner.bottom <= outer.bottom
    )


@pytest.mark.parametrize(
    "opened",
    [("outer1.0",), ("outer1.0", "outer1.1"), ("outer2.0", "outer2.0.inner", "outer2.1")],
)
def test_a_folded_unit_stands_in_the_frame_of_the_open_one(
    opened: tuple[str, ...], tmp_path: Path
) -> None:
    spec = tmp_path / "n.arch"
    spec.write_text(NESTED, encoding="utf-8")
    network = graph(str(spec))
    scene = draw_scene(network, Options(view="overview", opened=opened))
    frames = {g.unit: frame_of(g) for g in scene.groups if g.role == "frame"}
    assert frames.keys() == {path for path in opened if "inner" not in path}
    for group in scene.groups:
        if group.role == "box" and group.nodes and group.bounds:
            path = network.nodes[group.nodes[0]].path
            inside = [unit for unit in frames if path.startswith(f"{unit}.")]
            around = [unit for unit, frame in frames.items() if holds(frame, group.bounds)]
            assert around == inside, path


def frame_of(group: Group) -> Rect:
    return next(mark.rect for mark in group.marks if isinstance(mark, Shape))


def test_the_skip_of_an_open_unit_leaves_the_folded_one_before_it() -> None:
    options = Options(view="overview", opened=("layer2.1", "layer3.1"))
    scene = draw_scene(graph("ResNet50"), options)
    boxes = {group.name: group.bounds for group in scene.groups if group.role == "box"}
    skip = [g for g in scene.groups if g.role == "line" and g.ends and is_skip(g)]
    assert len(skip) == 2
    for group in skip:
        (route,) = (mark for mark in group.marks if isinstance(mark, Route))
        for end, (x, y) in zip(group.ends or (), (route.points[0], route.points[-1]), strict=True):
            box = boxes[end]
            assert box is not None and abs(box.right - x) < 1 and box.y < y < box.bottom


def is_skip(group: Group) -> bool:
    colour = THEMES["light"].skips["short"]
    return any(isinstance(mark, Route) and mark.colour == colour for mark in group.marks)
