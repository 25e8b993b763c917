"""`explain`, `zoo`, `layers` and `--version`: what there is to look up, and to start from."""

from __future__ import annotations

from pathlib import Path

import pytest

import archlang
from archlang.compiler import check
from archlang.diagnostics.catalog import problems
from archlang.ops.registry import layers
from archlang.tooling.showcase import starting_point
from archlang.zoo import zoo, zoo_folder


def test_version(cli) -> None:
    result = cli("--version")
    assert result.exit_code == 0
    assert result.stdout == f"archlang {archlang.__version__}\n"


def test_nothing_asked_shows_the_commands(cli) -> None:
    result = cli()
    assert result.exit_code == 2
    for command in ("compile", "check", "summary", "explain", "zoo", "layers"):
        assert command in result.output


@pytest.mark.parametrize("command", ["compile", "check", "summary", "explain", "zoo", "layers"])
def test_help(cli, command: str) -> None:
    result = cli(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: root {command}" in result.stdout or f"{command} [OPTIONS]" in result.stdout


@pytest.mark.parametrize("code", ["E0402", "e0402"])
def test_explain(cli, code: str) -> None:
    result = cli("explain", code)
    assert result.exit_code == 0
    assert result.stdout.startswith("E0402 (error): ")
    assert "Wrong:" in result.stdout
    assert "Right:" in result.stdout


def test_explain_nothing_lists_all_codes(cli) -> None:
    listed = [line.split()[0] for line in cli("explain").stdout.splitlines()]
    assert listed == list(problems())


def test_explain_an_unknown_code(cli) -> None:
    result = cli("explain", "E0492")
    assert result.exit_code == 2
    assert "did you mean" in result.stderr


def test_zoo_lists_networks(cli) -> None:
    result = cli("zoo")
    assert result.exit_code == 0
    lines = {line.split()[0]: line.split() for line in result.stdout.splitlines()}
    assert lines["ResNet50"][1:3] == ["resnet.arch", "25,557,032"]
    assert lines["UNet"][1] == "unet.arch"
    assert "ResNet" not in lines  # a pattern for others


def test_zoo_copies_a_spec(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("zoo", "ResNet50")
    assert result.exit_code == 0
    assert "resnet.arch:ResNet50" in result.stdout
    assert check("resnet.arch") == []
    Path("resnet.arch").write_text("mine", encoding="utf-8")
    again = cli("zoo", "ResNet50")
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert Path("resnet.arch").read_text(encoding="utf-8") == "mine"
    assert cli("zoo", "ResNet50", "--force").exit_code == 0
    assert check("resnet.arch") == []


def test_zoo_copies_to_a_file_or_into_a_folder(cli, tmp_path: Path) -> None:
    assert cli("zoo", "UNet", "-o", tmp_path).exit_code == 0
    assert cli("zoo", "lenet", "-o", tmp_path / "new/mine.arch").exit_code == 0
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.arch"))
    assert found == ["new/mine.arch", "unet.arch"]
    assert cli("zoo", "UNet", "-o", tmp_path / "unet.py").exit_code == 2


@pytest.mark.parametrize("path", sorted(zoo_folder().glob("*.arch")), ids=lambda p: p.name)
def test_every_copy_stands_alone(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_text(starting_point(path), encoding="utf-8")
    assert check(copy) == []


def test_a_copy_takes_what_it_uses_from_the_zoo(tmp_path: Path) -> None:
    path = tmp_path / "user.arch"
    text = (
        'use ResNet18 from "resnet.arch"\nuse VGG11 from "zoo/vgg.arch"\n\n'
        "network Mine from ResNet18:\n    freeze conv1\n"
    )
    path.write_text(text, encoding="utf-8")
    assert starting_point(path) == text.replace('"resnet', '"zoo/resnet')


def test_zoo_has_no_such_network(cli) -> None:
    result = cli("zoo", "Resnet50")
    assert result.exit_code == 2
    assert "did you mean ResNet50?" in result.stderr
    assert "ResNet50" in zoo()


def test_layers_are_all_listed(cli) -> None:
    lines = cli("layers").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(layers())
    assert all(len(line.split()) > 1 for line in lines)


@pytest.mark.parametrize("name", list(layers()))
def test_every_layer_is_shown(cli, name: str) -> None:
    result = cli("layers", name)
    assert result.exit_code == 0
    op = layers()[name]
    signature = result.stdout.partition("\n")[0]
    assert signature.startswith(name)
    assert all(field in signature for field in op.model_fields)
    assert op.doc() in result.stdout
    assert op.example in result.stdout


def test_a_layer_by_the_name_of_another_library(cli) -> None:
    result = cli("layers", "BatchNorm2d")
    assert result.exit_code == 2
    assert "did you mean bn?" in result.stderr


def test_a_process_prepares_only_the_command_that_is_asked_for(process) -> None:
    assert process("check", "--help").returncode == 0
    unknown = process("chekc")
    assert unknown.returncode == 2
    assert "check" in unknown.stderr
    assert "summary" in process("--help").stdout
