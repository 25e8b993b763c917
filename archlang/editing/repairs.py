"""Repairs that diagnostics offer: their own fixes, and what their helps say in so many words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from archlang.diagnostics.model import Diagnostic, Fix
from archlang.editing.places import whole_offsets
from archlang.editing.renaming import replaced

_MEAN = re.compile(r"^did you mean '?(?P<word>[A-Za-z_][\w.]*)'?\?")


class Repair(NamedTuple):
    """A repair of one diagnostic, with a few words on it."""

    title: str
    diagnostic: Diagnostic
    edits: tuple[Fix, ...]
    preferred: bool = True
    """Whether it is the one repair that a reader would expect."""


def repairs(problems: Iterable[Diagnostic]) -> list[Repair]:
    """A repair for each problem that has one."""
    found = (_repair(problem) for problem in problems)
    return [repair for repair in found if repair is not None]


def _repair(problem: Diagnostic) -> Repair | None:
    if problem.fix is not None:
        return Repair(_title(problem.fix), problem, (problem.fix,))
    at = problem.primary.span
    said = _MEAN.match(problem.help or "")
    if said is None or not re.fullmatch(r"[A-Za-z_][\w.]*", at.text):
        return None
    fix = Fix(at, said["word"])
    return Repair(_title(fix), problem, (fix,), preferred=False)


def _title(fix: Fix) -> str:
    there = fix.span.text.strip()
    if not there:
        return f"Insert {_short(fix.replacement)}"
    if not fix.replacement.strip():
        return f"Remove {_short(there)}"
    return f"Replace {_short(there)} by {_short(fix.replacement.strip())}"


def _short(text: str) -> str:
    first, _, rest = text.strip("\n").partition("\n")
    return f"`{first[:40]}…`" if rest or len(first) > 40 else f"`{first}`"


def all_fixes(problems: Iterable[Diagnostic]) -> list[Fix]:
    """The fixes that can be made together: of two that touch each other, the first."""
    chosen: list[Fix] = []
    end = -1
    fixes = [problem.fix for problem in problems if problem.fix is not None]
    for fix in sorted(fixes, key=lambda fix: whole_offsets(fix.span)):
        start, finish = whole_offsets(fix.span)
        if start > end:
            chosen.append(fix)
            end = finish
    return chosen


def repaired(text: str, problems: Iterable[Diagnostic]) -> str:
    """A text with all its fixes made."""
    return replaced(text, all_fixes(problems))
