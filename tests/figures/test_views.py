"""Each view shows all that it promises: nothing twice, nothing dropped without a word."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn
from torchvision_shim import torchvision

from archlang.compiler import graph
from archlang.figures import DrawingError, Options, draw
from archlang.figures.options import ViewName
from archlang.figures.view.build import views
from archlang.figures.view.builder import MOST_INSETS, MOST_LAYERS
from archlang.figures.view.model import Panel, View
from archlang.graph import Graph

ZOO = ["LeNet5", "AlexNet", "ResNet18", "GoogLeNet", "UNet", "DenseNet121", "FractalNet", "Highway"]


def _first(network: Graph, **wishes: object) -> View:
    return next(views(network, replace(Options(), **wishes)))


def _told(panel: Panel, network: Graph) -> None:
    """Every node is in exactly one box; a W without parameters may stand on its skip instead."""
    shown = Counter(node for box in panel.boxes for node in box.nodes)
    assert not [node for node, times in shown.items() if times > 1]
    missing = [n for n in network.nodes if n.id not in shown]
    assert all(n.role == "match" and not n.op.params((1, 1, 1)) for n in missing)
    labels = {line.label for line in panel.lines}
    assert all(n.op.label() in labels for n in missing)


@pytest.mark.parametrize("name", ZOO)
def test_layers_shows_every_node_once(name: str) -> None:
    network = graph(name)
    view = _first(network, view="layers")
    assert not view.insets
    assert all(box.count == 1 and not box.folded for box in view.main.boxes)
    _told(view.main, network)


def test_a_missing_box_would_be_seen() -> None:
    network = graph("ResNet18")
    panel = _first(network, view="layers").main
    panel.boxes.pop(3)
    with pytest.raises(AssertionError):
        _told(panel, network)


def test_layers_has_the_weighted_layers_of_torchvision() -> None:
    model = torchvision.models.resnet50(weights=None)
    want = sum(isinstance(m, (nn.Conv2d, nn.Linear)) for m in model.modules())
    boxes = _first(graph("ResNet50"), view="layers").main.boxes
    assert sum(box.family in ("conv", "linear", "skip") for box in boxes) == want


@pytest.mark.parametrize("name", ["ResNet18", "DenseNet121", "UNet", "FractalNet"])
def test_every_view_has_every_skip(name: str) -> None:
    network = graph(name)
    counts = {_first(network, view=view).main.skips for view in ("overview", "layers")}
    assert len(counts) == 1


@pytest.mark.parametrize(("name", "unit"), [("resnet50", "Bottleneck"), ("googlenet", "Inception")])
def test_counts_add_up_to_the_units_of_torchvision(name: str, unit: str) -> None:
    settings = {"init_weights": False} if name == "googlenet" else {}
    model = getattr(torchvision.models, name)(weights=None, **settings)
    want = sum(type(m).__name__ == unit for m in model.modules())
    network = graph({"resnet50": "ResNet50", "googlenet": "GoogLeNet"}[name])
    for view in ("overview", "blocks"):
        for made in views(network, Options(view=view)):
            boxes = [b for b in made.main.boxes if b.folded and unit in b.tip]
            assert sum(box.count for box in boxes) == want


@pytest.mark.parametrize("name", ["ResNet50", "GoogLeNet", "DenseNet121", "UNet", "PreActResNet18"])
def test_blocks_shows_each_distinct_block_once(name: str) -> None:
    network = graph(name)
    view = _first(network)
    seen = Counter((panel.title, panel.note) for panel in view.insets)
    assert max(seen.values()) == 1
    folded = {n for p in view.panels for b in p.boxes if b.folded for n in b.nodes}
    names = {s.name for n in folded for s in [network.nodes[n].scope.unit] if s.kind == "block"}
    shown = {panel.unit.name for panel in view.insets if panel.unit}
    opened = {network.nodes[n].scope.unit.name for p in view.insets for b in p.boxes
              for n in b.nodes}  # fmt: skip
    assert names <= shown | opened
    assert not view.notes


def test_overview_has_no_insets_and_draws_small_networks_whole() -> None:
    assert not _first(graph("ResNet50"), view="overview").insets
    lenet = _first(graph("LeNet5"), view="overview")
    assert not any(box.folded for box in lenet.main.boxes)


@pytest.mark.parametrize("view", ["overview", "blocks", "layers"])
def test_depth_opens_that_many_levels(view: str) -> None:
    network = graph("ResNet18")
    closed, opened = (_first(network, view=view, depth=depth).main for depth in (0, 1))
    assert sum(box.folded for box in closed.boxes) > 0
    assert not any(box.folded for box in opened.boxes)
    assert sum(n.op.weighted for n in network.nodes) == sum(
        network.nodes[n].op.weighted for box in opened.boxes for n in box.nodes
    )


def test_layers_of_too_large_a_network_says_so_and_what_would_do() -> None:
    with pytest.raises(DrawingError, match=rf"has \d{{4}} boxes .* {MOST_LAYERS} .* --view blocks"):
        draw("ResNet1202", view="layers")


def test_layers_of_resnet152_can_be_laid_out() -> None:
    assert 200 < len(_first(graph("ResNet152"), view="layers").main.boxes) <= MOST_LAYERS


def test_blocks_without_an_inset_are_named(tmp_path: Path) -> None:
    count = MOST_INSETS + 3
    blocks = "\n".join(
        f"block Unit{'abcdefghijkl'[i]}:\n    conv(8, 3x3) -> relu -> conv(8, 1x1)\n"
        f"    {' -> '.join(['conv(8, 3x3)'] * (i + 2))}\n"
        for i in range(count)
    )
    uses = "\n".join(f"    Unit{'abcdefghijkl'[i]}" for i in range(count))
    spec = tmp_path / "n.arch"
    spec.write_text(f"{blocks}\nnetwork N:\n    input 8x16x16\n{uses}\n", encoding="utf-8")
    figure = draw(graph(f"{spec}:N"))
    assert any("Uniti, Unitj, Unitk" in remark for remark in figure.remarks)
    assert not draw("ResNet50").remarks


SQUEEZE = """
block SE(r):
    let c = x.channels
    g = x -> gap -> flatten -> fc(c // r) -> relu -> fc(c) -> sigmoid -> reshape([c, 1, 1])
    x * g

block SEBasic(C):
    conv(C, 3x3) -> bn -> relu
    conv(C, 3x3) -> bn -> SE(4) + project∘x -> relu

network SENet:
    input 3x64x64
    conv(16, 3x3) -> bn -> relu
    3 * SEBasic(16)
    gap -> flatten -> fc(10)
"""


def test_a_gate_is_no_arc_beside_a_skip_but_all_that_a_highway_has(tmp_path: Path) -> None:
    spec = tmp_path / "se.arch"
    spec.write_text(SQUEEZE, encoding="utf-8")
    (unit,) = [b for b in _first(graph(f"{spec}:SENet"), view="overview", depth=0).main.boxes
               if b.folded]  # fmt: skip
    assert [(loop.kind, loop.count) for loop in unit.loops] == [("short", 3)]
    (gated,) = [b for b in _first(graph("Highway"), view="overview").main.boxes if b.folded]
    assert [loop.count for loop in gated.loops] == [48]


def test_no_box_reaches_out_of_its_unit() -> None:
    network = graph("ResNet18")
    for box in _first(network, view="layers").main.boxes:
        assert len({id(network.nodes[n].scope.unit) for n in box.nodes} - {id(network.root)}) <= 1
        units = {network.nodes[n].scope.unit.name for n in box.nodes}
        assert len(units) <= 1


SHARED = """
network Twins:
    input left: 1x28x28
    input right: 1x28x28
    shared Encoder = conv(8, 3x3, stride=2) -> relu -> flatten -> fc(32)
    a = left -> Encoder
    b = right -> Encoder
    (a - b) -> fc(1)
"""


@pytest.mark.parametrize("view", ["overview", "blocks", "layers"])
def test_shared_weights_are_said(view: ViewName, tmp_path: Path) -> None:
    path = tmp_path / "twins.arch"
    path.write_text(SHARED, encoding="utf-8")
    drawn = next(views(graph(path), Options(view=view)))
    shared = [b.caption.title for b in drawn.main.boxes if "shared" in b.caption.under]
    assert shared == ["3×3 conv, 8, /2", "fc, 32"] * 2
    apart = next(views(graph("ResNet18"), Options(view=view)))
    assert not [b for panel in apart.panels for b in panel.boxes if "shared" in b.caption.under]
