"""`archlang check`: several files and folders, three formats, exit codes, a closing line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

KEYS = {
    "code",
    "severity",
    "message",
    "file",
    "line",
    "column",
    "end_line",
    "end_column",
    "help",
}


def test_fine(cli, small: Path) -> None:
    result = cli("check", small)
    assert result.exit_code == 0
    assert result.stdout == "1 file, 1 network: all fine\n"
    assert result.stderr == ""


def test_all_mistakes_at_once_then_a_closing_line(cli, wrong: Path) -> None:
    result = cli("check", wrong)
    assert result.exit_code == 1
    assert "wrong.arch:3:5" in result.stdout
    assert "wrong.arch:4:18" in result.stdout
    assert "did you mean conv?" in result.stdout
    assert "^^^^" in result.stdout
    assert result.stdout.endswith("\n1 file, 1 network: 2 errors\n")
    assert result.stdout.count("2 errors") == 1


def test_json_is_one_list_of_objects(cli, wrong: Path, small: Path) -> None:
    result = cli("check", wrong, small, "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [(d["file"], d["line"], d["column"]) for d in found] == [
        ("wrong.arch", 3, 5),
        ("wrong.arch", 4, 18),
    ]
    assert all(set(d) >= KEYS for d in found)
    assert {d["severity"] for d in found} == {"error"}


def test_json_of_nothing_is_an_empty_list(cli, small: Path) -> None:
    result = cli("check", small, "--format=json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == []


def test_github(cli, wrong: Path, small: Path) -> None:
    result = cli("check", wrong, "--format", "github")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("::error file=wrong.arch,line=") for line in lines)
    assert cli("check", small, "--format", "github").stdout == ""


def test_folders_are_searched_and_sorted(cli, small: Path, tmp_path: Path) -> None:
    good = small.read_text(encoding="utf-8")
    bad = "network Bad:\n    nope\n"
    files = {"one.arch": bad, "deep/two.arch": good, ".hidden/three.arch": bad, "notes.txt": bad}
    for name, text in files.items():
        path = tmp_path / "b" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    result = cli("check", "b", "small.arch", "--format=json")
    assert {d["file"] for d in json.loads(result.stdout)} == {"b/one.arch"}
    again = cli("check", "b", "b/one.arch", "small.arch", "./small.arch")
    assert again.stdout.endswith("3 files, 3 networks: 2 errors\n")  # each file once


def test_a_folder_without_specs_is_not_fine(cli, tmp_path: Path) -> None:
    result = cli("check", tmp_path)
    assert result.exit_code == 1
    assert "holds no .arch file" in result.stdout


def test_a_mistake_in_a_used_file_is_reported_once(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parts.arch").write_text("block Part:\n    cnov(8)\n", encoding="utf-8")
    for name in ("A", "B"):
        text = f'use Part from "parts.arch"\n\nnetwork {name}:\n    input 3x8x8\n    Part\n'
        Path(f"{name.lower()}.arch").write_text(text, encoding="utf-8")
    result = cli("check", ".", "--format=json")
    assert [d["file"] for d in json.loads(result.stdout)] == ["parts.arch"]


def test_the_zoo_is_fine(cli) -> None:
    specs = Path(__file__).parents[2] / "specs"
    result = cli("check", specs)
    assert result.exit_code == 0, result.stdout
    assert result.stdout.rstrip().endswith("all fine")


@pytest.mark.parametrize("arguments", [(), ("small.arch", "--format", "xml"), ("--nope",)])
def test_wrong_usage_exits_with_2(cli, small: Path, arguments: tuple[str, ...]) -> None:
    result = cli("check", *arguments)
    assert result.exit_code == 2
    assert "Usage" in result.stderr
    assert result.stdout == ""
