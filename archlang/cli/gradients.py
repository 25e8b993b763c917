"""What `archlang gradients` does: measure, print, plot."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from archlang.cli.commands import network_of
from archlang.cli.page import Table, remind, show, working
from archlang.compiler import is_saved
from archlang.diagnostics.catalog.arguments import UnknownArgument
from archlang.diagnostics.model import SpecError
from archlang.diagnostics.render.display import visible_text
from archlang.files import write_all
from archlang.graph import Graph
from archlang.plots.canvas import hold_suffix
from archlang.plots.gradients import Curve, Point, StageMark, hold_number, plot

if TYPE_CHECKING:
    from archlang.measuring.report import GradientReport, Quantity
    from archlang.measuring.subjects import Subject
    from archlang.measuring.verdict import Verdict

_NAMES = {
    "gradient": ("Gradient", "length of the gradient ∂R/∂Z"),
    "activation": ("Activation", "activation Z, root mean square"),
    "weight": ("Weight gradient", "weight gradient ∂R/∂W, root mean square"),
}
"""What a plot is called, and its vertical axis."""


def measure_gradients(
    specs: Sequence[str],
    parameters: Sequence[str],
    *,
    seeds: int,
    steps: int,
    lr: float | None,
    batch: int | None,
    data: Path | None,
    weights: str | None,
    quantity: Quantity,
    dtype: str,
    device: str,
    out: Path | None,
    brief: bool,
    as_json: bool,
) -> None:
    """Print the sizes and a verdict for each network, and plot them together.

    Raises:
        SpecError: a spec or the batch has mistakes, or NaN or infinity was met.
        DrawingError, OutputError: the plot cannot be drawn or written.
        typer.BadParameter: there is no such device, or two sources of weights.
    """
    if out is not None:
        hold_suffix(out)
        hold_number(len(specs))
    if weights is not None and (own := [spec for spec in specs if is_saved(spec)]):
        raise typer.BadParameter(f"{own[0]} has its own weights; leave out --weights")
    graphs = [(spec, _graph(spec, parameters, len(specs))) for spec in specs]
    with working("starting torch"):
        from archlang.measuring.batches import usual_batch
        from archlang.measuring.gradients import RATE, measure

    if batch is None and data is None:
        batch = usual_batch(*(graph for _, graph in graphs))
    rate = RATE if lr is None else lr
    reports = [
        measure(
            _subject(spec, graph, weights, dtype, device), batch=batch, data=data, seeds=seeds,
            steps=steps, lr=rate, during=_said(graph.name, seeds),
        )
        for spec, graph in graphs
    ]  # fmt: skip
    if out is not None:
        write_all({out: _picture(reports, quantity, out.suffix)})
    if as_json:
        print(json.dumps({"networks": [report.as_json() for report in reports]}, indent=2))
    else:
        _print(reports, out, brief)


def _graph(spec: str, parameters: Sequence[str], networks: int) -> Graph:
    """The network of a spec; a parameter that it lacks may be meant for another one.

    Raises:
        SpecError: see `network_of`.
    """
    try:
        return network_of(spec, parameters)
    except SpecError as error:
        if networks > 1 and any(d.code == UnknownArgument.code for d in error.diagnostics):
            names = ", ".join(text.partition("=")[0].strip() for text in parameters)
            remind(
                f"--set goes to every network that is named, so {spec} is given {names}, too; "
                "measure it by itself"
            )
        raise


def _subject(spec: str, graph: Graph, weights: str | None, dtype: str, device: str) -> Subject:
    """
    Raises:
        typer.BadParameter: there is no such device.
    """
    from archlang.measuring.subjects import fresh, saved

    try:
        if is_saved(spec):
            return saved(spec, dtype, device)
        return fresh(graph, weights, dtype, device)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--device") from None


def _said(name: str, seeds: int) -> Callable[[int], AbstractContextManager[None]]:
    """Says on a terminal which seed is being measured."""

    def during(seed: int) -> AbstractContextManager[None]:
        which = f", seed {seed + 1} of {seeds}" if seeds > 1 else ""
        return working(visible_text(f"measuring {name}{which}"))

    return during


def _print(reports: Sequence[GradientReport], out: Path | None, brief: bool) -> None:
    from archlang.measuring.report import BRIEF, HEADINGS, MEANING, NUMBERS

    if brief:
        title = f"{_how(reports[0])}: lengths of ∂R/∂Z"
        show(Table(BRIEF, [report.brief() for report in reports], frozenset(BRIEF[1:4]), title))
    for number, report in enumerate(() if brief else reports):
        if number:
            print()
        for line in (report.head(), report.verdict.sentence, report.losses()):
            print(visible_text(line))
        show(Table(HEADINGS, report.rows(), NUMBERS, MEANING))
    if len(reports) > 1 and not brief:  # the first verdict is far above by now
        print()
        for report in reports:
            print(visible_text(f"{report.title}: {report.verdict.sentence}"))
    if out is not None:
        print(visible_text(f"written {out}"))


def _how(report: GradientReport) -> str:
    """How all networks of a page were measured, in one line."""
    return report.head().removeprefix(f"{report.title}: ")


def _picture(reports: Sequence[GradientReport], quantity: Quantity, suffix: str) -> bytes:
    setting = reports[0].setting
    when = (
        f"after {setting.steps:,} step{'s' * (setting.steps > 1)}"
        if setting.steps
        else "at initialisation"
    )
    if setting.weights and not setting.steps:
        when = "with given weights"
    seeds = f", {setting.seeds} seeds (median, least to greatest)" if setting.seeds > 1 else ""
    name, axis = _NAMES[quantity]
    return plot(
        [_curve(report, quantity) for report in reports],
        axis,
        f"{name} at every layer, {when}",
        f"{setting.samples()}{seeds}, {setting.dtype}",
        suffix,
    )


def _curve(report: GradientReport, quantity: Quantity) -> Curve:
    """A network; with the verdict, where the gradient is shown, which it is about."""
    points = tuple(
        Point(p.depth, p.size.median, p.size.least, p.size.most) for p in report.curve(quantity)
    )
    name = f"{report.title}: {_legend(report.verdict)}" if quantity == "gradient" else report.title
    return Curve(name, points, _stages(report))


def _legend(verdict: Verdict) -> str:
    from archlang.measuring.verdict import digits

    pace = f"×{digits(verdict.factor)} per layer back" if verdict.factor else ""
    return ", ".join(part for part in (verdict.kind, pace, verdict.aside) if part)


def _stages(report: GradientReport) -> tuple[StageMark, ...]:
    """The stages by depth; none where they do not follow each other."""
    marks: list[StageMark] = []
    for name, layers in groupby(report.layers, key=lambda layer: layer.stage):
        depths = [layer.depth for layer in layers]
        if marks and min(depths) <= marks[-1].last:
            return ()
        marks.append(StageMark(name, min(depths), max(depths)))
    return tuple(marks)
