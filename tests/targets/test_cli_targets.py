"""`archlang compile` for others: what it writes and prints, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from archlang.cli.app import app

from .conftest import SMALL


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `compile` on `small.arch` in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("small.arch").write_text(SMALL, encoding="utf-8")
    runner = CliRunner()
    return lambda *words: runner.invoke(
        app, ["compile", "small.arch", *map(str, words)], catch_exceptions=False
    )


def written(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_several_targets_and_their_differences(cli: Any, tmp_path: Path) -> None:
    result = cli("--to", "py,pt2", "--to", "safetensors,svg")
    assert result.exit_code == 0
    names = ["small.arch", *(f"build/small.{s}" for s in ("pt2", "py", "safetensors", "svg"))]
    assert written(tmp_path) == sorted(names)
    assert "largest difference  of the largest result" in result.stdout
    assert "freshly initialised" in result.stderr


def test_the_suffix_says_the_target(cli: Any, tmp_path: Path) -> None:
    assert cli("-o", "deep/net.pt2", "--no-verify").exit_code == 0
    assert written(tmp_path) == ["deep/net.pt2", "small.arch"]


def test_optimised(cli: Any, tmp_path: Path) -> None:
    assert cli("-o", "net.pt2", "--optimize", "inference").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "net.onx"), "did you mean .onnx"),
        (("--to", "onx"), "did you mean onnx"),
        (("--to", "pt2", "-o", "net.onnx"), "--to pt2 writes .pt2 files"),
        (("--to", "pt2,py", "-o", "net.pt2"), "2 targets need a folder"),
        (("--opset", "20"), "only .onnx has an opset"),
        (("--dynamic", "sizes"), "--dynamic"),
        (("--dtype", "float16"), "say what to write"),
        (("--to", "py", "--optimize", "inference"), "hold the network of the spec"),
        (("--to", "pt2", "--optimize", "training"), "only source (.py) is for training"),
        (("-o", "net.onnx", "--train-memory", "8GB", "--batch", "32"), "nothing runs again"),
    ],
)
def test_wrong_use(cli: Any, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    result = cli(*words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert written(tmp_path) == ["small.arch"]


def test_one_that_cannot_be_written_stops_all(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "build/small.pt2").mkdir(parents=True)
    result = cli("--to", "py,pt2")
    assert result.exit_code == 1
    assert "it is a folder" in result.stderr
    assert written(tmp_path) == ["small.arch"]
