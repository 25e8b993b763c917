"""What `archlang diff` does: two networks, or two states of a file, and what changed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from archlang.cli.page import Table, is_terminal, show, working
from archlang.cli.settings import BadFormError, settings
from archlang.comparing.comparison import Comparison, comparison
from archlang.comparing.model import Difference
from archlang.comparing.pages import Sheet, changes_sheet, remarks, stages_sheet, totals_sheet
from archlang.diagnostics.render.display import visible_text

_MOST_STAGES = 40


def show_difference(
    before: str, after: str, first: Sequence[str], second: Sequence[str], form: str
) -> bool:
    """Print what changed from one side to the other; whether nothing did.

    Raises:
        SpecError: a side cannot be read, is not there, or has mistakes.
        typer.BadParameter: a setting that is no `name=value`.
    """
    parameters, others = _settings(first, "--set-a"), _settings(second, "--set-b")
    with working("reading the specs"):
        found = comparison(before, after, parameters, others)
    if form == "json":
        import json

        print(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        _show(found)
    return found.same


def _settings(given: Sequence[str], option: str) -> dict[str, Any]:
    try:
        return settings(given)
    except BadFormError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _show(found: Comparison) -> None:
    sides = visible_text(f"{found.before} → {found.after}")
    if found.same:
        several = f" ({len(found.differences)} networks)" if len(found.differences) > 1 else ""
        print(f"{sides}: the same{several}")
        return
    for words, names in (("went", found.went), ("came", found.came)):
        if names:
            print(visible_text(f"network {', '.join(names)} {words}"))
    for name, needs in found.open:
        given = " ".join(f"--set {n}=…" for n in needs)
        said = f"network {name} was not compared, as it needs {', '.join(needs)}: {given}"
        print(visible_text(said))
    differing = [difference for difference in found.differences if not difference.same]
    for number, difference in enumerate(differing):
        if number or found.went or found.came or found.open:
            print()
        _show_one(difference, sides)
    same = len(found.differences) - len(differing)
    if same:
        print(f"\n{same} other network{'s are' if same > 1 else ' is'} the same")


def _show_one(difference: Difference, sides: str) -> None:
    a, b = difference.before.name, difference.after.name
    named = visible_text(a if a == b else f"{a} → {b}")
    print(named if named == sides else f"{named}  ({sides})")
    _table(totals_sheet(difference))
    if difference.changes:
        _table(changes_sheet(difference))
    stages = stages_sheet(difference)
    if 0 < len(stages.rows) <= _MOST_STAGES:
        _table(stages)
    said = remarks(difference)
    if said:
        print("\n" * (not is_terminal(sys.stdout)) + "\n".join(map(visible_text, said)))


def _table(sheet: Sheet) -> None:
    if not is_terminal(sys.stdout):
        print()  # what is framed brings its own blank line
    show(Table(sheet.headings, sheet.rows, sheet.numbers))
