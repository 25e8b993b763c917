"""Figures in a real browser: Chromium loads them and says what it found."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Any

from tests.figures.programs import program

_PROBE = """
const box = e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] };
const probe = () => [...document.querySelectorAll('svg')].map(svg => ({
  name: svg.getAttribute('aria-labelledby').split(' ')
        .map(id => [...document.querySelectorAll('#' + id)].map(e => e.textContent)),
  page: box(svg),
  scripts: svg.querySelectorAll('script, foreignObject, image, use, a, style').length,
  tags: [...new Set([...svg.querySelectorAll('*')].map(e => e.localName))].sort(),
  tips: [...svg.querySelectorAll('g > title')].map(e => e.textContent),
  texts: [...svg.querySelectorAll('text')].map(text => {
    let before = text.previousElementSibling;
    while (before && before.localName === 'text') before = before.previousElementSibling;
    const inside = before && before.localName === 'rect';
    return {text: text.textContent, at: box(text), role: text.parentNode.getAttribute('class'),
            box: inside ? box(before) : null};
  }),
}));
const out = document.createElement('pre');
out.id = 'found';
out.textContent = JSON.stringify({figures: probe(), harm: window.harm || 0});
document.body.append(out);
"""
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--force-device-scale-factor=1",
)  # fmt: skip


def seen(svgs: Sequence[str], folder: Path) -> dict[str, Any]:
    """What a browser makes of figures that stand in one page."""
    page = folder / "page.html"
    bodies = "\n".join(svg.partition("?>")[2] for svg in svgs)
    style = "<style>body{width:4000px}svg{display:block}</style>"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8">{style}<body>'
    page.write_text(f"{head}{bodies}<script>{_PROBE}</script></body></html>", "utf-8")
    found = dom(page, folder).partition('<pre id="found">')[2].partition("</pre>")[0]
    return json.loads(unescape(found))


def dom(file: Path, folder: Path) -> str:
    """The document that a browser makes of a file."""
    call = [program("chromium"), *_OPTIONS, f"--user-data-dir={folder / 'profile'}"]
    run = subprocess.run(
        [*call, "--dump-dom", file.as_uri()], capture_output=True, check=True, timeout=60
    )
    return run.stdout.decode()
