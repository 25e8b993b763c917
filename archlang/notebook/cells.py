"""The cells of a notebook as specs: what they define, and how one of them uses another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import NamedTuple

from archlang.analysis.sizes.hints import expand_sized
from archlang.compiler import complete
from archlang.diagnostics.model import Diagnostic, Diagnostics, SpecError
from archlang.graph import Graph
from archlang.semantics.files import Loader, Module
from archlang.semantics.places import Disk, Place
from archlang.source import Source, Span

_UNKNOWN_NAMES = ("E0201", "E0202")


class Read(NamedTuple):
    """A cell without mistakes."""

    module: Module
    graphs: list[Graph]
    """Of each network that needs no parameter."""
    warnings: list[Diagnostic]


class Cells:
    """What the cells of one notebook have defined so far.

    A cell with a name (`%%arch units.arch`) is to the others as a file of that name in the
    notebook's folder: they `use` what it declares. The cell that has the name last counts.
    """

    def __init__(self) -> None:
        self._named: dict[Path, Source] = {}
        self._homes: dict[str, str] = {}
        """The cell that each block or network was declared in last."""

    def read(self, text: str, number: int, name: str | None = None) -> Read:
        """Check a cell.

        Args:
            text: what stands below the line of the magic, which is line 1 of the cell.
            number: of the cell, as the notebook counts.
            name: under which other cells find it, if they are to.

        Raises:
            SpecError: it has mistakes; a cell that had that name before keeps it.
        """
        source = Source(f"<cell {number}>", f"\n{text}")
        path = Path.cwd() / (name or f"cell-{number}.arch")
        sink = Diagnostics()
        shelf = _Shelf({**self._named, path.resolve(): source})
        module = Loader(sink, shelf).file(path, source.name)
        graphs = _graphs(module, sink)
        if sink.has_errors or not module.whole:
            raise SpecError([self._pointed(d) for d in sink])
        self._homes.update(dict.fromkeys(module.units, name or source.name))
        if name is not None:
            self._named[path.resolve()] = source
        return Read(module, graphs, list(sink))

    def _pointed(self, found: Diagnostic) -> Diagnostic:
        """A diagnostic; of a name that another cell declares, it says how to come by it."""
        name = found.primary.span.text
        home = self._homes.get(name)
        if found.code not in _UNKNOWN_NAMES or home is None:
            return found
        way = f'write use {name} from "{home}"'
        if home.startswith("<"):
            way = f'begin that cell with %%arch units.arch, and write use {name} from "units.arch"'
        return Diagnostic(
            found.code,
            found.severity,
            found.message,
            found.primary,
            found.secondary,
            (*found.notes, f"{name} was declared in {home}, and each cell is a file of its own"),
            way,
        )


class _Shelf(Disk):
    """Files, and before them the cells that are called so."""

    def __init__(self, cells: Mapping[Path, Source]) -> None:
        self._cells = cells

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """The text of a cell, or else of a file."""
        cell = self._cells.get(Path(path).resolve())
        return super().read(path, name, at) if cell is None else cell

    def shown(self, place: Place, text: str, user: Source) -> str:
        """From the notebook's folder."""
        return text


def _graphs(module: Module, sink: Diagnostics) -> list[Graph]:
    if not module.whole:
        return []
    units = [unit for unit in module.networks.values() if complete(unit)]
    graphs = [expand_sized(unit, {}, sink, module.workshop) for unit in units]
    return [graph for graph in graphs if graph is not None]
