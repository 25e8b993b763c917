"""A watched file, and a real browser that looks at its page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archlang.watching import Watcher, serve

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
GOOD = "network Net:\n    input 1x28x28\n    conv({n}, 3x3) -> relu\n    flatten -> fc(10)\n"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        programs = [*map(shutil.which, PROGRAMS), own if Path(own).is_file() else None]
        program = next(filter(None, programs), None)
        if program is None:
            pytest.skip(f"no browser here: none of {', '.join(PROGRAMS)}, nor playwright's own")
        started = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page whose scripts may not complain."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None
    )
    yield page
    context.close()
    assert not complaints


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "net.arch"
    path.write_text(GOOD.format(n=8), "utf-8")
    return path


@pytest.fixture
def watcher(spec: Path) -> Iterator[Watcher]:
    with serve(spec) as watcher:
        yield watcher


def shown(page: Any, watcher: Watcher) -> None:
    """Open the page and wait until it shows something."""
    page.goto(watcher.url)
    page.wait_for_selector('html:not([data-version="0"])', state="attached")
