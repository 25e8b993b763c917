"""Step by step, each frame has all of the one before, and the last is the figure."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from archlang.compiler import graph
from archlang.figures import Options, draw, draw_scene
from archlang.figures.scene.model import Scene, frames
from archlang.figures.scene.steps import MOST_FRAMES, steps
from archlang.figures.view.build import views

ZOO = ["LeNet5", "AlexNet", "VGG16", "GoogLeNet", "ResNet50", "UNet", "DenseNet121", "FractalNet"]


def _only_adds(shown: list[Scene], whole: Scene) -> None:
    for before, after in pairwise(shown):
        kept = [g for g in after.groups if any(g is old for old in before.groups)]
        assert len(kept) == len(before.groups) < len(after.groups)
    assert shown[-1].groups == whole.groups
    assert {(s.width, s.height) for s in shown} == {(whole.width, whole.height)}


def _no_line_without_its_ends(shown: list[Scene]) -> None:
    for scene in shown:
        names = {g.name for g in scene.groups if g.role == "box"}
        assert all(set(g.ends) <= names for g in scene.groups if g.ends)


@pytest.mark.parametrize("name", ZOO)
def test_frames_only_add(name: str) -> None:
    scene = draw_scene(graph(name))
    shown = frames(scene)
    assert 2 <= len(shown) <= MOST_FRAMES
    _only_adds(shown, scene)
    _no_line_without_its_ends(shown)


def test_a_frame_that_takes_away_would_be_seen() -> None:
    scene = draw_scene(graph("LeNet5"))
    shown = frames(scene)
    shown[3].groups.pop(2)
    with pytest.raises(AssertionError):
        _only_adds(shown, scene)


def test_boxes_come_in_the_order_of_the_source() -> None:
    network = graph("ResNet50")
    view = next(views(network, Options()))
    order = steps(view)[id(view.main)]
    rising = sorted((b for b in view.main.boxes if b.nodes), key=lambda b: order[b.id])
    assert [min(b.nodes) for b in rising] == sorted(min(b.nodes) for b in rising)


def test_an_inset_follows_the_first_box_that_it_unfolds() -> None:
    view = next(views(graph("ResNet50"), Options()))
    found = steps(view)
    main = found[id(view.main)]
    first = next(b for b in view.main.boxes if b.folded)
    assert set(found[id(view.insets[0])].values()) == {main[first.id] + 1}


def test_a_skip_appears_with_its_sum() -> None:
    scene = draw("ResNet18", view="layers").scene
    at = {g.name: g.step for g in scene.groups if g.role == "box"}
    short = [g for g in scene.groups if g.role == "line" and g.name == "short" and g.ends]
    assert short and all(g.step == max(at[end] for end in g.ends or ()) for g in short)


def test_a_focus_goes_layer_by_layer_and_the_skip_comes_last_before_the_sum() -> None:
    view = next(views(graph("ResNet50"), Options(focus="Bottleneck")))
    order = steps(view)[id(view.main)]
    titles = [b.caption.title for b in sorted(view.main.boxes, key=lambda b: order[b.id])]
    assert len(set(order.values())) == len(view.main.boxes)
    assert titles[0] == "Y_{l−3}"
    assert titles[-4:] == ["W", "+", "ReLU", "Y_{l}"]
    variant = steps(view)[id(view.insets[0])]
    assert min(variant.values()) == max(order.values()) + 1


def test_a_skip_that_is_written_first_still_waits(tmp_path: Path) -> None:
    spec = tmp_path / "n.arch"
    spec.write_text(
        "block C:\n    project(bn)∘x + (conv(8, 3x3) -> bn) -> relu\n\n"
        "network N:\n    input 3x8x8\n    C\n    gap -> flatten -> fc(2)\n",
        encoding="utf-8",
    )
    view = next(views(graph(f"{spec}:N"), Options(focus="C")))
    order = steps(view)[id(view.main)]
    titles = [b.caption.title for b in sorted(view.main.boxes, key=lambda b: order[b.id])]
    assert titles[1:5] == ["3×3 conv, 8", "BN", "W", "+"]


@pytest.mark.parametrize("name", ["ResNet152", "DenseNet121"])
def test_large_figures_are_revealed_in_few_frames(name: str) -> None:
    view = next(views(graph(name), Options(view="layers")))
    found = steps(view)[id(view.main)]
    numbers = set(found.values())
    assert len(view.main.boxes) > MOST_FRAMES >= len(numbers) >= 2
    assert numbers == set(range(1, max(numbers) + 1))
    for frame in view.main.frames if name == "ResNet152" else []:
        assert len({found[box] for box in frame.boxes}) == 1
