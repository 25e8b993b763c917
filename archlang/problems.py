"""Where a problem without a line of its own is shown: at a file, or at the network it is about."""

from __future__ import annotations

from archlang.diagnostics.model import Diagnostic, Problem, SpecError
from archlang.graph import Graph
from archlang.source import Source, Span


def about(name: str, problem: Problem) -> SpecError:
    """The error of a problem with a file, or another source of data, of that name."""
    return SpecError([Diagnostic.of(problem, Span(Source(name, ""), 0, 0))])


def nowhere(problem: Problem) -> SpecError:
    """The error of a problem that is in no file, and is shown without a place."""
    return about("", problem)


def about_network(graph: Graph, problem: Problem, at: Span | None = None) -> SpecError:
    """The error of a problem of a network, shown at a line of it, or at its head."""
    at = at or graph.root.span
    assert at is not None, "a network is declared somewhere"
    return SpecError([Diagnostic.of(problem, at)])
