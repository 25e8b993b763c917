"""Graphs of texts, for tests."""

from __future__ import annotations

from archlang.compiler import complete
from archlang.diagnostics.model import Diagnostics
from archlang.diagnostics.render import render_text
from archlang.graph import Graph
from archlang.semantics.files import Loader
from archlang.semantics.network import expand_network
from archlang.source import Source


def graphs(text: str, **settings: object) -> list[Graph]:
    """The graphs of all networks of a text that can be built as they are."""
    sink = Diagnostics()
    module = Loader(sink).text(Source("test.arch", text))
    units = [unit for unit in module.networks.values() if complete(unit)]
    made = [expand_network(unit, settings, sink) for unit in units]
    assert not len(sink), render_text(sink)
    return [graph for graph in made if graph is not None]


def graph(text: str, **settings: object) -> Graph:
    """The graph of the last network of a text."""
    return graphs(text, **settings)[-1]
