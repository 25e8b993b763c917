"""What the smaller commands do: each is a few calls, with the imports it alone needs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from archlang.cli.files import figure_path
from archlang.cli.page import Table, remind, show, show_mistakes, tell_written, working
from archlang.cli.settings import BadFormError, settings
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.diagnostics.render.display import visible_text
from archlang.diagnostics.suggest import closest
from archlang.files import OutputError, write_all
from archlang.graph import Graph


def draw_network(
    spec: str,
    given: Sequence[str],
    out: Path | None,
    options: Mapping[str, Any],
    *,
    against: str | None,
    steps: bool,
) -> None:
    """Draw a network into a file and say what was written; `against`: beside another one.

    Raises:
        SpecError: a spec has mistakes.
        DrawingError: it cannot be drawn so; then no file is written.
        OutputError: a file cannot be written; then none is.
    """
    from archlang.figures import Options, draw
    from archlang.figures.writers import format_of

    wanted = Options(**options)
    graph = network_of(spec, given)
    other = network_of(against, given) if against else None
    path = figure_path(out, f"{graph.name}-{other.name}" if other else graph.name)
    format_of(path.suffix)  # what cannot be written need not be drawn
    with working("drawing"):
        figure = draw(graph, options=wanted, against=other)
        files = figure.files(path, steps=steps)
    write_all(files)
    for remark in figure.remarks:
        remind(remark)
    if figure.difference:
        print(visible_text(figure.difference))
    tell_written(*files)


def network_of(spec: str, given: Sequence[str]) -> Graph:
    """The graph that a command is about; warnings are shown.

    Raises:
        SpecError: the spec or a value of `--set` has mistakes.
        typer.BadParameter: a `--set` that is no `name=value`.
    """
    from archlang.compiler import Address, build

    try:
        parameters = settings(given)
    except BadFormError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
    sink = Diagnostics()
    with working("reading the spec"):
        graph = build(Address.parse(spec), parameters, sink)
    if graph is None or sink.has_errors:
        raise SpecError(sink)
    show_mistakes(sink, sys.stderr)
    return graph


def explain_code(code: str) -> None:
    """Print what a code means; all codes where none is named.

    Raises:
        typer.BadParameter: there is no such code.
    """
    from archlang.diagnostics.explain import UnknownCodeError, explain, overview

    try:
        print(explain(code) if code.strip() else overview())
    except UnknownCodeError as error:
        raise typer.BadParameter(str(error), param_hint="CODE") from None


def list_zoo() -> None:
    """Print the networks of the zoo."""
    from archlang.tooling.showcase import exhibits

    rows = [
        (e.name, e.file.name, "" if e.params is None else f"{e.params:,}", e.about)
        for e in exhibits()
    ]
    show(Table(("network", "file", "params", "about"), rows, frozenset({"params"})))


def copy_exhibit(name: str, out: Path | None, force: bool) -> None:
    """Copy a spec of the zoo; by default into the current folder, under its own name.

    Raises:
        OutputError: it cannot be written, or is there already.
        typer.BadParameter: there is no such network, or the copy's name does not end in `.arch`.
    """
    from archlang.tooling.showcase import find_spec, starting_point
    from archlang.zoo import zoo

    path = find_spec(name)
    if path is None:
        raise _unknown(name, zoo(), "archlang zoo lists them")
    target = out or Path(path.name)
    if target.is_dir():
        target /= path.name
    elif target.suffix != ".arch":
        raise typer.BadParameter("the name of a spec ends in .arch", param_hint="--out")
    if target.exists() and not force:
        raise OutputError(f"{target} is there already; --force overwrites it")
    write_all({target: starting_point(path)})
    address = f"{target}:{name}" if name in zoo() else str(target)
    print(visible_text(f"written {target}; try: archlang summary {address}"))


def list_layers() -> None:
    """Print all layers with one line on each."""
    from archlang.ops.registry import layers

    rows = [(name, op.doc()) for name, op in layers().items()]
    show(Table(("layer", "does"), rows))


def show_layer(name: str) -> None:
    """Print all there is to know of a layer.

    Raises:
        typer.BadParameter: there is no such layer.
    """
    from archlang.diagnostics.suggest import LAYER_ALIASES
    from archlang.ops.registry import find, layers
    from archlang.tooling.manual import page

    op = find(name)
    if op is None:
        raise _unknown(name, layers(), "archlang layers lists them", LAYER_ALIASES)
    print(page(op))


def _unknown(
    name: str, known: Iterable[str], way_out: str, aliases: Mapping[str, str] | None = None
) -> typer.BadParameter:
    near = closest(name, known, aliases)
    help_ = f"did you mean {near}?" if near else way_out
    return typer.BadParameter(f"there is no {name!r}; {help_}", param_hint="NAME")
