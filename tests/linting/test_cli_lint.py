"""`archlang lint`: files and folders, --fix, --diff, the choice of rules, formats, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from archlang.cli.app import app
from archlang.files import OutputError

NET = "network N:\n    input 3x8x8\n    conv(8, 3x3) -> bn -> relu -> relu\n    assert depth == 1\n"
MENDED = NET.replace("3x3)", "3x3, bias=false)").replace("relu -> relu", "relu")
FINE = "network Fine:\n    input 784\n    fc(10)\n"


def cli(*words: object) -> Result:
    return CliRunner().invoke(app, ["lint", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.arch").write_text(NET, encoding="utf-8")
    (tmp_path / "fine.arch").write_text(FINE, encoding="utf-8")
    return tmp_path


def test_what_is_found_and_the_exit_code(folder: Path) -> None:
    result = cli("net.arch")
    assert result.exit_code == 1
    assert "warning[W0501]: the bias of this conv has no effect" in result.stdout
    assert "--> net.arch:3:5" in result.stdout
    assert result.stdout.endswith("1 file: 2 warnings, 2 can be repaired with --fix\n")
    fine = cli("fine.arch")
    assert (fine.exit_code, fine.stdout) == (0, "1 file: all fine\n")


def test_this_folder_if_none_is_named(folder: Path) -> None:
    assert cli().stdout.endswith("2 files: 2 warnings, 2 can be repaired with --fix\n")


def test_fix_writes_and_a_second_time_finds_nothing(folder: Path) -> None:
    result = cli("--fix", ".")
    assert (result.exit_code, result.stdout) == (0, "2 files: all fine, 2 repaired\n")
    assert (folder / "net.arch").read_text(encoding="utf-8") == MENDED
    assert (folder / "fine.arch").read_text(encoding="utf-8") == FINE
    assert cli("--fix", ".").stdout == "2 files: all fine\n"


def test_diff_shows_and_writes_nothing(folder: Path) -> None:
    result = cli("--fix", "--diff", "net.arch")
    assert result.exit_code == 1
    assert "-    conv(8, 3x3) -> bn -> relu -> relu\n" in result.stdout
    assert "+    conv(8, 3x3, bias=false) -> bn -> relu\n" in result.stdout
    assert (folder / "net.arch").read_text(encoding="utf-8") == NET
    assert cli("--diff", "net.arch").exit_code == 2


def test_the_mark_and_the_line_ends_stay(folder: Path) -> None:
    file = folder / "net.arch"
    file.write_bytes(b"\xef\xbb\xbf" + NET.replace("\n", "\r\n").encode())
    assert cli("--fix", file).exit_code == 0
    assert file.read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()


def test_the_choice_of_rules(folder: Path) -> None:
    assert "W0503" not in cli("--select", "w0501", "net.arch").stdout
    assert cli("--ignore", "W0501,W0503", "net.arch").exit_code == 0
    cli("--fix", "--select", "W0503", "net.arch")
    assert (folder / "net.arch").read_text() == NET.replace("relu -> relu", "relu")
    wrong = cli("--select", "W0551", "net.arch")
    assert wrong.exit_code == 2
    assert "no rule has the code 'W0551'" in wrong.stderr


def test_formats(folder: Path) -> None:
    found = json.loads(cli("--format", "json", "net.arch").stdout)
    assert [(d["code"], d["severity"], d["line"]) for d in found] == [
        ("W0501", "warning", 3),
        ("W0503", "warning", 3),
    ]
    assert found[0]["fix"]["replacement"] == ", bias=false"
    lines = cli("--format", "github", "net.arch").stdout.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::warning", "::warning"]


def test_rules_are_listed() -> None:
    lines = cli("--rules").stdout.splitlines()
    assert lines[0].split() == ["code", "fix", "says"]
    assert lines[2].startswith("W0501  yes  A bias that")
    assert len(lines) == 25


def test_errors_are_shown_as_by_check(folder: Path) -> None:
    (folder / "net.arch").write_text(NET.replace("conv", "cnov"), encoding="utf-8")
    result = cli("net.arch")
    shown = CliRunner().invoke(app, ["check", "net.arch"]).stdout
    assert result.exit_code == 1
    assert "did you mean conv?" in result.stdout
    assert result.stdout.partition("1 file")[0] == shown.partition("1 file")[0]
    assert result.stdout.endswith("1 file: 1 error\n")


def test_files_that_cannot_be_read(folder: Path) -> None:
    (folder / "latin.arch").write_bytes("# après\n".encode("latin-1") + NET.encode())
    for path, code in (("latin.arch", "E0112"), ("missing.arch", "E0116")):
        result = cli(path)
        assert result.exit_code == 1
        assert f"error[{code}]" in result.stdout
    (folder / "empty").mkdir()
    assert cli("empty").exit_code == 1


def test_a_block_that_another_file_uses_is_used(folder: Path) -> None:
    block = "block Unit(C):\n    conv(C, 3x3) -> relu\n\n"
    (folder / "net.arch").write_text(block + FINE, encoding="utf-8")
    assert "W0518" in cli("net.arch").stdout
    use = 'use Unit from "net.arch"\n\nnetwork M:\n    input 3x8x8\n    Unit(8)\n'
    (folder / "other.arch").write_text(use, encoding="utf-8")
    assert cli(".").exit_code == 0


def test_a_file_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(contents: object) -> None:
        raise OutputError("cannot write net.arch: it is read-only")

    monkeypatch.setattr("archlang.cli.lint.write_all", refuse)
    result = cli("--fix", "net.arch")
    assert result.exit_code == 1
    assert "cannot write net.arch" in result.stderr
    assert (folder / "net.arch").read_text() == NET
