"""`archlang fmt`: files, folders, stdin; what is written, what is only said, exit codes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UGLY = "network N:\n  input 1x8x8\n  conv( 4,3x3 )->relu # tight\n"
NEAT = "network N:\n    input 1x8x8\n    conv(4, 3x3) -> relu  # tight\n"


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    file = tmp_path / "ugly.arch"
    file.write_text(UGLY, encoding="utf-8")
    return file


def test_a_file_is_rewritten_once(cli, ugly: Path) -> None:
    first = cli("fmt", ugly)
    assert (first.exit_code, first.stdout) == (0, "1 file reformatted\n")
    assert ugly.read_text(encoding="utf-8") == NEAT
    second = cli("fmt", ugly)
    assert (second.exit_code, second.stdout) == (0, "0 files reformatted, 1 left as they were\n")


def test_check_writes_nothing(cli, ugly: Path) -> None:
    result = cli("fmt", "--check", ugly)
    assert result.exit_code == 1
    assert result.stdout.startswith("would reformat ")
    assert ugly.read_text(encoding="utf-8") == UGLY
    ugly.write_text(NEAT, encoding="utf-8")
    assert cli("fmt", "--check", ugly).exit_code == 0


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_diff_can_be_applied(cli, ugly: Path, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ugly.parent)
    ugly.write_text(UGLY.rstrip() + end, encoding="utf-8")
    result = cli("fmt", "--diff", "ugly.arch")
    assert result.exit_code == 0
    patch = ["git", "apply", "-p0", "--unsafe-paths", "-"]
    subprocess.run(patch, input=result.stdout, text=True, check=True, cwd=ugly.parent)
    assert ugly.read_text(encoding="utf-8") == NEAT


def test_stdin(cli) -> None:
    assert cli("fmt", "-", input=UGLY).stdout == NEAT
    assert cli("fmt", "--check", "-", input=UGLY).exit_code == 1
    assert cli("fmt", "--check", "-", input=NEAT).exit_code == 0
    broken = cli("fmt", "-", input="network N:\n    conv(\n")
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "<stdin>" in broken.stderr


def test_ascii(cli, tmp_path: Path) -> None:
    file = tmp_path / "r.arch"
    file.write_text("block B(W=B):\n    conv(8, 3x3) + W∘x\n", encoding="utf-8")
    assert cli("fmt", file).exit_code == 0
    assert "W∘x" in file.read_text(encoding="utf-8")
    assert cli("fmt", "--ascii", file).exit_code == 0
    assert file.read_text(encoding="utf-8") == "block B(W=B):\n    conv(8, 3x3) + W@x\n"


def test_a_broken_file_is_left_and_the_others_are_formatted(cli, ugly: Path) -> None:
    broken = ugly.with_name("broken.arch")
    broken.write_text("network N:\n    conv(4, 3x3 ->\n", encoding="utf-8")
    before = broken.read_bytes()
    result = cli("fmt", ugly.parent)
    assert result.exit_code == 1
    assert "broken.arch:2" in result.stderr
    assert result.stdout == "1 file reformatted, 1 could not be formatted\n"
    assert broken.read_bytes() == before
    assert ugly.read_text(encoding="utf-8") == NEAT


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"network N:\n    input 1x8x8 # \xff\n", "UTF-8"), (b"block B:\n \trelu\n", "tab")],
)
def test_what_cannot_be_read_is_said(cli, tmp_path: Path, data: bytes, said: str) -> None:
    file = tmp_path / "odd.arch"
    file.write_bytes(data)
    result = cli("fmt", file)
    assert result.exit_code == 1
    assert said in result.stderr
    assert file.read_bytes() == data


def test_marks_and_line_ends_of_other_systems_go(cli, tmp_path: Path) -> None:
    file = tmp_path / "dos.arch"
    file.write_bytes(b"\xef\xbb\xbf" + NEAT.replace("\n", "\r\n").encode())
    assert cli("fmt", "--check", file).exit_code == 1
    assert cli("fmt", file).exit_code == 0
    assert file.read_bytes() == NEAT.encode()


def test_our_own_specs_are_formatted(cli) -> None:
    folders = (ROOT / "specs", ROOT / "archlang/templates", ROOT / "examples/depth")
    result = cli("fmt", "--check", *folders)
    assert result.exit_code == 0, result.stdout
