"""`archlang weights` and `--weights`: reports, files beside the source, maps, and what is wrong."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch
from safetensors.torch import load_file

import archlang

Cli: TypeAlias = Callable[..., Any]
SPEC = """\
network Base(classes=5):
    input 3x8x8
    conv(4, 3x3) -> bn -> relu -> gap -> flatten
    fc(classes)

network Mine from Base(classes=2):
    input 1x8x8
    adapt conv1: sum
    freeze bn1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec and weights of its base."""
    monkeypatch.chdir(tmp_path)
    Path("net.arch").write_text(SPEC, encoding="utf-8")
    torch.manual_seed(0)
    torch.save(archlang.load("net.arch:Base").state_dict(), "base.pth")
    return tmp_path


def test_the_report_of_a_derived_network(cli: Cli, folder: Path) -> None:
    result = cli("weights", "report", "net.arch:Mine", "base.pth")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:4] == [
        "Mine, derived from Base; weights: base.pth",
        "  loaded  6 tensors, 21 numbers",
        "  adapted 1 tensor, 36 numbers",
        "    conv1.weight 4x3x3x3 → 4x1x3x3: adapt conv1: sum, line 8",
    ]
    every = cli("weights", "report", "net.arch:Mine", "base.pth", "--all").stdout
    assert "bn1.running_mean 4" in every and "bn1.running_mean" not in result.stdout
    plain = json.loads(cli("weights", "report", "net.arch:Mine", "base.pth", "--json").stdout)
    assert plain["counts"] == {"loaded": 6, "adapted": 1, "new": 2, "unused": 2, "frozen": 5}


def test_compile_writes_the_weights_beside_the_source(cli: Cli, folder: Path) -> None:
    result = cli("compile", "net.arch:Mine", "--weights", "base.pth", "-o", "out")
    assert result.exit_code == 0 and "classes=2" in result.stdout
    source = importlib.util.spec_from_file_location("mine", "out/mine.py")
    assert source is not None and source.loader is not None
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    standalone = module.Mine()
    standalone.load_state_dict(load_file("out/mine.safetensors"))
    saved = archlang.load("out/mine.safetensors")
    x = torch.randn(2, 1, 8, 8)
    assert torch.equal(standalone.eval()(x), saved.eval()(x))
    assert sorted(p.name for p in Path("out").iterdir()) == [
        "mine.py",
        "mine.safetensors",
        "mine.svg",
    ]


def test_nothing_is_written_where_the_weights_do_not_fit(cli: Cli, folder: Path) -> None:
    result = cli(
        "compile", "net.arch:Base", "--set", "classes=3", "--weights", "base.pth", "-o", "o"
    )
    assert result.exit_code == 1 and "E0702" in result.stderr and not Path("o").exists()
    result = cli("compile", "net.arch:Base", "--weights-of", "Base")
    assert result.exit_code == 2 and "--weights SOURCE" in result.stderr


def test_a_map_is_made_and_used(cli: Cli, folder: Path) -> None:
    state = archlang.load("net.arch:Base").state_dict()
    names = {"conv1": "stem", "bn1": "norm", "fc1": "head"}
    foreign = {f"{names[k.partition('.')[0]]}.{k.partition('.')[2]}": v for k, v in state.items()}
    torch.save(foreign, "foreign.pth")
    assert cli("weights", "report", "net.arch:Base", "foreign.pth").exit_code == 1
    assert cli("weights", "match", "net.arch:Base", "foreign.pth", "-o", "map.json").exit_code == 0
    again = cli("weights", "match", "net.arch:Base", "foreign.pth", "-o", "map.json")
    assert again.exit_code == 1 and "--force" in again.stderr
    result = cli("weights", "report", "net.arch:Mine", "foreign.pth", "--map", "map.json")
    assert result.exit_code == 0 and "loaded  6 tensors" in result.stdout
    model = archlang.load("net.arch:Base", weights="foreign.pth", key_map="map.json")
    assert torch.equal(model.fc1.weight, state["fc1.weight"])


def test_a_saved_file_has_weights_of_its_own(cli: Cli, folder: Path) -> None:
    archlang.save(archlang.load("net.arch:Mine", weights="base.pth"), "mine.safetensors")
    result = cli("weights", "report", "mine.safetensors")
    assert result.exit_code == 0
    assert result.stdout.startswith("Mine; weights: mine.safetensors\n  loaded  9 tensors")
    refused = cli("compile", "mine.safetensors", "--weights", "base.pth")
    assert refused.exit_code == 2 and "its own weights" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("weights", "report", "net.arch:Mine", "nothing.pth"), "E0707"),
        (("weights", "report", "net.arch:Mine", "net.arch"), "E07"),
        (("weights", "report", "net.arch:Mine"), "DEFAULT"),
        (("weights", "report", "net.arch:Nobody", "base.pth"), "Nobody"),
        (("weights", "report", "net.arch:Mine", "base.pth", "--map", "none.json"), "none.json"),
        (("weights", "report", "net.arch:Mine", "base.pth", "--weights-of", "X"), "E0725"),
    ],
)
def test_what_is_wrong_is_said(cli: Cli, folder: Path, words: tuple[str, ...], said: str) -> None:
    result = cli(*words)
    assert result.exit_code == 1 and said in result.stderr and "Traceback" not in result.stderr
