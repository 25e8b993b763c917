"""A file of another kind in the place of a spec or of weights: what it is, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch


@pytest.fixture
def files(small: Path) -> Path:
    """Files of several kinds beside `small.arch`."""
    torch.save({"fc1.bias": torch.zeros(10)}, "net.pth")
    Path("own.py").write_text("class Net: ...\n", encoding="utf-8")
    Path("net.onnx").write_bytes(b"\x08\x0a\x12\x07pytorch")
    Path("net.svg").write_text("<svg/>", encoding="utf-8")
    Path("net.txt").write_text(small.read_text(encoding="utf-8"), encoding="utf-8")
    Path("notes.txt").write_text("the network is fine\n", encoding="utf-8")
    for name in ("empty", "others", "specs"):
        Path(name).mkdir()
    Path("others/net.py").touch()
    for number in range(5):
        Path(f"specs/n{number}.arch").touch()
    return small


@pytest.mark.parametrize(
    ("words", "what", "way"),
    [
        (
            "compile net.pth -o x.py",
            "cannot read net.pth: it is a file of weights, and no spec",
            "archlang compile SPEC.arch --weights net.pth",
        ),
        ("summary net.pth:Small", "net.pth:Small: it is a file of weights", "--weights net.pth"),
        ("compile own.py", "it is a Python file, and no spec", "pass the network as a spec"),
        ("check net.onnx", "it is an ONNX model, and no spec", "pass the spec that it comes from"),
        ("check net.svg", "it is a figure, and no spec", "pass the spec that was drawn"),
        ("check net.txt", "the name of a spec ends in .arch", "rename it: net.arch"),
        ("check notes.txt", "the name of a spec ends in .arch", "name a file that ends in .arch"),
        ("check nowhere.onnx", "there is no such file", "name a file that ends in .arch"),
        ("check smal.arhc", "there is no such file", "did you mean small.arch?"),
        ("check empty", "holds no .arch file: it is empty", "archlang zoo ResNet18 -o empty"),
        ("check others/", "holds no .arch file, only net.py", "pass a folder that holds specs"),
        ("compile others", "holds no .arch file, only net.py", "pass a folder that holds specs"),
        ("compile specs", "it is a folder", "specs/n0.arch, specs/n1.arch, specs/n2.arch, …"),
        (
            "compile small.arch --weights small.arch",
            "cannot read weights from small.arch: it is a spec",
            "the spec comes first: archlang compile small.arch",
        ),
        ("compile small.arch --weights own.py", "it is a Python file", "torch.save(model.state"),
        ("compile small.arch --weights net.onnx", "it is an ONNX model", "it was exported from"),
    ],
)
def test_what_it_is_and_what_to_do(cli, files: Path, words: str, what: str, way: str) -> None:
    result = cli(*words.split())
    assert result.exit_code == 1
    shown = result.stdout + result.stderr
    assert what in shown
    assert f"= help: {way}" in shown or way in shown.partition("= help: ")[2]
    assert not Path("x.py").exists()


def test_a_generated_file_says_what_it_was_made_of(cli, small: Path) -> None:
    assert cli("compile", small, "-o", "made.py").exit_code == 0
    result = cli("check", "made.py")
    assert result.exit_code == 1
    assert "archlang wrote it from small.arch:Small: pass that" in result.stdout
    assert cli("check", "small.arch").exit_code == 0


def test_weights_count_by_what_they_are_not_by_their_name(cli, small: Path) -> None:
    """A checkpoint under another name is still one."""
    torch.save({"fc1.bias": torch.zeros(10)}, "net.onnx")
    result = cli("compile", small, "--weights", "net.onnx")
    assert result.exit_code == 1
    assert "ONNX" not in result.stderr
    assert "E07" in result.stderr


def test_a_line_with_use_is_told_what_the_file_is(cli, files: Path) -> None:
    Path("user.arch").write_text('use Small from "own.py"\n', encoding="utf-8")
    result = cli("check", "user.arch")
    assert "own.py: it is a Python file, and no spec" in result.stdout
    assert "name a file that ends in .arch" in result.stdout
