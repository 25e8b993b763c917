"""A network's figures in a few lines, as `compile` prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from archlang.analysis.summary import End, SkipCount, Summary
from archlang.cli.page import Table
from archlang.ops.base import Dims, shape_text


def figures(summary: Summary, files: Iterable[Path] = ()) -> Table:
    """What `compile` prints: a network in a few lines, and the files that were written."""
    written = [str(path) for path in files]
    rows = [
        ("input → output", f"{_ends(summary.inputs)} → {_ends(summary.outputs)}"),
        ("parameters", _parameters(summary)),
        ("MACs", f"{summary.macs:,}"),
        ("depth", f"{summary.depth:,} weighted layers"),
        *_continued("skips", [_skips(kind, list(g)) for kind, g in _by_kind(summary)] or ["none"]),
        *(_continued("written", written) if written else ()),
    ]
    return Table(("", ""), rows, title=title(summary))


def title(summary: Summary) -> str:
    """`ResNet50(classes=10)  specs/resnet.arch`."""
    given = ", ".join(f"{name}={_constant(value)}" for name, value in summary.parameters.items())
    return f"{summary.name}{f'({given})' if given else ''}  {summary.file}"


def _constant(value: object) -> str:
    match value:
        case None | bool():
            return "none" if value is None else str(value).lower()
        case Dims():
            return str(value)
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(_constant, value))}]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case _:
            return str(value)


def _ends(ends: tuple[End, ...]) -> str:
    """Shapes; with names where there are several."""
    if len(ends) == 1:
        return shape_text(ends[0].shape)
    return ", ".join(
        f"{end.name} {shape_text(end.shape)}{' (training)' if end.training else ''}" for end in ends
    )


def _parameters(summary: Summary) -> str:
    if not summary.frozen:
        return f"{summary.params:,} trainable"
    return f"{summary.params:,} trainable, {summary.frozen:,} frozen"


def _by_kind(summary: Summary) -> Iterable[tuple[str, Iterable[SkipCount]]]:
    return groupby(summary.skips, key=lambda group: group.kind)


def _skips(kind: str, groups: list[SkipCount]) -> str:
    """`16 short: s = 3; W = project(bn) ×4, identity ×12`."""
    depths = sorted({group.depth for group in groups})
    reach = str(depths[0]) if len(depths) == 1 else f"{depths[0]} to {depths[-1]}"
    operators: Counter[str] = Counter()
    for group in groups:
        operators[group.operator] += group.count
    many = len(operators) > 1
    text = ", ".join(f"{name} ×{n}" if many else name for name, n in operators.items())
    return f"{sum(operators.values()):,} {kind}: s = {reach}; W = {text}"


def _continued(name: str, lines: list[str]) -> list[tuple[str, str]]:
    return [(name if number == 0 else "", line) for number, line in enumerate(lines)]
