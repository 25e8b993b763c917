"""The cell magic `%%arch`, and what IPython is told of archlang's objects."""

# pyright: basic
# (IPython says of few of its functions what they take and give)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from archlang.diagnostics.model import Diagnostic, SpecError
from archlang.diagnostics.render.text import render_text
from archlang.figures.errors import DrawingError
from archlang.graph import Graph
from archlang.notebook.cells import Cells
from archlang.notebook.html import diagnostics_html
from archlang.notebook.pages import module_html
from archlang.semantics.files import Module
from archlang.semantics.parameters import open_parameters
from archlang.tooling.factory import NetworkFactory


class Wishes(Protocol):
    """What stands behind `%%arch`."""

    name: str | None
    draw: bool
    summary: bool
    quiet: bool


class CellError(SpecError):
    """A cell with mistakes. They are shown already, so that no traceback needs to be."""

    def _render_traceback_(self) -> list[str]:
        count = len(self.diagnostics)
        return [f"SpecError: {count} mistake{'' if count == 1 else 's'}; nothing was defined"]


class Mistakes:
    """Diagnostics as the output of a cell."""

    def __init__(self, found: list[Diagnostic]) -> None:
        self._found = found

    def __repr__(self) -> str:
        return render_text(self._found)

    def _repr_html_(self) -> str:
        return diagnostics_html(self._found)


@magics_class
class ArchMagics(Magics):
    """Networks written in cells."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._cells = Cells()

    @magic_arguments()
    @argument(
        "name",
        nargs="?",
        help="What other cells find this one by: after `%%%%arch units.arch` they may "
        '`use Unit from "units.arch"`. Nothing is written to disk.',
    )
    @argument("--draw", action="store_true", help="Show the figure of each network.")
    @argument("--summary", action="store_true", help="Show the figures and layers of each network.")
    @argument("--quiet", action="store_true", help="Show mistakes and warnings only.")
    @line_cell_magic
    def arch(self, line: str, cell: str | None = None) -> None:
        """Compile the networks of a cell, and leave each under its name.

        Without options figure and summary are shown. A network is a factory then: `Tiny()` is a
        module of PyTorch, `Tiny(classes=10)` one with another parameter, `Tiny.graph()` its graph.
        To run the cell again replaces them. A network whose parameters have no defaults is checked
        when it is called. `use` finds files below the working folder, the zoo, and named cells.
        Where there are mistakes they are shown, and what earlier cells defined stays as it was.
        """
        if cell is None:
            print(self.arch.__doc__)
            return
        wishes = _wishes(self.arch, line)
        shell = self.shell
        assert shell is not None
        try:
            read = self._cells.read(cell, _number(shell), wishes.name)
        except SpecError as error:
            found = list(error.diagnostics)
            display(Mistakes(found))
            raise CellError(found) from None
        networks = read.module.networks
        shell.push({n: NetworkFactory(read.module, u, "__main__") for n, u in networks.items()})
        if read.warnings:
            display(Mistakes(read.warnings))
        if wishes.quiet:
            return
        for graph in read.graphs:
            _show(graph, wishes)
        for remark in _unshown(read.module, wishes.name):
            print(remark)


def _unshown(module: Module, name: str | None) -> Iterator[str]:
    """What is said of a network that has no figure yet, and of a cell that has none at all."""
    for network, unit in module.networks.items():
        missing = [p.name for p in open_parameters(unit) if p.default is None]
        missing = [p for p in missing if p not in unit.arguments]
        if missing:
            given = ", ".join(f"{p}=…" for p in missing)
            yield f"{network} is defined; archlang.summary({network}, {given}) checks and shows it"
    if module.networks or not module.units:
        return
    blocks = ", ".join(module.units)
    if name is not None:
        yield f'other cells may: use {blocks} from "{name}"'
    else:
        yield f"no other cell finds {blocks}: begin this one with %%arch units.arch, and they do"


def _number(shell: InteractiveShell) -> int:
    """Of the cell that runs; IPython's own count goes on before it or after it, by its version."""
    history = shell.history_manager
    return shell.execution_count if history is None else len(history.input_hist_parsed) - 1


def _wishes(magic: Any, line: str) -> Wishes:
    """The options, held together.

    Raises:
        UsageError: they contradict each other, or the name is none for a spec.
    """
    try:
        wishes: Wishes = parse_argstring(magic, line)
    except ValueError as error:  # of a quotation mark without its pair
        raise UsageError(f"%%arch: cannot read {line!r}: {error}") from None
    if wishes.quiet and (wishes.draw or wishes.summary):
        raise UsageError("%%arch: --quiet shows nothing, so leave --draw and --summary out")
    name = wishes.name
    if name is not None and (not name.endswith(".arch") or {"/", "\\", "\0"} & set(name)):
        raise UsageError(
            f"%%arch: a cell is called like a file of this folder, such as units.arch, not {name!r}"
        )
    return wishes


def _show(graph: Graph, wishes: Wishes) -> None:
    """Figure and summary of a network, or that one of them that was asked for."""
    from archlang.analysis.summary import summarise
    from archlang.figures import draw

    everything = not wishes.draw and not wishes.summary
    if wishes.draw or everything:
        try:
            display(draw(graph))
        except DrawingError as problem:
            print(f"no figure of {graph.name}: {problem}")
    if wishes.summary or everything:
        display(summarise(graph))


def register(ipython: InteractiveShell) -> None:
    """Let a notebook know `%%arch`, and how a compiled module looks at the end of a cell."""
    ipython.register_magics(ArchMagics)
    formatter: Any = ipython.display_formatter
    if formatter is not None:
        html = formatter.formatters["text/html"]
        html.for_type_by_name("torch.fx.graph_module", "GraphModule", module_html)
