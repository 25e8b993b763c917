"""Bad input: exit code 1, a place, a way out, nothing written, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BAD = {
    "unknown layer": "network N:\n    input 3x8x8\n    cnov(8)\n",
    "unclosed bracket": "network N:\n    input 3x8x8\n    conv(8\n",
    "mixed tabs": "network N:\n    input 3x8x8\n\tconv(8)\n",
    "unequal merge": "network N:\n    input 3x8x8\n    conv(8, 3x3, stride=2) + x\n",
    "kernel too large": "network N:\n    input 3x8x8\n    conv(8, 99x99, pad=0)\n",
    "map into fc": "network N:\n    input 3x8x8\n    fc(10)\n",
    "bomb": "network N:\n    input 3x8x8\n    10**9 * conv(8)\n",
    "endless recursion": "block B:\n    B\n\nnetwork N:\n    input 3x8x8\n    B\n",
    "division by zero": "let a = 1 // 0\n\nnetwork N:\n    input 3x8x8\n    conv(a)\n",
    "huge power": "let a = 10**10**10\n\nnetwork N:\n    input 3x8x8\n    conv(a)\n",
    "outside": 'use A from "../../secret.arch"\n\nnetwork N:\n    input 3x8x8\n    A\n',
    "circular": 'use A from "bad.arch"\n\nnetwork N:\n    input 3x8x8\n    A\n',
    "empty": "",
    "not utf-8": "network N:\n    # \udcff\n    input 3x8x8\n",
    "a NUL": "network N:\n    input 3x8x8\n    conv(8)\0\n",
}


@pytest.mark.parametrize("command", ["check", "compile"])
@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_bad_specs(cli, tmp_path: Path, command: str, text: str) -> None:
    path = tmp_path / "bad.arch"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    options = ("-o", tmp_path / "out") if command == "compile" else ()
    result = cli(command, path, *options)
    shown = result.stdout + result.stderr
    assert result.exit_code == 1, shown
    assert "error[E" in shown
    assert f"{path}:" in shown
    assert "= help:" in shown
    assert not (tmp_path / "out").exists()


def test_a_real_process_shows_no_traceback(process, wrong: Path) -> None:
    for command in ("check", "summary"):
        result = process(command, wrong.resolve())
        assert result.returncode == 1
        assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("command", ["check", "compile", "summary"])
@pytest.mark.parametrize("name", ["missing.arch", "missing", "notes.txt", "Resnet50", ""])
def test_what_is_no_spec(cli, tmp_path: Path, command: str, name: str) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    spec = name if name == "Resnet50" else tmp_path / name
    result = cli(command, spec)
    shown = result.stdout + result.stderr
    assert result.exit_code == 1, shown
    assert "error[E" in shown
    assert "= help:" in shown


def test_a_misspelt_name_of_the_zoo(cli) -> None:
    result = cli("summary", "Resnet50")
    assert result.exit_code == 1
    assert "did you mean ResNet50?" in result.stderr


@pytest.mark.parametrize(("name", "note"), [("Dense", "DenseNet121, "), ("Zork", None)])
def test_a_name_that_the_zoo_does_not_have(cli, name: str, note: str | None) -> None:
    shown = cli("summary", name).stderr
    assert f"there is no network called '{name}'" in shown
    assert ("= note: " in shown) == (note is not None)
    assert (note or "archlang zoo lists the built-in networks") in shown
    assert "networks here" not in shown


def test_diagnostics_of_check_are_output_those_of_compile_are_not(process, wrong: Path) -> None:
    checked, compiled = process("check", wrong.resolve()), process("compile", wrong.resolve())
    assert "error[" in checked.stdout
    assert checked.stderr == ""
    assert compiled.stdout == ""
    assert "error[" in compiled.stderr


@pytest.mark.parametrize("command", ["check", "summary", "compile", "zoo", "layers"])
def test_pipes_get_plain_text(process, small: Path, tmp_path: Path, command: str) -> None:
    arguments = [] if command in ("zoo", "layers") else [small.resolve()]
    options = ["-o", tmp_path / "out"] if command == "compile" else []
    result = process(command, *arguments, *options, COLUMNS="40", TERM="xterm-256color")
    assert result.returncode == 0
    assert "\x1b" not in result.stdout + result.stderr
    assert result.stderr == ""
    assert not any(line.endswith(" ") for line in result.stdout.splitlines())


def test_long_paths_are_neither_cut_nor_wrapped(process, small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "/".join(["a-folder-with-a-name"] * 8)
    result = process("compile", small.resolve(), "-o", folder, COLUMNS="40")
    assert str(folder / "small.py") in result.stdout


def test_output_that_knows_only_ascii(process, small: Path) -> None:
    result = process("summary", small.resolve(), PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_leaves(process) -> None:
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-m", "archlang", "summary", "ResNet152"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(60) == 141


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_interrupt(cli, monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    import archlang.cli.checking

    def interrupt(*args: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(archlang.cli.checking, "examine", interrupt)
    result = cli("check", small)
    assert result.exit_code == 130
    assert result.stderr == "error: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("no_colour", "codes"), [("", True), ("1", False)])
def test_colours_on_a_terminal_alone(wrong: Path, no_colour: str, codes: bool) -> None:
    import pty

    root = Path(__file__).parents[2]
    primary, secondary = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "archlang", "check", str(wrong.resolve())],
        stdout=secondary,
        stderr=secondary,
        env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": no_colour, "TERM": "xterm"},
    )
    os.close(secondary)
    shown = b""
    try:
        while chunk := os.read(primary, 4096):
            shown += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(primary)
    assert child.wait(60) == 1
    assert b"E0202" in shown
    assert (b"\x1b[1;31m" in shown) is codes
