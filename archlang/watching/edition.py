"""One version of a spec as the page shows it: its networks, their graphs, and all mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archlang.analysis.sizes.hints import expand_sized
from archlang.compiler import choose, frozen
from archlang.diagnostics.catalog.graph import AssertionFailed
from archlang.diagnostics.model import Diagnostic, Diagnostics, Mistake, Severity
from archlang.graph import Graph, Scope
from archlang.semantics.files import Loader, Module
from archlang.semantics.parameters import open_parameters
from archlang.semantics.values import Unit, Value
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.watching.stamps import Recorder, Stamp


class Superseded(Exception):  # noqa: N818 — nothing went wrong
    """Nobody waits for the answer any more: the file was saved again."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is watched: a file, which network of it, and the parameters of that."""

    file: Path
    name: str
    """What diagnostics call it."""
    network: str | None = None
    parameters: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Edition:
    """What one version of the files says."""

    number: int
    name: str
    """What diagnostics call the file that is watched."""
    sources: Mapping[str, Source]
    """The texts it was read from, by their names, its own first."""
    problems: tuple[Diagnostic, ...]
    networks: tuple[str, ...]
    """Those that can be drawn, as far as the file can be read."""
    unset: Mapping[str, Sequence[str]]
    """Those that cannot before parameters are set, with the names of these."""
    chosen: str | None
    """The network that was asked for, or the first."""
    graphs: Mapping[str, Graph]
    """Of those that could be built, even if they are not as their spec asserts."""
    whole: bool
    """Whether the file parsed, so that its networks are known."""
    there: bool
    """Whether the file is there at all."""


class _Interrupt:
    """Ends an expansion as soon as nobody waits for it; keeps its graph, whatever comes of it."""

    def __init__(self, superseded: Callable[[], bool]) -> None:
        self._superseded = superseded
        self.graph: Graph | None = None

    def begun(self, graph: Graph) -> None:
        """Look whether somebody waits."""
        self.graph = graph
        if self._superseded():
            raise Superseded

    def step(
        self, statement: tree.Step | tree.Input | tree.Output, value: Value, scope: Scope
    ) -> None:
        """Look again: lines may be many."""
        if self._superseded():
            raise Superseded

    def passes_over(self) -> bool:
        """Only what can be read is drawn."""
        return False


def read_edition(
    subject: Subject, number: int, superseded: Callable[[], bool]
) -> tuple[Edition, dict[Path, Stamp]]:
    """Compile the file as it is now; and what all the files looked like that this rests on.

    Raises:
        Superseded: nobody waits for it any more.
    """
    sink, shelf = Diagnostics(), Recorder()
    module = Loader(sink, shelf).file(subject.file, subject.name)
    sound = module.whole and not sink.has_errors
    units = _units(module, subject)
    chosen = _chosen(module, units, subject, sink)
    graphs: dict[str, Graph] = {}
    for name, unit in units.items():
        own = Diagnostics()
        settings = frozen(_settings(unit, subject, asked=name == chosen))
        witness = _Interrupt(superseded)
        expand_sized(unit, settings, own, module.workshop, witness)
        if sound and witness.graph is not None and _can_be_drawn(own):
            graphs[name] = witness.graph
        for problem in own:
            sink.add(problem)
    shown = subject.name
    there = shelf.stamps.get(subject.file, Stamp()) != Stamp()
    edition = Edition(
        number, shown, {shown: module.source} | shelf.sources, tuple(sink), tuple(units),
        _unset(module, units), chosen, graphs, module.whole, there,
    )  # fmt: skip
    return edition, shelf.stamps


def _can_be_drawn(problems: Iterable[Diagnostic]) -> bool:
    """Whether a network came of it; what fails to be as asserted is there all the same."""
    errors = (problem for problem in problems if problem.severity is Severity.ERROR)
    return all(error.code == AssertionFailed.code for error in errors)


def _units(module: Module, subject: Subject) -> dict[str, Unit]:
    """The networks that can be built: by themselves, or with the parameters that are set."""
    if not module.whole:
        return {}
    given = subject.parameters or {}
    candidates = dict(module.networks)
    asked = module.env.names.get(subject.network or "")
    if subject.network and isinstance(asked, Unit):
        candidates.setdefault(subject.network, asked)
    return {name: u for name, u in candidates.items() if given.keys() >= set(_missing(u))}


def _missing(unit: Unit) -> list[str]:
    """The parameters that have no value of their own."""
    needed = [p.name for p in open_parameters(unit) if p.default is None]
    return [name for name in needed if name not in unit.arguments]


def _unset(module: Module, units: Mapping[str, Unit]) -> dict[str, list[str]]:
    if not module.whole:
        return {}
    return {name: _missing(unit) for name, unit in module.networks.items() if name not in units}


def _chosen(
    module: Module, units: Mapping[str, Unit], subject: Subject, sink: Diagnostics
) -> str | None:
    """The network that is shown first; one that is asked for and missing is a mistake."""
    if not module.whole:
        return subject.network
    if subject.network and subject.network not in units:
        try:
            asked = choose(module, subject.network)
        except Mistake as mistake:
            sink.report_mistake(mistake, Span(module.source, 0, 0))
        else:
            return asked.name
    elif subject.network:
        return subject.network
    given = (subject.parameters or {}).keys()
    takes_all = (n for n, u in units.items() if given <= {p.name for p in open_parameters(u)})
    return next(takes_all, next(iter(units), None))


def _settings(unit: Unit, subject: Subject, *, asked: bool) -> dict[str, Any]:
    """The parameters of a network that are set. The one that was asked for has to know them all,
    the others of the file take what they know."""
    given = dict(subject.parameters or {})
    if asked:
        return given
    known = {p.name for p in open_parameters(unit)}
    return {name: value for name, value in given.items() if name in known}
