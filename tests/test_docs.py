"""README and the generated pages are up to date, and their specs compile; see also tests/site."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from archlang import check_text
from archlang.diagnostics.render import render_text
from archlang.zoo import zoo

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    """The fenced blocks of a language in README and docs, with a name for each."""
    pattern = re.compile(rf"```{language}(?: [^\n]*)?\n(.*?)```", re.DOTALL)
    return [
        (f"{page.relative_to(ROOT)}#{i}", block)
        for page in PAGES
        for i, block in enumerate(pattern.findall(page.read_text(encoding="utf-8")), 1)
    ]


SPECS = blocks("arch")


def test_there_are_specs_to_check() -> None:
    assert len(SPECS) >= 6


@pytest.mark.parametrize("spec", [s for _, s in SPECS], ids=[n for n, _ in SPECS])
def test_every_spec_in_the_docs_compiles(spec: str) -> None:
    found = check_text(spec)
    assert not found, render_text(found)


def test_a_broken_spec_in_the_docs_would_be_noticed() -> None:
    assert check_text(SPECS[0][1].replace("maxpool(", "maxpol("))


def test_the_reference_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_gallery_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "docs" / "gallery.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_family_of_the_zoo_is_in_the_gallery() -> None:
    gallery = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"archlang draw (\w+)", gallery))
    families = {path for name, path in zoo().items() if name in shown}
    assert families == set(zoo().values())


def test_relative_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_has_exactly_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count("```sh") == 2
    assert re.findall(r"<!-- command: (\w+) -->", readme) == ["main", "tests"]


def test_the_message_in_the_readme_is_the_one_that_is_printed() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(error.*?)```", readme, re.DOTALL)
    assert shown is not None
    text = """network N:
    input 64x56x56
    conv(64, 3x3) -> bn -> relu
    conv(64, 3x3, stride=2) -> bn + x -> relu
"""
    assert shown[1].strip() == render_text(check_text(text, "unit.arch")).strip()
