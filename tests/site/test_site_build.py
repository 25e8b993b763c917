"""The site builds without warnings, its links lead somewhere, nothing comes from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
LOADS = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "use": "href",
}
POINTERS = {"canonical", "next", "prev", "alternate"}  # a <link> that loads nothing


class Reader(HTMLParser):
    """Collects the anchors of a page, where its links lead, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADS and LOADS[tag] in given and given.get("rel") not in POINTERS:
            self.loads.append(given[LOADS[tag]])


def read(path: Path) -> Reader:
    """What a page has and wants."""
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Reader]:
    """All pages but 404, whose links begin at the root of a server."""
    return {p: read(p) for p in sorted(site.rglob("*.html")) if p.name != "404.html"}


def dead(page: Path, reader: Reader, pages: dict[Path, Reader]) -> Iterator[str]:
    """The links and files of a page that are not there."""
    for link in [*reader.links, *reader.loads]:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if path.is_dir():
            path /= "index.html"
        if not path.exists() or (
            parts.fragment and path in pages and unquote(parts.fragment) not in pages[path].anchors
        ):
            yield link


def test_no_link_is_dead(pages: dict[Path, Reader]) -> None:
    assert len(pages) > 20
    found = {f"{p.name}: {link}" for p, reader in pages.items() for link in dead(p, reader, pages)}
    assert not found


def test_a_dead_link_would_be_noticed(pages: dict[Path, Reader]) -> None:
    page = next(p for p in pages if p.name == "lecture.html")
    reader = Reader()
    reader.feed('<a href="nowhere.html">1</a><a href="depth.html#no-such-place">2</a>')
    assert list(dead(page, reader, pages)) == ["nowhere.html", "depth.html#no-such-place"]


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Reader]) -> None:
    for page, reader in pages.items():
        foreign = [link for link in reader.loads if urlsplit(link).netloc]
        assert not foreign, f"{page.name}: {foreign}"
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert "url(http" not in text and "@import" not in text, sheet.name


def test_formulas_are_there_without_a_script(pages: dict[Path, Reader]) -> None:
    lecture = next(p for p in pages if p.name == "lecture.html").read_text(encoding="utf-8")
    assert lecture.count("<math") > 15
    assert "\\frac" not in lecture and "$`" not in lecture


def test_every_code_has_an_anchor(pages: dict[Path, Reader]) -> None:
    from archlang.diagnostics.catalog import problems

    page = next(reader for p, reader in pages.items() if p.name == "diagnostics.html")
    assert {code.lower() for code in problems()} <= page.anchors
