"""`archlang summary`: a network in numbers, by layer, block or stage, in five formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import typer

from archlang.analysis.activations import Memory
from archlang.analysis.grouping import By, Column, Group, groups, sorted_groups
from archlang.analysis.summary import Summary, summarise
from archlang.cli.commands import network_of
from archlang.cli.formats import csv_text, latex_text, markdown_text
from archlang.cli.page import Table, show, working
from archlang.cli.summary_tables import (
    TOOL_KEYS,
    by_kind,
    meaning,
    sheet,
    tool_values,
    tools,
)
from archlang.graph import Graph
from archlang.record import Record

Form: TypeAlias = Literal["table", "json", "csv", "markdown", "latex"]
_HEADINGS = {"layer": "layer", "block": "block or layer", "stage": "made of"}


class Wanted(Record):
    """What is asked of a summary."""

    by: By | None = None
    """Rows; None: by layer, unless said."""
    sort: Column | None = None
    top: int | None = None
    batch: int | None = None
    flops: bool = False
    form: Form = "table"


def summarise_network(spec: str, given: Sequence[str], wanted: Wanted) -> None:
    """Print a network in numbers.

    Raises:
        SpecError: the spec has mistakes, or its memory cannot be measured.
        typer.BadParameter: options that do not go together.
    """
    _hold_together(wanted)
    graph = network_of(spec, given)
    if wanted.flops and wanted.form != "json":
        _show_tools(graph, wanted.form)
        return
    memory = _measured(graph, wanted.batch)
    summary = summarise(graph)
    found = groups(graph, summary, wanted.by or "layer")
    chosen = _chosen(found, wanted, memory)
    if wanted.form == "json":
        _show_json(graph, summary, chosen, wanted, memory)
    else:
        _show_rows(summary, chosen, wanted, memory, len(found))


def _hold_together(wanted: Wanted) -> None:
    """Hold that the options make sense with each other."""
    if wanted.sort == "memory" and wanted.batch is None:
        raise typer.BadParameter("say for which batch: --batch N", param_hint="--sort memory")
    rows = {"--by": wanted.by, "--sort": wanted.sort, "--top": wanted.top, "--batch": wanted.batch}
    said = [option for option, value in rows.items() if value is not None]
    if wanted.flops and said and wanted.form != "json":
        hint = "--flops shows no rows of the network; with --format json it does"
        raise typer.BadParameter(f"{hint}, and then {said[0]} has a meaning", param_hint="--flops")


def _measured(graph: Graph, batch: int | None) -> Memory | None:
    if batch is None:
        return None
    with working("measuring the memory"):
        from archlang.measuring.memory import measure_memory

        return measure_memory(graph, batch)


def _chosen(found: Sequence[Group], wanted: Wanted, memory: Memory | None) -> Sequence[Group]:
    ordered = sorted_groups(found, wanted.sort, memory) if wanted.sort else found
    return ordered[: wanted.top]


def _show_rows(
    summary: Summary, chosen: Sequence[Group], wanted: Wanted, memory: Memory | None, of: int
) -> None:
    page = sheet(summary, chosen, _HEADINGS[wanted.by or "layer"], memory, of)
    if wanted.form == "csv":
        print(csv_text(page.keys, page.values()))
        return
    table = page.table(without="line" if wanted.form == "latex" else "")
    if not _printed(table, wanted.form, totals=1):
        show(table)
        print()
        show(meaning(summary, memory))


def _show_tools(graph: Graph, form: Form) -> None:
    from archlang.analysis.conventions import counts

    counted = counts(graph)
    table = tools(summarise(graph), counted)
    if form == "csv":
        print(csv_text(TOOL_KEYS, tool_values(counted)))
    elif not _printed(table, form):
        show(table)
        print()
        show(by_kind(counted))


def _printed(table: Table, form: Form, totals: int = 0) -> bool:
    """Print a table for a paper; False if it is for a terminal."""
    if form == "markdown":
        print(markdown_text(table, totals))
    elif form == "latex":
        print(latex_text(table, totals))
    else:
        return False
    return True


def _show_json(
    graph: Graph,
    summary: Summary,
    chosen: Sequence[Group],
    wanted: Wanted,
    memory: Memory | None,
) -> None:
    import json

    page = summary.as_json()
    by = wanted.by or "layer"
    page["layers"] = [_row(group, "layer", memory) for group in groups(graph, summary)]
    page[f"{by}s"] = [_row(group, by, memory) for group in chosen]
    if memory:
        page["memory"] = memory.as_json()
    if wanted.flops:
        from archlang.analysis.conventions import counts

        page["flops"] = [count.as_json() for count in counts(graph)]
    print(json.dumps(page, indent=2))


def _row(group: Group, by: By, memory: Memory | None) -> dict[str, Any]:
    facts = group.rows[0].as_json() if by == "layer" else group.as_json()
    return facts | ({"memory": memory.of(group.nodes)._asdict()} if memory else {})
