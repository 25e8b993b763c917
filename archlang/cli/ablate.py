"""What `archlang ablate` does: write the derived network, and compare it with the original."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from archlang.ablation.derived import Ablation, ablate
from archlang.ablation.wish import BadWishError, Wish, operator_of
from archlang.analysis.gradient_paths import GradientPaths, gradient_paths
from archlang.analysis.skips import skips
from archlang.cli.page import Table, remind, show, tell_written, working
from archlang.cli.settings import BadFormError, settings
from archlang.compiler import is_saved
from archlang.diagnostics.model import SpecError
from archlang.diagnostics.render.display import visible_lines
from archlang.files import OutputError, write_all
from archlang.graph import Graph

if TYPE_CHECKING:
    from archlang.measuring.report import GradientReport

Found = TypeVar("Found")
_NONE = "–"


@dataclass(frozen=True)
class _Side:
    """One of the two networks, as it is compared."""

    graph: Graph
    paths: GradientPaths | None
    """None: it has no weighted layer."""
    gradients: GradientReport | None
    """None: they are not asked for, or cannot be measured."""


def ablate_network(
    spec: str,
    kind: str,
    keep: Sequence[str],
    operator: str | None,
    source: str,
    *,
    name: str | None,
    out: Path | None,
    force: bool,
    given: Sequence[str],
    seeds: int,
    as_json: bool,
) -> None:
    """Derive a network, compare it with the original, and write its spec into `out`.

    Raises:
        SpecError: the spec has mistakes, or what is asked for cannot be done to it.
        OutputError: the spec cannot be written, or is there already.
        typer.BadParameter: an option that the language could not say.
    """
    if is_saved(spec):
        raise typer.BadParameter(f"{spec} is a saved file; name its spec", param_hint="SPEC")
    wish = _wish(kind, keep, operator, source, name)
    found = _ablation(spec, wish, given, out)
    target = found.target
    if out is not None and target.exists() and not force:
        raise OutputError(f"{target} is there already; --force overwrites it")
    if out is not None:
        write_all({target: found.text})
    if found.kept and wish.operator is not None:
        remind(f"W = {wish.operator} does not fit the skips in {', '.join(found.kept)}: they stay")
    batch = _batch(found) if seeds else 0
    sides = [_side(graph, seeds, batch) for graph in (found.base, found.graph)]
    if as_json:
        _print_json(found, sides, str(target) if out is not None else None)
        return
    show(_table(sides, seeds, batch))
    print()
    if out is None:
        print(visible_lines(found.text))
    else:
        tell_written(target)


def _wish(kind: str, keep: Sequence[str], text: str | None, source: str, name: str | None) -> Wish:
    """
    Raises:
        typer.BadParameter: a part of it is nothing that the language could say.
    """
    wanted = None
    if text is not None or source:
        try:
            wanted = operator_of(text or "", source)
        except BadWishError as error:
            raise typer.BadParameter(str(error), param_hint="--with") from None
    try:
        return Wish(kind, tuple(keep), wanted, name)
    except BadWishError as error:
        raise typer.BadParameter(str(error)) from None


def _ablation(spec: str, wish: Wish, given: Sequence[str], out: Path | None) -> Ablation:
    try:
        parameters = settings(given)
    except BadFormError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
    try:
        with working("deriving the network"):
            return ablate(spec, wish, parameters, out)
    except BadWishError as error:
        raise typer.BadParameter(str(error), param_hint="--out") from None


def _batch(found: Ablation) -> int:
    """How many samples the gradients of both are measured with."""
    with working("starting torch"):
        from archlang.measuring.batches import usual_batch

        return usual_batch(found.base, found.graph)


def _side(graph: Graph, seeds: int, batch: int) -> _Side:
    paths = _unless_impossible(lambda: gradient_paths(graph))
    report = _unless_impossible(lambda: _measured(graph, seeds, batch)) if seeds else None
    return _Side(graph, paths, report)


def _measured(graph: Graph, seeds: int, batch: int) -> GradientReport:
    with working(f"measuring the gradients of {graph.name}"):
        from archlang.measuring.gradients import measure

        return measure(graph, batch=batch, seeds=seeds)


def _unless_impossible(measure: Callable[[], Found]) -> Found | None:
    """What is measured; None where it cannot be, which is said."""
    try:
        return measure()
    except SpecError as error:
        remind(error.diagnostics[0].message)
        return None


# ── output ───────────────────────────────────────────────────────────────────────────────────


def _table(sides: Sequence[_Side], seeds: int, batch: int) -> Table:
    names = tuple(side.graph.name for side in sides)
    rows = [
        _row("parameters", sides, lambda s: f"{s.graph.params:,}"),
        _row("MACs", sides, lambda s: f"{s.graph.macs:,}"),
        _row("depth", sides, lambda s: f"{s.graph.depth:,}"),
        _row("skips", sides, lambda s: _kinds(s.graph)),
        _row("paths to the first layer", sides, lambda s: _paths(s.paths)),
        _row("their mean length", sides, lambda s: _mean(s.paths)),
    ]
    if seeds:
        rows += [
            _row("gradient at the first layer", sides, lambda s: _first(s.gradients)),
            _row("÷ that at the last", sides, lambda s: _ratio(s.gradients)),
            _row("least ÷ that at the last", sides, lambda s: _least(s.gradients)),
            _row("factor per layer", sides, lambda s: _factor(s.gradients)),
            _row("verdict", sides, lambda s: s.gradients.verdict.kind if s.gradients else _NONE),
        ]
    many = f"{seeds} seed{'s' if seeds > 1 else ''}"
    how = (
        f"; gradients: length of ∂R/∂Z at initialisation, {batch} random samples, {many}"
        if seeds
        else ""
    )
    return Table(("", *names), rows, frozenset(names), f"{names[0]} and {names[1]}{how}")


def _row(what: str, sides: Sequence[_Side], cell: Callable[[_Side], str]) -> tuple[str, ...]:
    return (what, *(cell(side) for side in sides))


def _counts(graph: Graph) -> dict[str, int]:
    """How many skips of each kind a network has, gates included."""
    kinds = [skip.kind for skip in skips(graph)]
    return {kind: kinds.count(kind) for kind in ("short", "long", "dense") if kind in kinds}


def _kinds(graph: Graph) -> str:
    return ", ".join(f"{n:,} {kind}" for kind, n in _counts(graph).items()) or "none"


def _paths(paths: GradientPaths | None) -> str:
    from archlang.cli.paths import amount

    return _NONE if paths is None else amount(_to_first(paths).count)


def _mean(paths: GradientPaths | None) -> str:
    mean = None if paths is None else _to_first(paths).mean
    return _NONE if mean is None else f"{mean:,.1f}"


def _to_first(paths: GradientPaths) -> Any:
    return next(row for row in paths.rows if row.path == paths.first)


def _first(report: GradientReport | None) -> str:
    """The gradient at the first depth: all uses of a shared first layer that stand there."""
    from archlang.measuring.report import number

    points = report.curve("gradient") if report else []
    return number(points[0].size if points else None)


def _share(report: GradientReport | None) -> float | None:
    """The gradient at the first depth in that at the last; None where either hears nothing."""
    points = report.curve("gradient") if report else []
    if len(points) < 2 or not points[-1].size.median:
        return None
    return points[0].size.median / points[-1].size.median


def _ratio(report: GradientReport | None) -> str:
    share = _share(report)
    return _NONE if share is None else f"{share:.2e}"


def _factor(report: GradientReport | None) -> str:
    if report is None or not report.verdict.factor:
        return _NONE
    from archlang.measuring.verdict import digits

    return f"×{digits(report.verdict.factor)}"


def _least(report: GradientReport | None) -> str:
    least = report.verdict.least if report else None
    return _NONE if least is None else f"{least.of_last:.2e}"


def _print_json(found: Ablation, sides: Sequence[_Side], written: str | None) -> None:
    import json

    networks = [_as_json(side) for side in sides]
    page = {"spec": found.text, "written": written, "kept": list(found.kept), "networks": networks}
    print(json.dumps(page, indent=2))


def _as_json(side: _Side) -> dict[str, Any]:
    first = _to_first(side.paths) if side.paths is not None else None
    report = side.gradients
    return {
        "name": side.graph.name,
        "parameters": side.graph.params,
        "macs": side.graph.macs,
        "depth": side.graph.depth,
        "skips": _counts(side.graph),
        "paths": first.as_json() if first is not None else None,
        "gradients": None
        if report is None
        else {
            "first": report.first.as_json(),
            "first_of_last": _share(report),
            "verdict": report.verdict.as_json(),
            "setting": report.setting.as_json(),
        },
    }
