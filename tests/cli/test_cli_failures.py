"""Bad input: exit code 1, a place, a way out, nothing written, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import archlang
from archlang.analysis.gradient_paths import gradient_paths
from archlang.files import OutputError, write_all

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
    # a shell that starts the tests in the background has them ignore interrupts
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = cli("check", small)
    finally:
        signal.signal(signal.SIGINT, before)
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("summary", "ResNet18", "--by", "stge"),
            "none of layer, block, stage; did you mean stage?",
        ),
        (("gradients", "ResNet18", "--quantity", "grad"), "did you mean gradient?"),
        (("ablate", "ResNet18", "--skips", "shrot"), "did you mean short?"),
        (("check", "x.arch", "--format", "yaml"), "'yaml' is none of text, json, github"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_choice_that_is_none_names_those_there_are(
    cli, words: tuple[str, ...], said: str
) -> None:
    result = cli(*words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "Value error" not in result.stderr


def test_folders_are_made_below_the_current_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    monkeypatch.chdir(here)
    write_all({Path("a/b/c.txt"): "below", there / "d.txt": "the last of the path"})
    assert Path("a/b/c.txt").read_text("utf-8") == "below" and (there / "d.txt").is_file()
    for far, top in [
        (tmp_path / "e" / "f" / "g.txt", tmp_path / "e"),
        (Path("/nowhere/h"), "/nowhere"),
    ]:
        with pytest.raises(OutputError, match=f"there is no folder {top}"):
            write_all({far: ""})
        assert not Path(top).exists()


def test_a_text_that_is_no_layer_says_which_is_meant(cli) -> None:
    said = cli("summary", "Chain", "--set", "f=sigmoyd").stderr
    assert "error[E0212]" in said and "did you mean sigmoid?" in said
    assert "the value of f, as given by --set" in said


def test_a_file_of_several_networks_is_named_in_the_example(cli, tmp_path: Path) -> None:
    path = tmp_path / "two.arch"
    path.write_text(
        "network A:\n    input 3\n    fc(2)\nnetwork B:\n    input 3\n    fc(2)\n", "utf-8"
    )
    assert "two.arch:B" in cli("summary", path).stderr


def test_what_a_notebook_shows_is_short() -> None:
    found = archlang.summary("ResNet18")
    assert repr(found) == "<Summary of ResNet18: 69 steps, 11,689,512 parameters>"
    assert len(str(found).splitlines()) == 9 and "1,814,073,344" in str(found)
    paths = repr(gradient_paths(archlang.network("ResNet110")))
    assert paths.endswith(f": 110 weighted layers, {2**54:,} paths to conv1>")


@pytest.mark.parametrize("command", ["summary", "paths", "receptive", "compile"])
def test_names_of_files_cannot_move_the_cursor(cli, tmp_path: Path, command: str) -> None:
    path = tmp_path / "e\x1b[31m\u202ex.arch"
    path.write_text("network N:\n    input 3x8x8\n    conv(8)\n", encoding="utf-8")
    out = ("-o", tmp_path / "o\x1b[2J") if command == "compile" else ()
    result = cli(command, path, *out)
    assert result.exit_code == 0
    assert "\x1b" not in result.output and "\u202e" not in result.output
