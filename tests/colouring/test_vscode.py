"""The extension: what it says of itself, what is packaged, that its bundle starts the server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

VSCODE = Path(__file__).parents[2] / "editors/vscode"
SPEC = "network Net:\n    input 3x8x8\n    conv(4, 3x3) -> relo\n"


def manifest() -> dict[str, dict[str, list[dict[str, str]]]]:
    return json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))


def test_files_that_it_names_are_there() -> None:
    contributes = manifest()["contributes"]
    for part in (*contributes["languages"], *contributes["grammars"]):
        named = part.get("configuration") or part["path"]
        json.loads((VSCODE / named).read_text(encoding="utf-8"))


def test_commands_that_it_offers_are_those_of_the_code() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (VSCODE / "src").glob("*.ts"))
    for command in manifest()["contributes"]["commands"]:
        assert f'"{command["command"]}"' in source


def test_bodies_are_indented() -> None:
    rules = json.loads((VSCODE / "language-configuration.json").read_text(encoding="utf-8"))
    deeper = re.compile(rules["indentationRules"]["increaseIndentPattern"])
    for line in ("network N:", "    for i in x:  # three", "else:", "    branch add:"):
        assert deeper.search(line), line
    for line in ("    conv(8)", "    relu : 3x8x8", "# a note:"):
        assert not deeper.search(line), line


def test_no_address_of_a_registry_is_kept() -> None:
    assert '"resolved"' not in (VSCODE / "package-lock.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def built() -> Path:
    if shutil.which("npm") is None or not (VSCODE / "node_modules").is_dir():
        pytest.skip("npm ci in editors/vscode has not been run")
    done = subprocess.run(
        [sys.executable, "build.py"], cwd=VSCODE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return VSCODE


@pytest.mark.slow
def test_the_package_is_whole(built: Path) -> None:
    with zipfile.ZipFile(built / "archlang.vsix") as archive:
        names = set(archive.namelist())
        assert {
            "extension/package.json",
            "extension/dist/extension.js",
            "extension/syntaxes/arch.tmLanguage.json",
            "extension/language-configuration.json",
            "extension/LICENSE.txt",
        } <= names
        assert not any("node_modules" in name or name.endswith(".ts") for name in names)


def activated(built: Path, folder: Path, program: str, *more: str) -> dict[str, object]:
    """What a stand-in for VS Code sees of the bundle."""
    file = folder / "net.arch"
    file.write_text(SPEC, encoding="utf-8")
    bundle = built / "dist/extension.js"
    command = ["node", str(built / "test/activation.js"), str(bundle), str(file), program, *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_bundle_starts_the_server_and_shows_the_page(built: Path, tmp_path: Path) -> None:
    seen = activated(built, tmp_path, str(Path(sys.executable).with_name("archlang")))
    (found,) = seen["diagnostics"].values()  # type: ignore[attr-defined]  # json
    assert len(found) == 1
    assert seen["status"] == 200
    assert "vscode-webview:" in str(seen["framed"])
    assert not seen["errors"]


@pytest.mark.slow
def test_a_program_that_is_not_there_is_named(built: Path, tmp_path: Path) -> None:
    seen = activated(built, tmp_path, str(tmp_path / "nowhere"))
    assert "pip install 'archlang[lsp]'" in str(seen["errors"])


@pytest.mark.slow
def test_nothing_is_run_in_a_folder_that_is_not_trusted(built: Path, tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("archlang"))
    seen = activated(built, tmp_path, program, "untrusted")
    assert seen["before"] == {}
    assert seen["diagnostics"]
