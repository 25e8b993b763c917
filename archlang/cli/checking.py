"""`archlang check`: many files in, one report out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from archlang.cli.files import spec_files
from archlang.cli.page import show_mistakes, tracked
from archlang.compiler import examine
from archlang.diagnostics.model import Diagnostic, Diagnostics, Severity


def check_files(paths: Sequence[Path], form: str) -> bool:
    """Check specs and folders and print what was found; whether there are no errors.

    A mistake in a file that several others use is reported once.
    """
    sink = Diagnostics()
    files = spec_files(paths, sink)
    networks = 0
    for file in tracked(files, "checking"):
        networks += len(examine(file, sink).networks)
    found = list(sink)
    match form:
        case "json":
            from archlang.diagnostics.render.json import render_json

            print(render_json(found))
        case "github":
            from archlang.diagnostics.render.github import render_github

            print(render_github(found), end="\n" if found else "")
        case _:
            show_mistakes(found, sys.stdout)
            print(_result(len(files), networks, found))
    return not sink.has_errors


def _result(files: int, networks: int, found: Sequence[Diagnostic]) -> str:
    """`3 files, 12 networks: all fine`."""
    counts = [
        _counted(sum(d.severity is severity for d in found), str(severity)) for severity in Severity
    ]
    verdict = ", ".join(text for text in counts if not text.startswith("0 ")) or "all fine"
    return f"{_counted(files, 'file')}, {_counted(networks, 'network')}: {verdict}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
