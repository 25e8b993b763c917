"""What a notebook shows of a network: its figures as a table, its layers below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlang.analysis.grouping import Group
from archlang.analysis.summary import Summary, summarise
from archlang.cli.summary_tables import sheet
from archlang.cli.tables import figures
from archlang.diagnostics.model import Diagnostics
from archlang.graph import Graph
from archlang.notebook.html import folded, plain_html, table_html

if TYPE_CHECKING:
    from torch import nn

    from archlang.weights.origin import Origin

MOST_ROWS = 200
"""Of the table of layers."""


def summary_html(summary: Summary, *, opened: bool = True) -> str:
    """A network's figures, and what each line makes; `opened`: not only after a click."""
    doc = summary.doc.partition("\n")[0]
    about = f'<div style="opacity:.75">{plain_html(doc)}</div>' if doc else ""
    layers = [Group(row.path, row.label, (row,), row.file, row.line) for row in summary.rows]
    table = sheet(summary, layers, "layer", None, len(layers)).table()
    untitled = type(table)(table.headings, table.rows, table.numbers)
    rows = table_html(untitled, MOST_ROWS)
    count = f"{len(layers):,} layer{'' if len(layers) == 1 else 's'}"
    below = f'<div style="overflow-x:auto">{rows}</div>' if opened else folded(count, rows)
    return f"<div>{table_html(figures(summary))}{about}{below}</div>"


def module_html(module: nn.Module) -> str | None:
    """The figures of a module that archlang made; None of any other, or one that was changed."""
    from archlang.weights.origin import origin_of

    try:
        origin = origin_of(module)
    except TypeError:  # made with a parameter that cannot be written down
        return None
    graph = None if origin is None else _graph(origin)
    if graph is None:
        return None
    summary = summarise(graph)
    if sum(p.numel() for p in module.parameters()) != summary.params + summary.frozen:
        return None
    return summary_html(summary, opened=False)


def _graph(origin: Origin) -> Graph | None:
    """The network of a module, built anew; None if its texts are not all there."""
    from archlang.weights.origin import NoSuchNetworkError

    if not origin.files:
        return None
    try:
        return origin.graph("", Diagnostics())
    except NoSuchNetworkError:
        return None
