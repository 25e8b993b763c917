"""Diagnostics as the terminal shows them, cut into pieces that a page colours and links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from archlang.diagnostics.model import Diagnostic, Label
from archlang.diagnostics.render.display import visible_text
from archlang.diagnostics.render.pen import Style
from archlang.diagnostics.render.text import render_text

_ANSI = re.compile(r"\x1b\[([0-9;]*)m")
_NAMES = {style.value: style.name.lower() for style in Style}
_WIDTH = 110


def spoken(problems: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Each diagnostic with its severity, its place and its text in styled pieces."""
    return [_spoken(problem) for problem in problems]


def _spoken(problem: Diagnostic) -> dict[str, Any]:
    labels = (problem.primary, *problem.secondary)
    places = {_place(label): label for label in labels if label.span.source.text}
    text = render_text([problem], colour=True, width=_WIDTH)
    return {
        "severity": problem.severity.value,
        "code": problem.code,
        "message": visible_text(problem.message),
        **_where(problem.primary),
        "pieces": [piece for style, run in _runs(text) for piece in _linked(run, style, places)],
    }


def _where(label: Label) -> dict[str, Any]:
    begin, finish = label.span.begin, label.span.finish
    end = finish.column if finish.line == begin.line else 0
    name = label.span.source.name
    return {"file": name, "line": begin.line, "column": begin.column, "end": end}


def _place(label: Label) -> str:
    begin = label.span.begin
    return f"{visible_text(label.span.source.name)}:{begin.line}:{begin.column}"


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Text between codes of the terminal, with the name of its style."""
    style, position = "", 0
    for code in _ANSI.finditer(text):
        yield style, text[position : code.start()]
        style, position = _NAMES.get(code[1], ""), code.end()
    yield style, text[position:]


def _linked(run: str, style: str, places: dict[str, Label]) -> Iterator[dict[str, Any]]:
    """A piece; the place it ends with, as a piece of its own that leads there."""
    for place, label in places.items():
        before, found, after = run.partition(f" {place}\n")
        if found:
            yield from _linked(f"{before} ", style, places)
            yield {"text": place, "style": "place", **_where(label)}
            yield from _linked(f"\n{after}", style, places)
            return
    if run:
        yield {"text": run, "style": style}
