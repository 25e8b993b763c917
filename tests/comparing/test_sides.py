"""What the sides of `archlang diff` name: files, the zoo, revisions of real repositories."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from archlang.cli.app import run as command
from archlang.comparing.comparison import comparison
from archlang.diagnostics.model import SpecError

UNIT = """block Unit(C):
    conv(C, 3x3) -> bn -> relu
"""
NET = """use Unit from "unit.arch"

network Net(classes=10):
    input 3x16x16
    2 * Unit(8)
    gap -> flatten -> fc(classes)
"""


def run(folder: Path, *words: str) -> None:
    settings = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    subprocess.run(["git", *words], cwd=folder, check=True, env=settings, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits of nets/net.arch and the file that it uses; the second widens the block."""
    top = tmp_path / "work tree"
    nets = top / "nets"
    nets.mkdir(parents=True)
    run(top, "init", "--quiet")
    (nets / "net.arch").write_text(NET)
    (nets / "unit.arch").write_text(UNIT)
    run(top, "add", ".")
    run(top, "commit", "--quiet", "-m", "one")
    (nets / "unit.arch").write_text(UNIT.replace("3x3", "5x5"))
    run(top, "commit", "--quiet", "-am", "two")
    monkeypatch.chdir(top)
    return top


def texts(before: str, after: str) -> list[tuple[str, str]]:
    (difference,) = comparison(before, after).differences
    return [(change.sort, change.place.text) for change in difference.changes]


def diff(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        command(["diff", *words])
    out = capsys.readouterr()
    return int(end.value.code or 0), out.out, out.err


def problem(before: str, after: str) -> str:
    with pytest.raises(SpecError) as error:
        comparison(before, after)
    return str(error.value)


WIDER = [("changed", "conv(8, 5x5)")] * 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("HEAD~1:nets/net.arch:Net", "nets/net.arch:Net"),
        ("HEAD~1:nets/net.arch", "HEAD:nets/net.arch"),
        ("HEAD~1", "nets/net.arch"),
        ("HEAD~1", "nets/net.arch:Net"),
        ("HEAD^:./nets/../nets/net.arch", "nets/net.arch"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_used_file_is_read_from_the_same_revision(before: str, after: str) -> None:
    assert texts(before, after) == WIDER


def test_paths_count_from_the_current_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "nets")
    assert texts("HEAD~1", "net.arch") == WIDER
    assert texts("HEAD~1:net.arch", "HEAD:net.arch") == WIDER
    assert "did you mean HEAD:net.arch?" in problem("HEAD:nets/net.arch", "net.arch")


def test_what_is_not_committed(repository: Path) -> None:
    assert comparison("HEAD", "nets/net.arch").same
    (repository / "nets/net.arch").write_text(NET.replace("2 *", "3 *"))
    assert texts("HEAD", "nets/net.arch") == [("came", "Unit(C=8)")]
    assert texts("nets/net.arch", "HEAD") == [("went", "Unit(C=8)")]


def test_a_file_that_is_gone_since(repository: Path) -> None:
    for file in (repository / "nets").iterdir():
        file.unlink()
    (repository / "nets").rmdir()
    assert texts("HEAD~1:nets/net.arch", "HEAD:nets/net.arch") == WIDER


def test_branches_and_tags_with_slashes(repository: Path) -> None:
    run(repository, "branch", "feature/wide", "HEAD~1")
    run(repository, "tag", "v1.0", "HEAD~1")
    assert texts("feature/wide:nets/net.arch", "nets/net.arch") == WIDER
    assert texts("v1.0", "nets/net.arch") == WIDER


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("HEAD~9", "the repository has no such revision"),
        ("HEAD~9:nets/net.arch", "the repository has no such revision"),
        ("--output=pwned:nets/net.arch", "a revision begins with no dash"),
        ("HEAD:nets/other.arch", "has no file nets/other.arch"),
        ("HEAD:nets/net.arch:Other", "there is no network called 'Other'"),
        ("HEAD:../../net.arch", "lies in no git repository"),
        ("ResNet5", "did you mean the network"),
        ("a\0b:nets/net.arch", "a revision begins with no dash"),
    ],
)
def test_what_cannot_be_had_is_said(repository: Path, before: str, said: str) -> None:
    text = problem(before, "nets/net.arch")
    assert said in text and "help" in text
    assert not list(repository.glob("**/pwned*"))


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("net.arch").write_text("network Net:\n    input 3\n    fc(2)\n")
    text = problem("HEAD", "net.arch")
    assert "lies in no git repository" in text and "compare two files" in text


def test_git_is_not_installed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert "git is not installed" in problem("HEAD", "nets/net.arch")


