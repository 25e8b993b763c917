"""What `archlang sizes` does: the rule, the nearest sizes to one, or a list of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import typer

from archlang.analysis.sizes.groups import Group, companions
from archlang.analysis.sizes.legal import Size, Sizes
from archlang.analysis.sizes.page import as_json, axis_name, rows
from archlang.analysis.sizes.sets import Legal, runs
from archlang.cli.commands import network_of
from archlang.cli.page import Table, show
from archlang.diagnostics.catalog.sizes import NoLegalSize
from archlang.diagnostics.render.display import visible_lines
from archlang.ops.base import Shape, shape_text
from archlang.problems import about_network

MOST = 100_000
"""Up to which size sizes are listed."""


def show_sizes(
    spec: str, given: Sequence[str], near: str | None, upto: int | None, form: str
) -> None:
    """Print the legal sizes of a network; those next to `near`; those up to `upto`.

    Raises:
        SpecError: the spec has mistakes, or no size is legal.
        typer.BadParameter: `near` is no size of its inputs; `upto` is out of range.
    """
    if upto is not None and not 1 <= upto <= MOST:
        raise typer.BadParameter(f"{upto} is not from 1 to {MOST:,}", param_hint="--upto")
    sizes = Sizes(network_of(spec, given))
    if not sizes.asked.axes and (near is not None or upto is not None):
        shapes = (shape_text(sizes.graph.nodes[n].shape) for n in sizes.graph.inputs)
        problem = f"{sizes.graph.name} takes {', '.join(shapes)}; it has no size to choose"
        raise typer.BadParameter(problem, param_hint="--upto" if near is None else "--near")
    asked = None if near is None else _asked(sizes, near)
    _hold_any(sizes)
    if form == "json":
        import json

        print(json.dumps(_json(sizes, asked, upto), indent=2, ensure_ascii=False))
        return
    if asked is None and upto is None:
        print(visible_lines(str(sizes)))
    if asked is not None:
        _show_near(sizes, asked)
    if upto is not None:
        _show_list(sizes, upto)


def _asked(sizes: Sizes, text: str) -> tuple[Size, ...]:
    """`570`, `570x600`, or one of these for each input.

    Raises:
        typer.BadParameter: it is no size, or none of this network's inputs.
    """
    if not re.fullmatch(r"\d{1,9}(x\d{1,9})*(,\d{1,9}(x\d{1,9})*)*", text):
        problem = f"{text!r} is no size: write 570, or 570x600; of several inputs 570,285"
        raise typer.BadParameter(problem, param_hint="--near")
    parts = [tuple(map(int, part.split("x"))) for part in text.split(",")]
    size = tuple(part[0] if len(part) == 1 else part for part in parts)
    try:
        sizes.spatial(*size)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--near") from None
    return size


def _hold_any(sizes: Sizes) -> None:
    """Hold that some size is legal.

    Raises:
        SpecError: none is.
    """
    if all(group.found for group in sizes.groups):
        return
    row = next(row for row in rows(sizes) if row.rule == "none")
    raise about_network(sizes.graph, NoLegalSize(sizes.graph.name, row.names, row.reasons))


def _text(size: Any) -> str:
    """A size as `nearest` gives it: `572`, `572x588`, or one for each input."""
    if isinstance(size, int):
        return str(size)
    if size and isinstance(size[0], tuple):
        return ", ".join(map(_text, size))
    return shape_text(size)


def _show_near(sizes: Sizes, asked: tuple[Size, ...]) -> None:
    reason = sizes.why_not(*asked)
    wanted = _text(asked[0] if len(asked) == 1 else asked)
    if reason:
        print(visible_lines(f"{wanted} is not legal: {reason}"))
    table = [(_text(size), _out(sizes, size)) for size in sizes.nearest(*asked)]
    if not table:
        print("no legal size is near; archlang sizes without --near shows the rule")
        return
    show(Table(("legal" if not reason else "nearest", "output"), table))


def _out(sizes: Sizes, size: Any) -> str:
    several = len(sizes.inputs) > 1 and not isinstance(size, int)
    outputs = sizes.outputs(*(cast("tuple[Size, ...]", size) if several else (size,)))
    if len(outputs) == 1:
        return shape_text(next(iter(outputs.values())))
    return ", ".join(f"{name} {shape_text(shape)}" for name, shape in outputs.items())


def _show_list(sizes: Sizes, upto: int) -> None:
    """All legal n, each with what comes out where all sizes are n."""
    if sizes.is_square:
        table = [(str(n), _out(sizes, n)) for n in sizes.square.upto(upto)]
        show(Table(("size", "output"), table, frozenset({"size"})))
        return
    for group in sizes.groups:
        names = tuple(axis_name(sizes, i) for i in group.axes)
        show(Table(names, _boxes(group, upto) if group.box else _on_line(group, upto)))


def _on_line(group: Group, upto: int) -> list[tuple[str, ...]]:
    """The legal sizes of a group one by one."""
    lines = ([a * n + b for a, b in group.steps] for n in Legal(group.equal).upto(upto))
    return [tuple(map(str, line)) for line in lines if max(line) <= upto]


def _boxes(group: Group, upto: int) -> list[tuple[str, ...]]:
    """The ranges that go together, one line for each."""
    others = companions(group, group.ties[0])
    if others is None:
        others = [tuple(tuple(Legal(holds).upto(upto)) for holds in group.box)]
    cut = [tuple(tuple(n for n in r if n <= upto) for r in ranges) for ranges in others]
    return [tuple(map(runs, ranges)) for ranges in cut if all(ranges)]


def _json(sizes: Sizes, asked: tuple[Size, ...] | None, upto: int | None) -> dict[str, Any]:
    found = as_json(sizes)
    if asked is not None:
        found["near"] = {
            "asked": list(asked),
            "why_not": sizes.why_not(*asked),
            "nearest": [_plain(n) for n in sizes.nearest(*asked)],
        }
    if upto is not None:
        found["upto"] = sizes.square.upto(upto)
    return found


def _plain(size: int | Shape | tuple[Shape, ...]) -> Any:
    return size if isinstance(size, int) else [_plain(n) for n in size]
