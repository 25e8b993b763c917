"""What `archlang paths` does: the paths to every layer as a table, those to one as bars."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import typer

from archlang.analysis.gradient_paths import GradientPaths, LayerPaths, gradient_paths
from archlang.analysis.path_lengths import Histogram
from archlang.cli.bars import Bin, bar, bins
from archlang.cli.commands import network_of
from archlang.cli.page import Table, remind, show, tell_written, working
from archlang.diagnostics.catalog.gradient_paths import TooManyLengths
from archlang.diagnostics.model import SpecError
from archlang.files import write_all

_IN_FULL = 10**7
"""Numbers below it are printed in full in a column."""
_EXACT = 10**30
"""Numbers below it are printed in full where there is room for them."""


def show_paths(
    spec: str,
    given: Sequence[str],
    *,
    to: str | None,
    factor: float | None,
    training: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Print how many paths of which length lead to each layer; plot those to one into `out`.

    Raises:
        SpecError: the spec has mistakes, no layer is weighted, or none is that `to` names.
        DrawingError: `out` is no plot.
        OutputError: it cannot be written.
        typer.BadParameter: the factor is no number above 0.
    """
    if out is not None:
        from archlang.plots.canvas import hold_suffix

        hold_suffix(out)
    graph = network_of(spec, given)
    try:
        found = gradient_paths(graph, training=training, factor=factor)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--factor") from None
    with working("counting the paths"):
        histogram = _histogram(found, to, needed=to is not None or out is not None)
    if out is not None and histogram is not None:
        _plot(found, histogram, out)
    if as_json:
        _print_json(found, histogram)
        return
    tables = [layers(found, to)] if to is None or any(r.path == to for r in found.rows) else []
    tables += [] if histogram is None else [lengths(histogram)]
    for number, table in enumerate(tables):
        if number:
            print()
        show(table)
    if out is not None:
        print()
        tell_written(out)


def _histogram(found: GradientPaths, to: str | None, needed: bool) -> Histogram | None:
    """The lengths of the paths to a layer; None if they are too many, and nobody asked for them."""
    try:
        return found.histogram(to)
    except SpecError as error:
        (diagnostic,) = error.diagnostics
        if needed or diagnostic.code != TooManyLengths.code:
            raise
        remind(diagnostic.message)
        return None


def _plot(found: GradientPaths, histogram: Histogram, out: Path) -> None:
    with working("drawing"):
        from archlang.plots.paths import plot_lengths

        content = plot_lengths(histogram, found.name, out.suffix)
    write_all({out: content})


def _print_json(found: GradientPaths, histogram: Histogram | None) -> None:
    import json

    shown = None if histogram is None else histogram.as_json()
    print(json.dumps(found.as_json() | {"histogram": shown}, indent=2))


def layers(found: GradientPaths, to: str | None = None) -> Table:
    """One row for each weighted layer, or for one: how many paths, and how long they are."""
    counted = ("paths", "shortest", "longest", "mean")
    weighed = () if found.factor is None else (_at(found.factor),)
    rows = [_layer(r, found.factor is not None) for r in found.rows if to in (None, r.path)]
    outputs = "" if found.outputs == ("output",) else f" ({', '.join(found.outputs)})"
    title = (
        f"{found.name}  {found.file}: paths from the loss{outputs} to {to or 'each weighted layer'}"
    )
    numbers = frozenset({*counted, *weighed})
    return Table(("path", "layer", *counted, *weighed), rows, numbers, title)


def _layer(row: LayerPaths, weighed: bool) -> tuple[str, ...]:
    shared = [f"{row.uses} uses"] if row.uses > 1 else []
    remarks = ", ".join([*shared, *([row.training] if row.training else [])])
    label = f"{row.label} ({remarks})" if remarks else row.label
    if row.mean is None:
        return (row.path, label, "0", "", "", "", *([""] if weighed else []))
    expected = [f"{row.expected:,.1f}"] if weighed else []
    ends = f"{row.shortest:,}", f"{row.longest:,}"
    return (row.path, label, amount(row.count), *ends, f"{row.mean:,.1f}", *expected)


def lengths(histogram: Histogram) -> Table:
    """The paths to one layer by their length, with bars."""
    rows = bins(histogram)
    most = max(row.share for row in rows)
    headings, means = ["length", "paths", "share", ""], f"mean {histogram.mean:,.1f}"
    cells = [[_lengths(row), amount(row.count), _share(row.share)] for row in rows]
    cells = [[*c, bar(row.share / most)] for c, row in zip(cells, rows, strict=True)]
    if histogram.factor is not None:
        at = _at(histogram.factor)
        most = max(row.weighed for row in rows)
        headings += [at, ""]
        means += f", {histogram.expected:,.1f} {at}"
        for c, row in zip(cells, rows, strict=True):
            c += [_share(row.weighed), bar(row.weighed / most)]
    paths = "path" if histogram.count == 1 else "paths"
    title = f"{in_full(histogram.count)} {paths} to {histogram.to} by length: {means}"
    numbers = frozenset({"length", "paths", "share", *headings[4:5]})
    return Table(tuple(headings), [tuple(c) for c in cells], numbers, title)


def _at(factor: float) -> str:
    return f"at {factor:g}"


def _lengths(row: Bin) -> str:
    return f"{row.first:,}" if row.first == row.last else f"{row.first:,}–{row.last:,}"


def _share(share: float) -> str:
    return "<0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def in_full(number: int) -> str:
    """A number, exact up to 30 digits: `18,014,398,509,481,984`, `1.80e160`."""
    return f"{number:,}" if number < _EXACT else amount(number)


def amount(number: int) -> str:
    """A number, in full where that is short: `1,250`, `1.80e16`."""
    if number < _IN_FULL:
        return f"{number:,}"
    return f"{Decimal(number):.2e}".replace("e+", "e")