def test_inside_a_hook(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert texts("HEAD~1", "nets/net.arch") == WIDER


def test_files_of_a_revision_are_held_to_the_rules(repository: Path) -> None:
    nets = repository / "nets"
    (nets / "latin.arch").write_bytes("# après\n".encode("latin-1") + NET.encode())
    (nets / "mark.arch").write_bytes(b"\xef\xbb\xbf" + NET.replace("\n", "\r\n").encode())
    (nets / "out.arch").write_text(NET.replace("unit.arch", "../unit.arch"))
    (nets / "linked.arch").symlink_to("net.arch")
    run(repository, "add", ".")
    run(repository, "commit", "--quiet", "-m", "three")
    assert "UTF-8" in problem("HEAD:nets/latin.arch", "nets/net.arch")
    assert "folder" in problem("HEAD:nets/out.arch", "nets/net.arch")
    assert "it is a link" in problem("HEAD:nets/linked.arch", "nets/net.arch")
    assert comparison("HEAD:nets/mark.arch", "nets/net.arch").same


def test_a_revision_without_a_file() -> None:
    assert "name the file: archlang diff HEAD~1:net.arch" in problem("HEAD~1", "HEAD")
    assert "did you mean ResNet18?" in problem("Resnet18", "ResNet34")


def test_all_networks_of_a_file(repository: Path) -> None:
    file = repository / "nets/net.arch"
    more = "\nnetwork {}:\n    input 3\n    fc({})\n"
    file.write_text(NET + more.format("Old", 2) + more.format("Kept", 2))
    run(repository, "commit", "--quiet", "-am", "three")
    file.write_text(NET + more.format("Kept", 3) + more.format("New", 2))
    found = comparison("HEAD", "nets/net.arch")
    assert (found.went, found.came) == (("Old",), ("New",))
    assert [d.after.name for d in found.differences if not d.same] == ["Kept"]
    assert texts("HEAD", "nets/net.arch:Kept") == [("changed", "fc(3)")]


# ── the command ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("repository")
def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = diff(capsys, "HEAD~1", "nets/net.arch")
    assert (code, err) == (0, "")
    assert "conv(8, 3x3) → conv(8, 5x5) ×2" in " ".join(out.split())
    assert "0.conv1, 1.conv1" in out or "0–1.conv1" in out


@pytest.mark.usefixtures("repository")
def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(capsys, "HEAD~1", "nets/net.arch", "--exit-code")[0] == 1
    assert diff(capsys, "HEAD", "nets/net.arch", "--exit-code")[:2] == (
        0,
        "HEAD → nets/net.arch: the same\n",
    )
    code, out, err = diff(capsys, "HEAD~9", "nets/net.arch")
    assert (code, out) == (1, "") and err.startswith("error[E0950]: cannot read HEAD~9 from git")
    assert diff(capsys, "HEAD", "nets/net.arch", "--set", "classes")[0] == 2


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = diff(capsys, "ResNet18", "ResNet34", "--format", "json")
    page = json.loads(out)
    (found,) = page["differences"]
    assert code == 0 and not page["same"]
    assert found["after"]["params"] - found["before"]["params"] == 10_108_160
    assert [c["after"]["path"] for c in found["changes"]][:2] == ["layer1.2", "layer2.2"]
    assert all(c["before"] is None and c["sort"] == "came" for c in found["changes"])


def test_parameters_of_one_side(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = diff(capsys, "ResNet18", "ResNet18", "--set-b", "size=256")
    assert "input 3x224x224 → input 3x256x256" in out and "512x7x7 → 512x8x8" in out
    _, out, _ = diff(capsys, "ResNet18", "ResNet34", "--set", "classes=10")
    assert "fc" not in out


def test_a_network_that_needs_a_parameter_is_told_of_until_it_is_given(tmp_path: Path) -> None:
    text = "network A(n):\n    input 4x8x8\n    conv(n)\n\nnetwork B:\n    input 4x8x8\n    relu\n"
    one, two = tmp_path / "one.arch", tmp_path / "two.arch"
    one.write_text(text, encoding="utf-8")
    two.write_text(text.replace("conv(n)", "conv(n) -> relu"), encoding="utf-8")
    found = comparison(str(one), str(two))
    assert (found.open, found.same) == ((("A", ("n",)),), False)
    found = comparison(str(one), str(two), {"n": 3}, {"n": 3})
    assert (found.open, [d.same for d in found.differences]) == ((), [False, True])
    two.write_text(f"# the same\n{text}", encoding="utf-8")
    assert comparison(str(one), str(two)).same
    with pytest.raises(SpecError, match="no argument 'm'"):
        comparison(str(one), str(two), {"m": 3}, {"m": 3})
