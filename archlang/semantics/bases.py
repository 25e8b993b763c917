"""What a derived network is made from: its base, for which there may be weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from archlang.graph import Graph
from archlang.semantics.values import Unit, Value
from archlang.source import Span


@dataclass(frozen=True, eq=False)
class Base:
    """A network behind a `from`: `ResNet50(classes=10)`."""

    unit: Unit
    """The network as it is declared, without arguments."""
    arguments: Mapping[str, Value]
    """What is set of its parameters, behind the `from` or from outside."""
    span: Span
    """Where that is written."""

    @property
    def name(self) -> str:
        """The network's name where it is declared."""
        return self.unit.name

    def graph(self, without: Collection[str] = ()) -> Graph | None:
        """Its graph, some of the arguments left at their defaults; None if that is no network."""
        from archlang.diagnostics.model import Diagnostics
        from archlang.semantics.network import expand_network

        kept = {name: value for name, value in self.arguments.items() if name not in without}
        sink = Diagnostics()
        graph = expand_network(self.unit, kept, sink)
        return None if sink.has_errors else graph
