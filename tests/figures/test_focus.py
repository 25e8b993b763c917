"""One block alone carries the lecture's letters, and they say what the network computes."""

from __future__ import annotations

import re

import pytest
from torch import nn
from torchvision_shim import torchvision

from archlang.analysis.skips import skips
from archlang.compiler import graph
from archlang.figures import DrawingError, Options, draw
from archlang.figures.view.build import views
from archlang.figures.view.letters import Letters
from archlang.figures.view.model import Panel, View
from archlang.figures.view.units import Units


def _view(name: str, focus: str) -> View:
    return next(views(graph(name), Options(focus=focus)))


def _texts(panel: Panel) -> set[str]:
    return {b.caption.title for b in panel.boxes} | {n.label for n in panel.lines if n.label}


def _notes(view: View) -> list[str]:
    return [panel.note for panel in view.panels]


def test_basic_unit() -> None:
    view = _view("ResNet18", "Basic")
    assert _notes(view) == [
        "Y_{l} = f(Z_{l} + Y_{l−2}), f = ReLU", "Y_{l} = f(Z_{l} + W∘Y_{l−2}), f = ReLU",
    ]  # fmt: skip
    identity, learned = view.panels
    assert {"Y_{l−2}", "Z_{l−1}", "Y_{l−1}", "Z_{l}", "Y_{l}", "+"} <= _texts(identity)
    assert "W" not in _texts(identity)
    assert {"W", "W∘Y_{l−2}"} <= _texts(learned)


def test_every_layer_has_its_own_box() -> None:
    learned = _view("ResNet50", "Bottleneck").main
    titles = [b.caption.title for b in learned.boxes]
    assert titles.count("BN") == 3 and titles.count("ReLU") == 3 and titles.count("W") == 1
    assert sum(b.family == "conv" for b in learned.boxes) == 3


def test_bottleneck_in_both_variants() -> None:
    assert _notes(_view("ResNet50", "Bottleneck")) == [
        "Y_{l} = f(Z_{l} + W∘Y_{l−3}), f = ReLU", "Y_{l} = f(Z_{l} + Y_{l−3}), f = ReLU",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "unit", "block"),
    [
        ("ResNet18", "Basic", torchvision.models.resnet.BasicBlock(8, 8)),
        ("ResNet50", "Bottleneck", torchvision.models.resnet.Bottleneck(8, 2)),
    ],
)
def test_s_is_the_number_of_convolutions_of_torchvision(
    name: str, unit: str, block: nn.Module
) -> None:
    s = sum(name.startswith("conv") for name, _ in block.named_children())
    assert all(f"Y_{{l−{s}}}" in note for note in _notes(_view(name, unit)))


def test_pre_activation_units_add_linear_results() -> None:
    assert _notes(_view("PreActResNet18", "PreBasic")) == [
        "Z_{l} = F(Y_{l−2}) + Y_{l−2}",
        "Z_{l} = F(Z_{l−2}) + Z_{l−2}",
        "Z_{l} = F(Y_{l−2}) + W∘Y_{l−2}",
    ]


def test_highway_has_its_gates() -> None:
    view = _view("Highway", "Gated")
    assert _notes(view) == ["Y_{l} = T · H + (1 − T) · Y_{l−1}"]
    assert {"T", "H", "Y_{l−1}"} <= {line.label for line in view.main.lines}


def test_the_chain_of_the_lecture() -> None:
    assert _notes(_view("SkipChain", "SkipChain")) == ["θ = Y_{l} + W∘x"]


def test_a_layer_of_a_dense_block() -> None:
    view = _view("DenseNet121", "denseblock1.dense1.1")
    assert _notes(view) == ["x_{l} = H([x_{0}, …, x_{l−1}])"]
    assert [b.caption.title for b in view.main.boxes if b.nodes] == [
        "BN", "ReLU", "1×1 conv, 128", "BN", "ReLU", "3×3 conv, 32",
    ]  # fmt: skip


def test_a_dense_block_keeps_its_arcs_and_unfolds_a_layer() -> None:
    view = _view("DenseNet121", "DenseB")
    assert view.main.arcs and len(view.insets) == 1


def test_without_skips_there_are_layers_with_shapes_and_no_letters() -> None:
    view = _view("GoogLeNet", "Inception")
    assert _notes(view) == [""]
    assert {line.shape for line in view.main.lines} >= {"64×28×28", "128×28×28", "32×28×28"}
    assert not any(line.label for line in view.main.lines)


@pytest.mark.parametrize("name", ["ResNet18", "ResNet34A", "ResNet50", "PreActResNet50", "Highway"])
def test_indices_are_the_depths_of_the_analysis(name: str) -> None:
    network = graph(name)
    found, units = skips(network), Units(network)
    assert found
    for skip in found:
        unit = network.nodes[skip.merge].scope.unit
        letters = Letters(network, found, units.nodes(unit))
        index = re.fullmatch(r"[YZ]_\{l−(\d+)\}", letters.names[skip.source])
        assert index is not None and int(index[1]) == skip.depth
        direct = network.nodes[skip.merge].inputs[skip.operand]
        matched = letters.names.get(direct, "").startswith("W∘")
        assert matched == (skip.operator != "identity")


def test_a_tensor_has_one_name_and_a_name_one_tensor() -> None:
    network = graph("ResNet50")
    for scope in {id(n.scope.unit): n.scope.unit for n in network.nodes}.values():
        letters = Letters(network, skips(network), Units(network).nodes(scope))
        names = list(letters.names.values())
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "focus"),
    [("ResNet18", "Basic"), ("ResNet50", "Bottleneck"), ("PreActResNet18", "PreBasic"),
     ("SkipChain", "SkipChain"), ("DenseNet121", "DenseB"), ("GoogLeNet", "Inception"),
     ("ResNet50", "layer2"), ("ResNet50", "layer2.0"), ("UNet", "Double"), ("Highway", "Gated")],
)  # fmt: skip
def test_focus_can_be_read_on_a_slide(name: str, focus: str) -> None:
    figure = draw(name, focus=focus)
    assert not figure.remarks
    texts = [text for text in figure.scene.texts if "_{" in text.text]
    assert all(text.math for text in texts)


def test_a_part_by_its_path() -> None:
    view = _view("ResNet50", "layer2.0")
    assert len(list(view.panels)) == 1 and "W∘Y_{l−3}" in view.main.note


def test_a_stage_shows_its_units_folded_and_each_of_them_open() -> None:
    view = _view("ResNet50", "layer2")
    assert [b.count for b in view.main.boxes if b.folded] == [1, 3]
    assert len(view.insets) == 2


@pytest.mark.parametrize(
    ("name", "focus", "text"),
    [("ResNet50", "Botleneck", "did you mean Bottleneck"), ("ResNet50", "layer9.0", "layer1.0"),
     ("LeNet5", "Nothing", "this network has no blocks"), ("ResNet50", "W", "Bottleneck")],
)  # fmt: skip
def test_unknown_blocks(name: str, focus: str, text: str) -> None:
    with pytest.raises(DrawingError, match=text) as caught:
        draw(name, focus=focus)
    assert "\n" not in str(caught.value)
