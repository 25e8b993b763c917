"""What `archlang receptive` does: the table of fields, and the picture of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from archlang.analysis.receptive import Field, last_with_a_place, receptive_fields
from archlang.analysis.receptive.field import joined_text
from archlang.analysis.receptive.shown import Shown, shown_at, unit_text
from archlang.cli.commands import network_of
from archlang.cli.page import Table, remind, show, tell_written, working
from archlang.files import write_all
from archlang.graph import Graph
from archlang.ops.base import shape_text


def show_fields(
    spec: str,
    given: Sequence[str],
    paths: Sequence[str],
    unit: str,
    image: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Print the receptive fields at some paths, or of all stages; draw them if `out` is given.

    Raises:
        SpecError: the spec has mistakes, or has no such path or unit; the fields cannot be drawn.
        DrawingError: the suffix of `out` is none that a plot can have.
        OutputError: the picture cannot be written.
        typer.BadParameter: an image without a picture; a unit that is no unit.
    """
    number = _unit(unit)
    if image is not None and out is None:
        raise typer.BadParameter("say where to draw it: -o FILE", param_hint="--image")
    if out is not None:
        from archlang.plots.canvas import hold_suffix

        hold_suffix(out)
    graph = network_of(spec, given)
    shown = shown_at(graph, paths, number)
    if out is not None:
        _draw(graph, shown, image, out)
    if as_json:
        import json

        print(json.dumps(_as_json(graph, shown), indent=2))
        return
    show(_table(graph, shown, number))
    if out is not None:
        tell_written(out)


def _unit(text: str) -> tuple[int, ...] | None:
    """The unit that is asked for; None for the middle one.

    Raises:
        typer.BadParameter: it is neither.
    """
    if text == "middle":
        return None
    if not re.fullmatch(r"\d{1,9}(x\d{1,9})*", text):
        problem = f"{text!r} is no unit: write its number on every axis, as 3x4, or middle"
        raise typer.BadParameter(problem, param_hint="--unit")
    return tuple(map(int, text.split("x")))


def _draw(graph: Graph, shown: Sequence[Shown], image: Path | None, out: Path) -> None:
    from archlang.plots.fields import hold_drawable, picture_of_fields
    from archlang.plots.images import read_image

    hold_drawable(graph, with_image=image is not None)
    pixels = None if image is None else read_image(image)
    with working("drawing"):
        picture, remark = picture_of_fields(out.suffix, graph, shown, pixels)
    write_all({out: picture})
    if remark:
        remind(remark)


def _table(graph: Graph, shown: Sequence[Shown], number: tuple[int, ...] | None) -> Table:
    several = len(graph.inputs) > 1
    headings = ("path", "output", "field", "stride", "centre")
    if number is not None:
        headings = (*headings, f"pixels of unit {unit_text(number)}")
    if several:
        headings = (*headings, "input")
    rows = [(*_row(s, number is not None), *([s.field.input] if several else [])) for s in shown]
    numbers = frozenset({"output", "field", "stride", "centre"})
    return Table(headings, rows, numbers, title=_title(graph))


def _row(shown: Shown, with_pixels: bool) -> tuple[str, ...]:
    field = shown.field
    row = (shown.name, shape_text(shown.node.shape), field.text(), *_place(field))
    if not with_pixels:
        return row
    spans = ("nothing" if span is None else f"{span[0]}…{span[1]}" for span in shown.spans)
    return (*row, " × ".join(spans))


def _place(field: Field) -> tuple[str, str]:
    """The stride and the centre in words; a dash where units have no place."""
    if not field.placed:
        return "–", "–"
    return joined_text(field.stride), joined_text(tuple(f"{c:g}" for c in field.centre))


def _title(graph: Graph) -> str:
    fields = receptive_fields(graph)
    last = last_with_a_place(graph, fields)
    field, path = fields[last], graph.nodes[last].path
    network = f"{graph.name}, input {shape_text(graph.nodes[graph.inputs[0]].shape)}"
    return f"{network}: receptive field {field.text()}, at {path}"


def _as_json(graph: Graph, shown: Sequence[Shown]) -> dict[str, Any]:
    fields = receptive_fields(graph)
    last = last_with_a_place(graph, fields)
    return {
        "name": graph.name,
        "inputs": {graph.nodes[n].path: list(graph.nodes[n].shape) for n in graph.inputs},
        "receptive_field": {"path": graph.nodes[last].path, **fields[last].as_json()},
        "layers": [_layer_json(s) for s in shown],
    }


def _layer_json(shown: Shown) -> dict[str, Any]:
    spans = [None if span is None else list(span) for span in shown.spans]
    return {
        "path": shown.name,
        "step": shown.node.path,
        "output": list(shown.node.shape),
        **shown.field.as_json(),
        "unit": list(shown.unit),
        "pixels": spans,
    }
