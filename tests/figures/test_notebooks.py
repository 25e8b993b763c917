"""Figures and networks in notebooks."""

from __future__ import annotations

from typing import Any

import pytest

from archlang import compiler
from archlang.figures import DrawingError, draw
from archlang.figures.figure import Figure
from archlang.graph import Graph

SVG, PLAIN = "image/svg+xml", "text/plain"


def shown() -> list[Figure | Graph]:
    return [draw("LeNet5"), compiler.graph("LeNet5")]


@pytest.mark.parametrize("thing", shown(), ids=["figure", "graph"])
def test_the_protocol(thing: Any) -> None:
    bundle = thing._repr_mimebundle_()
    assert bundle == {SVG: draw("LeNet5").svg, PLAIN: repr(thing)}
    assert thing._repr_mimebundle_(include={PLAIN}) == {PLAIN: repr(thing)}
    assert thing._repr_mimebundle_(exclude=[PLAIN]).keys() == {SVG}
    assert thing._repr_mimebundle_(include=[SVG, PLAIN], exclude=[SVG]).keys() == {PLAIN}
    assert thing._repr_mimebundle_(include=["image/png"]) == {}
    assert "LeNet5" in repr(thing) and len(repr(thing)) < 100


@pytest.mark.parametrize("thing", shown(), ids=["figure", "graph"])
def test_in_ipython(thing: Any) -> None:
    formatters: Any = pytest.importorskip("IPython.core.formatters")
    formatter = formatters.DisplayFormatter()
    formatter.active_types = list(formatter.format_types)
    data, _ = formatter.format(thing)
    assert data[SVG].startswith("<?xml") and data[PLAIN] == repr(thing)
    data, _ = formatter.format(thing, include={SVG})
    assert data.keys() == {SVG}
    data, _ = formatter.format(thing, exclude={SVG})
    assert data.keys() == {PLAIN}


def test_a_graph_is_shown_even_if_it_cannot_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Graph) -> Figure:
        raise DrawingError("there is no Graphviz")

    monkeypatch.setattr("archlang.figures.draw", broken)
    bundle = compiler.graph("LeNet5")._repr_mimebundle_()
    assert bundle.keys() == {PLAIN} and bundle[PLAIN].endswith("no figure: there is no Graphviz")
