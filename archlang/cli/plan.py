"""`archlang plan`: a network divided over devices, on paper, in five formats."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from typing import Any, Literal, TypeAlias

import typer

from archlang.cli.commands import network_of
from archlang.cli.formats import csv_text, latex_text, markdown_text
from archlang.cli.page import Table, is_terminal, plain, show, working
from archlang.distributed.planning.plan import Plan, plan
from archlang.distributed.planning.report import (
    STAGE_KEYS,
    Grid,
    as_json,
    facts,
    grids,
    stage_values,
)
from archlang.sizes_of_memory import parse_bytes

_DISPENSABLE = (
    "gradients", "states", "weights", "MACs", "layers", "forward", "activations", "sends/sample",
)  # fmt: skip
"""Columns that a narrow terminal is not shown, the first of them first."""

Form: TypeAlias = Literal["text", "json", "csv", "markdown", "latex"]


def show_plan(spec: str, given: Sequence[str], wish: Mapping[str, Any], form: Form) -> None:
    """Print the plan of a network.

    Raises:
        SpecError: the spec has mistakes, or the network cannot be divided so.
        typer.BadParameter: an amount of memory that is none.
    """
    memory = _memory(wish["memory"])
    graph = network_of(spec, given)
    with working("planning"):
        options: dict[str, Any] = {**wish, "memory": memory}
        made = plan(graph, **options)
    match form:
        case "json":
            import json

            print(json.dumps(as_json(made), indent=2))
        case "csv":
            print(csv_text(STAGE_KEYS, stage_values(made)))
        case "markdown":
            print("\n\n".join(markdown_text(_table(g), _totals(g)) for g in grids(made)))
        case "latex":
            print("\n\n".join(latex_text(_table(g), _totals(g)) for g in grids(made)))
        case "text":
            _show(made)


def _memory(text: str | None) -> int | None:
    try:
        return None if text is None else parse_bytes(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--memory") from None


def _show(made: Plan) -> None:
    first, *rest = grids(made)
    table, left = _fitting(_table(first))
    show(table)
    print()
    notes = (
        [("left out", f"{', '.join(left)}: widen the terminal, or --format csv")] if left else []
    )
    show(Table(("", ""), [*facts(made), *notes]))
    for grid in rest:
        print()
        show(_table(grid))


def _fitting(table: Table) -> tuple[Table, list[str]]:
    """A table that a terminal has room for, and the columns that were left out for that."""
    left: list[str] = []
    if not is_terminal(sys.stdout):
        return table, left
    room = get_terminal_size().columns
    for heading in _DISPENSABLE:
        if max(map(len, plain(table))) + 2 <= room:
            break
        table = _without(table, heading)
        left.append(heading)
    return table, left


def _without(table: Table, heading: str) -> Table:
    at = table.headings.index(heading)
    headings, *rows = ((*row[:at], *row[at + 1 :]) for row in (table.headings, *table.rows))
    return Table(headings, rows, table.numbers, table.title)


def _table(grid: Grid) -> Table:
    return Table(grid.headings, grid.rows, grid.numbers, grid.title)


def _totals(grid: Grid) -> int:
    """The last row of the stages is their sum."""
    return 1 if grid.headings[0] == "stage" else 0
