"""Diagnostics as workflow commands, which GitHub shows as annotations beside the changed lines."""

from __future__ import annotations

from collections.abc import Iterable

from archlang.diagnostics.model import Diagnostic
from archlang.diagnostics.render.display import visible_text


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One `::error …::…` or `::warning …::…` command a line."""
    return "\n".join(map(_command, diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    words = [diagnostic.message, diagnostic.primary.text, *diagnostic.notes]
    if diagnostic.help:
        words.append(f"help: {diagnostic.help}")
    lines = [visible_text(line) for text in words if text for line in text.splitlines()]
    properties = ",".join(f"{key}={_property(value)}" for key, value in _properties(diagnostic))
    data = _data("\n".join(lines))
    return f"::{diagnostic.severity} {properties}::{data}"


def _properties(diagnostic: Diagnostic) -> list[tuple[str, str]]:
    span = diagnostic.primary.span
    if not span.source.name:  # it is in no file
        return [("title", diagnostic.code)]
    begin, end = span.begin, span.finish
    found = [("file", span.source.name), ("line", str(begin.line)), ("endLine", str(end.line))]
    if begin.line == end.line:  # GitHub takes columns only of a span within one line
        found += [("col", str(begin.column)), ("endColumn", str(end.column))]
    return [*found, ("title", diagnostic.code)]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
