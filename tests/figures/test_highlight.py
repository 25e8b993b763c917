"""What is asked for is accented, wherever it shows; all else steps back."""

from __future__ import annotations

import pytest

from archlang.compiler import graph
from archlang.figures import DrawingError, Options, draw
from archlang.figures.theme import THEMES
from archlang.figures.view.build import views
from archlang.figures.view.model import Panel, View
from archlang.graph import Graph


def _view(network: Graph, *paths: str, **wishes: str) -> View:
    return next(views(network, Options(highlight=paths, **wishes)))


def _accented(panel: Panel) -> set[int]:
    return {n for b in panel.boxes if b.emphasis == "accent" for n in b.nodes}


def test_exactly_the_nodes_of_the_path() -> None:
    network = graph("ResNet50")
    for path in ("layer3", "layer2.1", "conv1"):
        panel = _view(network, path, view="layers").main
        boxes = [b for b in panel.boxes if b.nodes]
        under = {n.id for n in network.nodes if (n.path + ".").startswith(path + ".")}
        for box in boxes:
            assert (box.emphasis == "accent") == bool(under & set(box.nodes))
            assert box.emphasis in ("accent", "dim")


def test_lines_between_accented_boxes() -> None:
    panel = _view(graph("ResNet50"), "layer3").main
    for line in panel.lines:
        ends = {panel.boxes[line.tail].emphasis, panel.boxes[line.head].emphasis}
        assert (line.emphasis == "accent") == (ends == {"accent"})
    assert any(line.emphasis == "accent" for line in panel.lines)


def test_a_folded_box_and_its_inset() -> None:
    network = graph("ResNet50")
    view = _view(network, "layer3.0.conv2")
    (box,) = [b for b in view.main.boxes if b.emphasis == "accent"]
    assert box.caption.title == "Bottleneck 256, /2"
    learned, identity = view.insets
    assert {network.nodes[n].path for n in _accented(learned)} == {
        "layer3.0.conv2", "layer3.0.bn2", "layer3.0.relu2",
    }  # fmt: skip
    assert not _accented(identity)


def test_insets_unfold_units_that_are_accented() -> None:
    view = _view(graph("ResNet50"), "layer3")
    assert [p.title for p in view.insets] == ["Bottleneck 256, /2", "Bottleneck 256"]
    assert [p.unit and p.unit.path for p in view.insets] == ["layer3.0", "layer3.1"]
    plain = next(views(graph("ResNet50")))
    assert [p.unit and p.unit.path for p in plain.insets] == ["layer1.0", "layer1.1"]


def test_a_block_by_name_and_paths_without_numbers() -> None:
    network = graph("ResNet18")
    by_name = _accented(_view(network, "Basic").main)
    assert by_name == {n.id for n in network.nodes if n.scope.unit.name == "Basic"}
    convs = _accented(_view(network, "layer1.conv1", view="layers").main)
    assert {n.path for n in network.nodes if n.id in convs and n.op.weighted} == {
        "layer1.0.conv1", "layer1.1.conv1",
    }  # fmt: skip
    assert _accented(_view(network, "fc", view="layers").main)


def test_several_paths() -> None:
    network = graph("ResNet18")
    both = _accented(_view(network, "layer1", "layer4").main)
    assert both == _accented(_view(network, "layer1").main) | _accented(
        _view(network, "layer4").main
    )


def test_without_a_highlight_nothing_steps_back() -> None:
    view = _view(graph("ResNet18"))
    assert {b.emphasis for p in view.panels for b in p.boxes} == {""}
    assert {line.emphasis for p in view.panels for line in p.lines} == {""}


def test_the_picture_changes() -> None:
    theme = THEMES["light"]
    plain, accented = draw("ResNet18").svg, draw("ResNet18", highlight="layer2").svg
    faded = theme.dimmed(theme.families["conv"].fill)
    assert faded in accented and faded not in plain


@pytest.mark.parametrize(
    ("path", "text"),
    [("layer9", r"did you mean layer1\? .*at the top level are x, conv1"),
     ("Basik", "did you mean Basic"), ("", "at the top level"), ("layer1.0.conv9", "layer1.0.")],
)  # fmt: skip
def test_unknown_paths(path: str, text: str) -> None:
    with pytest.raises(DrawingError, match=text) as caught:
        draw("ResNet18", highlight=(path,))
    assert "\n" not in str(caught.value)


def test_what_does_not_show_is_an_error() -> None:
    with pytest.raises(DrawingError, match="does not show"):
        draw("ResNet18", focus="Basic", highlight="conv1")
