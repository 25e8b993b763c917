"""`archlang summary`: rows and totals against torch's own modules; `--set` against the language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torchvision_shim import torchvision

from archlang.analysis.summary import summarise
from archlang.cli.settings import BadFormError, settings
from archlang.compiler import graph
from archlang.diagnostics.model import SpecError
from archlang.ops.base import Dims


def test_rows_match_torchvision_layer_by_layer(cli) -> None:
    with torch.device("meta"):
        reference = torchvision.models.resnet18()
    found = json.loads(cli("summary", "ResNet18", "--json").stdout)
    rows = {row["path"]: row["params"] for row in found["layers"] if row["params"]}
    modules = dict(reference.named_modules())
    same = {p for p in rows if p in modules}
    assert len(same) > 30  # shortcuts and the classifier have names of their own
    for path in same:
        assert rows[path] == sum(p.numel() for p in modules[path].parameters()), path
    assert found["params"] == sum(p.numel() for p in reference.parameters())
    assert found["params"] == sum(rows.values())


def test_json_has_what_programs_need(cli, small: Path) -> None:
    found = json.loads(cli("summary", small, "--json").stdout)
    assert found["name"] == "Small"
    assert found["doc"] == "A small network."
    assert found["input"] == [3, 32, 32]
    assert found["output"] == [10]
    assert found["outputs"] == [{"name": "output", "shape": [10], "training": False}]
    assert found["depth"] == 4
    assert found["macs"] == sum(row["macs"] for row in found["layers"])
    first = found["layers"][0]
    assert first["path"] == "conv1"
    assert first["kind"] == "conv"
    assert first["output"] == [8, 32, 32]
    assert first["params"] == 3 * 8 * 9 + 8
    assert first["macs"] == 3 * 8 * 9 * 32 * 32
    assert (first["file"], first["line"], first["block"]) == ("small.arch", 7, "Small")


def test_macs_match_torch(cli, small: Path) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    from archlang.loading import load

    model = load(str(small), device="meta").eval()
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 3, 32, 32, device="meta"))
    found = json.loads(cli("summary", small, "--json").stdout)
    assert found["macs"] == counter.get_total_flops() // 2


def test_table_shows_every_layer_and_the_totals(cli, small: Path) -> None:
    rows, _, meaning = cli("summary", small).stdout.partition("\n\n")
    lines = rows.splitlines()
    assert lines[0] == "Small  small.arch"
    assert lines[1].split() == ["path", "layer", "output", "field", "params", "MACs", "line"]
    assert " ".join(lines[2].split()) == "conv1 3×3 conv, 8 8x32x32 3 224 221,184 7"
    assert lines[-1].split() == ["total", "1,514", "1,400,912"]
    assert "1,514: all trainable" in meaning
    assert "1,400,912: multiplications of convolutions and linear layers" in meaning
    assert "4 weighted layers" in meaning
    assert "7 of 32x32 pixels, stride 1" in meaning


def test_parameters_for_training_and_frozen_ones(tmp_path: Path) -> None:
    path = tmp_path / "heads.arch"
    path.write_text(
        "network Base:\n    input 4\n    a = fc(5)\n    output aux = a -> fc(2) when training\n"
        "    a -> fc(3)\n\nnetwork Tuned from Base:\n    freeze a\n",
        encoding="utf-8",
    )
    base, tuned = (summarise(graph(f"{path}:{name}")) for name in ("Base", "Tuned"))
    assert (base.params, base.frozen) == (25 + 12 + 18, 0)
    assert (tuned.params, tuned.frozen) == (12 + 18, 25)
    assert base.macs == 4 * 5 + 5 * 3  # the head for training is not counted
    assert [(end.name, end.training) for end in base.outputs] == [("output", False), ("aux", True)]
    assert {row.training for row in base.rows} == {None, "aux"}


def test_a_shared_layer_is_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "twins.arch"
    text = "network Twins:\n    input 4\n    shared f = fc(4)\n    f -> f\n"
    path.write_text(text, encoding="utf-8")
    found = summarise(graph(str(path)))
    assert [row.params for row in found.rows] == [20, 0]
    assert found.params == 20
    assert found.macs == 32


def test_set_changes_the_network(cli, small: Path) -> None:
    found = json.loads(
        cli("summary", small, "--set", "classes=7", "--set", "width=16", "--json").stdout
    )
    assert found["output"] == [7]
    assert found["layers"][0]["output"] == [16, 32, 32]
    assert found["parameters"] == {"classes": 7, "width": 16}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-3", -3),
        ("1_000", 1000),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ("false", False),
        ('"a b"', "a b"),
        ('"a # b"', "a # b"),
        ("bilinear", "bilinear"),
        ("HxW", "HxW"),
        ("none", None),
        ("[3, 4]", (3, 4)),
        ("[[1, 2], [], [x]]", ((1, 2), (), ("x",))),
        ("3x224x224", Dims((3, 224, 224))),
        (" 7 ", 7),
        ("(7)", 7),
    ],
)
def test_values_are_constants_of_the_language(text: str, value: object) -> None:
    (found,) = settings([f"name={text}"]).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3,4",
        "1 + 2",
        "10**10**10",
        "range(9)",
        "x.channels",
        "conv(8)",
        "not true",
        "-true",
        '"open',
        "[1",
        "1\nlet other = 2",
        "1 # comment",
        "a -> b",
        "9" * 5000,
        "__import__('os')",
        "[" * 5000,
    ],
)
def test_anything_else_is_a_mistake(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        settings([f"name={text}"])
    assert [d.code for d in caught.value.diagnostics] == ["E0315"]
    assert str(caught.value)


def test_all_unreadable_values_are_reported() -> None:
    with pytest.raises(SpecError) as caught:
        settings(["a=1+1", "b=1+1", "c=3"])
    assert len(caught.value.diagnostics) == 2


@pytest.mark.parametrize("texts", [["classes"], ["=3"], ["a b=3"], ["a=1", "a=2"]])
def test_a_setting_of_another_form_is_wrong_usage(cli, small: Path, texts: list[str]) -> None:
    with pytest.raises(BadFormError):
        settings(texts)
    options = [word for text in texts for word in ("--set", text)]
    assert cli("summary", small, *options).exit_code == 2


def test_an_unknown_parameter_is_a_mistake_with_a_suggestion(cli, small: Path) -> None:
    result = cli("summary", small, "--set", "clases=10")
    assert result.exit_code == 1
    assert "did you mean classes?" in result.stderr
    assert result.stdout == ""


def test_an_unreadable_value_is_a_mistake(cli, small: Path) -> None:
    result = cli("summary", small, "--set", "sizes=3,4")
    assert result.exit_code == 1
    assert "E0315" in result.stderr
    assert "[3, 4]" in result.stderr


def test_the_skips_of_unet_are_the_four_long_ones_of_its_paper(cli) -> None:
    found = json.loads(cli("summary", "UNet", "--json").stdout)
    assert {(group["kind"], group["operator"]) for group in found["skips"]} == {("long", "crop")}
    assert sum(group["count"] for group in found["skips"]) == 4
