"""Fixes put into a text: those that do not overlap, again and again until nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archlang.diagnostics.model import Diagnostic, Fix, Severity
from archlang.editing.document import Analysis, Document
from archlang.linting.linter import lint
from archlang.linting.written import offset

MOST_TURNS = 20
"""A fix may make room for another one; more turns than this are never needed."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A text after its repair."""

    text: str
    count: int
    """How many fixes were applied."""
    left: tuple[Diagnostic, ...]
    """What is still to be said of it."""
    refused: tuple[Diagnostic, ...]
    """Whose fix would have made a mistake, such as an assert that no longer holds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A fix in the whole text: `replacement` for what stands from `start` to `end`."""

    start: int
    end: int
    replacement: str


def repair(
    document: Document,
    elsewhere: frozenset[str] = frozenset(),
    codes: frozenset[str] | None = None,
) -> Repaired:
    """Repair a document by all fixes, or those of some codes, that leave it without errors."""
    count = 0
    bad: set[tuple[str, Edit]] = set()
    refused: tuple[Diagnostic, ...] = ()
    for _ in range(MOST_TURNS):
        text = document.text
        found = lint(document.analysis(), elsewhere)
        asked = [d for d in found if codes is None or d.code in codes]
        wanted = {(d.code, edit_of(d.fix)): d for d in asked if d.fix is not None}
        refused = tuple(d for key, d in wanted.items() if key in bad)
        chosen = _apart([key for key in wanted if key not in bad])
        if not chosen:
            break
        taken = _sound(document, text, chosen)
        if taken:
            count += len(taken)
            bad = set()  # offsets have moved
        else:
            bad.update(chosen)
    return Repaired(document.text, count, lint(document.analysis(), elsewhere), refused)


def edit_of(fix: Fix) -> Edit:
    """A fix as a change of the whole text."""
    start = offset(fix.span)
    return Edit(start, start + fix.span.end - fix.span.start, fix.replacement)


def with_edits(text: str, edits: Sequence[Edit]) -> str:
    """A text after edits that do not overlap; a line of which nothing is left is taken out."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        start, end = edit.start, edit.end
        if not edit.replacement:
            start, end = _whole_line(text, start, end)
        text = text[:start] + edit.replacement + text[end:]
    return text


def _whole_line(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines from `start` to `end` with their ends, if nothing else stands in them."""
    begin = text.rfind("\n", 0, start) + 1
    finish = text.find("\n", end)
    finish = len(text) if finish < 0 else finish + 1
    alone = not text[begin:start].strip() and not text[end:finish].strip()
    return (begin, finish) if alone else (start, end)


def _apart(wanted: Sequence[tuple[str, Edit]]) -> list[tuple[str, Edit]]:
    """Those that do not overlap, from the beginning of the text on."""
    chosen: list[tuple[str, Edit]] = []
    for key in sorted(wanted, key=lambda key: (key[1].start, key[1].end)):
        if not chosen or key[1].start > chosen[-1][1].end:
            chosen.append(key)
    return chosen


def _sound(
    document: Document, text: str, edits: Sequence[tuple[str, Edit]]
) -> list[tuple[str, Edit]]:
    """Apply all edits if no error comes of it, else those one by one of which none does."""
    document.update(with_edits(text, [edit for _, edit in edits]))
    if _is_sound(document.analysis()):
        return list(edits)
    taken: list[tuple[str, Edit]] = []
    for key in edits:
        document.update(with_edits(text, [edit for _, edit in (*taken, key)]))
        if _is_sound(document.analysis()):
            taken.append(key)
    document.update(with_edits(text, [edit for _, edit in taken]))
    return taken


def _is_sound(analysis: Analysis) -> bool:
    return not any(problem.severity is Severity.ERROR for problem in analysis.problems)
