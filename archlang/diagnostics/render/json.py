"""Diagnostics for programs: a JSON list, one object each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archlang.diagnostics.model import Diagnostic, Label
from archlang.source import Span


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """The diagnostics as a JSON list.

    Each object has `code`, `severity`, `message`, `file`, `line`, `column`, `end_line`,
    `end_column`, `help` (or null), `labels` (the primary one first), `notes` and `fix` (or null).
    Lines and columns count from 1, columns in characters; the end is just behind the last one.
    """
    import json  # here, so that a plain check does not pay for it

    return json.dumps([_object(d) for d in diagnostics], indent=2)


def _object(diagnostic: Diagnostic) -> dict[str, Any]:
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        **_place(diagnostic.primary.span),
        "help": diagnostic.help,
        "labels": [
            _label(diagnostic.primary, primary=True),
            *(_label(label, primary=False) for label in diagnostic.secondary),
        ],
        "notes": list(diagnostic.notes),
        "fix": fix and {**_place(fix.span), "replacement": fix.replacement},
    }


def _label(label: Label, primary: bool) -> dict[str, Any]:
    return {**_place(label.span), "text": label.text, "primary": primary}


def _place(span: Span) -> dict[str, Any]:
    return {
        "file": span.source.name,
        "line": span.begin.line,
        "column": span.begin.column,
        "end_line": span.finish.line,
        "end_column": span.finish.column,
    }
