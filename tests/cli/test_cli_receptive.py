"""`archlang receptive`: its table, its JSON, its picture, and what it says of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import Result

SPECS = """\
network Wave:
    input 1x400
    conv(2, 9, stride=2)
    conv(2, 9)

network Volume:
    input 1x8x8x8
    conv(2, 3)

network Two:
    input a: 3x16x16
    input b: 3x16x16
    (a -> conv(2, 3)) ++ (b -> conv(2, 5))
"""


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of networks on signals, volumes and two images, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("nets.arch").write_text(SPECS, encoding="utf-8")
    return "nets.arch"


def words(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.stderr
    return [line.split() for line in result.stdout.splitlines()]


def test_the_stages_of_a_network(cli) -> None:
    title, headings, *rows = words(cli("receptive", "ResNet50"))
    assert " ".join(title) == ("ResNet50, input 3x224x224: receptive field 427, at layer4.2.relu3")
    assert headings == ["path", "output", "field", "stride", "centre"]
    assert rows[0] == ["maxpool1", "64x56x56", "11", "4", "0"]
    assert [row[2] for row in rows] == ["11", "35", "91", "267", "427", "all"]
    assert rows[-1] == ["fc1", "1000", "all", "–", "–"]


def test_the_docs_show_what_it_prints(cli) -> None:
    page = (Path(__file__).parents[2] / "docs" / "counting.md").read_text(encoding="utf-8")
    block = page.partition("$ archlang receptive ResNet50\n")[2].partition("```")[0]
    assert cli("receptive", "ResNet50").stdout == block


def test_a_network_without_stages_is_shown_step_by_step(cli) -> None:
    rows = words(cli("receptive", "LeNet5"))[2:]
    assert [row[0] for row in rows] == ["conv1", "avgpool1", "conv2", "avgpool2", "flatten1"]


def test_layers_parts_and_units_are_chosen(cli) -> None:
    found = words(cli("receptive", "VGG16", "--at", "stage4", "--unit", "13x3"))
    assert found[2] == ["stage4", "512x14x14", "100", "16", "7.5", "166…265", "×", "6…105"]
    found = words(cli("receptive", "ResNet18", "--at", "layer1.0.conv1", "--at", "layer1.0"))
    assert [row[0] for row in found[2:]] == ["layer1.0.conv1", "layer1.0"]
    assert [row[2] for row in found[2:]] == ["19", "27"]


def test_json_has_all_there_is(cli) -> None:
    found = json.loads(cli("receptive", "ResNet50", "--at", "layer4", "--json").stdout)
    assert found["receptive_field"]["size"] == [427, 427]
    assert found["inputs"] == {"x": [3, 224, 224]}
    (layer,) = found["layers"]
    assert layer["step"] == "layer4.2.relu3"
    assert (layer["unit"], layer["pixels"]) == ([3, 3], [[-117, 309], [-117, 309]])
    assert (layer["stride"], layer["centre"], layer["exact"]) == ([32.0] * 2, [0.0] * 2, True)


def test_several_inputs_are_told_apart(cli, specs: str) -> None:
    found = words(cli("receptive", f"{specs}:Two", "--at", "conv1", "--at", "conv2"))
    assert [row[-1] for row in found[1:]] == ["input", "a", "b"]


def test_set_and_pictures(cli, specs: str) -> None:
    result = cli("receptive", "ResNet18", "--set", "size=64", "-o", "field.svg")
    assert result.stdout.splitlines()[-1] == "written field.svg"
    assert "ResNet18, input 3x64x64" in result.stdout
    assert "layer4: 435, cut off" in Path("field.svg").read_text(encoding="utf-8")
    cli("receptive", f"{specs}:Wave", "-o", "wave.png")
    assert Path("wave.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("VGG16", "--at", "stag4"), "did you mean stage4?"),
        (("VGG16", "--at", "nothing"), "its parts are stage1, stage2"),
        (("ResNet50", "--at", "layer5"), "did you mean layer4?"),
        (("ResNet50", "--at", "layer5"), "there are layer1, layer2, layer3, layer4"),
        (("DenseNet121", "--at", "nothing"), ", and "),
        (("VGG16", "--at", "stage4", "--unit", "14x3"), "units go from 0x0 to 13x13"),
        (("VGG16", "--at", "fc1", "--unit", "1x3"), "its units have no place"),
        (("Chain",), "the units of Chain have no receptive field: its input is a vector"),
        (("nets.arch:Volume", "-o", "x.png"), "its input is 1x8x8x8"),
        (("nets.arch:Wave", "-o", "x.png", "--image", "nets.arch"), "leave out --image"),
        (("VGG16", "-o", "x.png", "--image", "nets.arch"), "nets.arch: it is no image"),
        (("VGG16", "-o", "x.png", "--image", "cat.png"), "cat.png: no such file or directory"),
        (("VGG16", "-o", "x.png", "--image", "."), "cannot read the image ."),
        (("VGG16", "-o", "x.png", "--image", "broken.png"), "cannot read the image broken.png"),
        (("VGG16", "-o", "x.gif"), "the name ends in .svg, .pdf, .png"),
    ],
)
def test_bad_input_is_said(cli, specs: str, arguments: tuple[str, ...], message: str) -> None:
    Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1")
    result = cli("receptive", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert not list(Path().glob("x.*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--image", "cat.png"), "say where to draw it"),
        (("--unit", "left"), "is no unit"),
        (("--unit", "-1x2"), "is no unit"),
    ],
)
def test_wrong_usage_is_said(cli, arguments: tuple[str, ...], message: str) -> None:
    result = cli("receptive", "VGG16", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
