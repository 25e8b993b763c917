"""Figures of the zoo: what they show, and that it can be read."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from itertools import combinations
from math import isclose
from xml.etree import ElementTree

import pytest
from PIL import ImageFont

from archlang import compiler
from archlang.analysis.skips import skips
from archlang.figures import draw_scene, draw_svg
from archlang.figures.metrics import width
from archlang.figures.options import FITS, Options
from archlang.figures.scene.compose import smallest_text
from archlang.figures.scene.model import Rect, Route, Scene, Shape, Text
from archlang.figures.view.build import Builder, Fold, views
from archlang.graph import Graph

ZOO = [
    "LeNet5", "LeNet1998", "AlexNet", "AlexNet2012", "ZFNet", "VGG11", "VGG16", "VGG19BN", "NIN",
    "GoogLeNet", "ResNet18", "ResNet50", "ResNet152", "PreActResNet18", "ResNet34A", "ResNet34C",
    "ResNet1202", "Plain34", "UNet", "UNetPadded", "DenseNet121", "DenseNet201",
    "DenseNetBC100k12", "FractalNet", "Highway", "Chain", "SkipChain",
]  # fmt: skip


@cache
def graph(name: str) -> Graph:
    return compiler.graph(name)


@cache
def scene(name: str) -> Scene:
    return draw_scene(graph(name))


def boxes(figure: Scene) -> dict[str, Rect]:
    return {g.name: g.bounds for g in figure.groups if g.role == "box" and g.bounds is not None}


@pytest.mark.parametrize("name", ZOO)
def test_no_two_boxes_overlap(name: str) -> None:
    found = boxes(scene(name))
    assert len(found) > 3
    clashes = [(a, b) for (a, r), (b, s) in combinations(found.items(), 2) if r.overlaps(s)]
    assert not clashes


@pytest.mark.parametrize("name", ZOO)
def test_labels_are_inside_their_boxes(name: str) -> None:
    for group in scene(name).groups:
        if group.role != "box" or group.bounds is None:
            continue
        body = next(m for m in reversed(group.marks) if isinstance(m, Shape))
        assert body.texts or group.tip  # the sign of a merge is drawn, and said in words
        assert all(body.rect.holds(text.rect) for text in body.texts), body.texts


@pytest.mark.parametrize("name", ZOO)
def test_figure_fits_a_slide(name: str) -> None:
    figure = scene(name)
    assert 0.999 <= figure.width / figure.height <= 2.401
    assert smallest_text(figure, FITS["16:9"]) >= 10
    for group in figure.groups:
        for mark in group.marks:
            if isinstance(mark, Shape):
                assert Rect(0, 0, figure.width, figure.height).holds(mark.rect)


@pytest.mark.parametrize("name", ZOO)
def test_lines_end_at_their_boxes(name: str) -> None:
    figure = scene(name)
    found = boxes(figure)
    for group in figure.groups:
        if group.ends is not None:
            route = next(m for m in group.marks if isinstance(m, Route))
            tail, head = (found[end].grown(6) for end in group.ends)
            (ax, ay), (bx, by) = route.points[0], route.points[-1]
            assert tail.holds(Rect(ax, ay, 0, 0)), (group.ends, route.points)
            assert head.holds(Rect(bx, by, 0, 0)), (group.ends, route.points)


@pytest.mark.parametrize("name", ZOO)
def test_every_skip_is_shown(name: str) -> None:
    for view in views(graph(name)):
        assert view.main.skips == len(skips(graph(name)))


@pytest.mark.parametrize("name", ZOO)
def test_every_node_is_in_one_box(name: str) -> None:
    view = next(views(graph(name)))
    shown = [n for box in view.main.boxes for n in box.nodes]
    assert len(shown) == len(set(shown))
    written_on_lines = {n.id for n in graph(name).nodes if n.role == "match"}
    assert set(shown) | written_on_lines == {n.id for n in graph(name).nodes}


def test_units_of_resnet50() -> None:
    main = next(views(graph("ResNet50"))).main
    units = [(b.caption.title, b.count) for b in main.boxes if b.folded]
    assert units == [
        ("Bottleneck 64", 1), ("Bottleneck 64", 2),
        ("Bottleneck 128, /2", 1), ("Bottleneck 128", 3),
        ("Bottleneck 256, /2", 1), ("Bottleneck 256", 5),
        ("Bottleneck 512, /2", 1), ("Bottleneck 512", 2),
    ]  # fmt: skip


def test_resnet1202_folds_as_far_as_it_repeats() -> None:
    main = next(views(graph("ResNet1202"))).main
    assert sum(b.count for b in main.boxes if b.folded) == 600
    assert len(main.boxes) < 15


@pytest.mark.parametrize("name", ["ResNet50", "GoogLeNet", "Highway", "FractalNet", "DenseNet121"])
def test_insets_show_every_merge_that_is_folded(name: str) -> None:
    view = next(views(graph(name)))
    folded = {n for b in view.main.boxes if b.folded for n in b.nodes}
    kinds = {type(graph(name).nodes[n].op) for n in folded if graph(name).nodes[n].role == "merge"}
    shown = {n for panel in view.insets for b in panel.boxes if not b.folded for n in b.nodes}
    assert kinds == {
        type(graph(name).nodes[n].op) for n in shown if graph(name).nodes[n].role == "merge"
    }
    assert kinds


def test_branches_of_inception_stand_side_by_side() -> None:
    view = next(views(graph("GoogLeNet")))
    inset = next(p for p in view.insets if p.title.startswith("Inception"))
    merge = next(b for b in inset.boxes if b.caption.title == "++")
    assert sum(line.head == merge.id for line in inset.lines) == 4


def test_dense_block_has_arcs() -> None:
    view = next(views(graph("DenseNet121")))
    inset = next(p for p in view.insets if p.arcs)
    assert inset.note == "6 rounds, 21 dense skips"
    assert sum(line.kind == "dense" for line in inset.lines) == 1 + 2 + 3


def test_unet_is_a_u() -> None:
    """Each merge stands level with the source of its skip, the coarser ones lower."""
    figure = scene("UNet")
    found = boxes(figure)
    ends = [g.ends for g in figure.groups if g.name == "long" and g.ends is not None]
    assert len(ends) == 4
    for tail, head in ends:
        assert isclose(found[tail].centre[1], found[head].centre[1], abs_tol=0.1)
        assert found[tail].right < found[head].x
    lines = [g for g in figure.groups if g.ends in ends]
    labels = [m.text for g in lines for m in g.marks if isinstance(m, Text)]
    assert labels == ["crop"] * 4


def test_training_outputs_are_dashed() -> None:
    figure = draw_scene(graph("GoogLeNet"))
    dashed = [
        next(g.texts).text
        for g in figure.groups
        if g.role == "box" and any(isinstance(m, Shape) and m.dashed for m in g.marks)
    ]
    assert {"aux1", "aux2"} <= set(dashed)


def test_small_networks_are_drawn_whole() -> None:
    view = next(views(graph("LeNet5")))
    assert not view.insets and not any(b.folded for b in view.main.boxes)


def test_depth_opens_units() -> None:
    folded = next(views(graph("ResNet18"), Options(depth=0))).main
    opened = next(views(graph("ResNet18"), Options(depth=1))).main
    assert any(b.folded for b in folded.boxes) and not any(b.folded for b in opened.boxes)
    merges = [b for b in opened.boxes if b.form == "circle"]
    assert len(merges) == 8
    figure = draw_scene(graph("ResNet18"), Options(depth=1))
    assert len(boxes(figure)) == len(opened.boxes)


def test_folding_further_only_merges_boxes() -> None:
    builder = Builder(graph("GoogLeNet"))
    sizes = [len(builder.view(None, fold).main.boxes) for fold in Fold]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", ["LeNet5", "ResNet50", "UNet", "DenseNet121"])
def test_bytes_are_the_same_on_every_run(name: str) -> None:
    assert draw_svg(graph(name)) == draw_svg(compiler.graph(name))
    code = (
        "from archlang import compiler, figures; "
        f"print(figures.draw_svg(compiler.graph('{name}')), end='')"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert other.stdout.decode() == draw_svg(graph(name))


@pytest.mark.parametrize("name", ["ResNet50", "UNet"])
def test_svg_is_well_formed_and_has_every_text(name: str) -> None:
    root = ElementTree.fromstring(draw_svg(graph(name)))
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [text.text for text in scene(name).texts]
    assert root.findtext("{http://www.w3.org/2000/svg}title") == name


def test_drawing_needs_no_torch() -> None:
    code = (
        "import sys; from archlang import compiler, figures; "
        "figures.draw_svg(compiler.graph('ResNet50')); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("bold", [False, True])
def test_widths_are_those_of_the_font(bold: bool) -> None:
    try:
        font = ImageFont.truetype("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf", 1000)
    except OSError:
        pytest.skip("DejaVu Sans is not installed")
    for text in ("7×7 conv, 64, /2", "Bottleneck 512", "~!|{WiM}"):
        pairs = sum(font.getlength(c) for c in text)
        assert abs(width(text, 1000, bold) - pairs) < 0.02 * pairs
