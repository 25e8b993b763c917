"""What a derived network is made from: its base, for which there may be weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

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
    _built: dict[frozenset[str], Graph | None] = field(
        default_factory=dict[frozenset[str], "Graph | None"], repr=False
    )
    _varied: dict[str, Graph | None] = field(default_factory=dict[str, "Graph | None"], repr=False)

    @property
    def name(self) -> str:
        """The network's name where it is declared."""
        return self.unit.name

    @property
    def called(self) -> str:
        """What the network that derives from it calls it: `use ResNet50 as Base` gives `Base`."""
        return self.span.text.partition("(")[0].strip()

    def graph(self, without: Collection[str] = ()) -> Graph | None:
        """Its graph, some of the arguments left at their defaults; None if that is no network."""
        dropped = frozenset(without)
        if dropped not in self._built:
            kept = {name: value for name, value in self.arguments.items() if name not in dropped}
            self._built[dropped] = self._graph(kept)
        return self._built[dropped]

    def varied(self, name: str) -> Graph | None:
        """Its graph with another value of one argument, to see what depends on it.

        The default, or for a number without one the next; None if there is no such network.
        """
        if name not in self._varied:
            self._varied[name] = self._with_another(name)
        return self._varied[name]

    def _with_another(self, name: str) -> Graph | None:
        without, value = self.graph((name,)), self.arguments[name]
        if without is not None and without.parameters != self.arguments:
            return without
        if isinstance(value, int) and not isinstance(value, bool):
            return self._graph({**self.arguments, name: value + 1})
        return None

    def _graph(self, kept: Mapping[str, Value]) -> Graph | None:
        from archlang.diagnostics.model import Diagnostics
        from archlang.semantics.network import expand_network

        sink = Diagnostics()
        graph = expand_network(self.unit, kept, sink)
        return None if sink.has_errors else graph
