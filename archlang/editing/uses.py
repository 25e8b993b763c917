"""What the lines of a spec became in the graphs: nodes, costs, receptive fields, matchings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from weakref import ReferenceType, WeakKeyDictionary, ref

from archlang.analysis.receptive import Field, receptive_fields
from archlang.editing.document import Analysis
from archlang.graph import Graph, Match, Node, Scope, shapes
from archlang.ops.base import Shape
from archlang.source import Span

MOST_FOLLOWED = 4_000
"""Nodes of a network up to which receptive fields are followed while somebody waits."""


@dataclass(frozen=True, eq=False)
class Facts:
    """Facts of one graph, each found out when it is first asked for."""

    _graph: ReferenceType[Graph]
    """Weak, so that the facts do not keep what they are kept with."""

    @property
    def graph(self) -> Graph:
        """The graph, which is there as long as somebody asks."""
        graph = self._graph()
        assert graph is not None
        return graph

    @cached_property
    def by_place(self) -> dict[tuple[int, int, int], list[Node]]:
        """Nodes by where they are written."""
        found: defaultdict[tuple[int, int, int], list[Node]] = defaultdict(list)
        for node in self.graph.nodes:
            found[_place(node.span)].append(node)
        return found

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The receptive fields of all nodes; none of a giant."""
        return receptive_fields(self.graph) if len(self.graph.nodes) <= MOST_FOLLOWED else ()

    @cached_property
    def params(self) -> dict[int, int]:
        """Parameters, frozen ones too, by the ids of the scopes that they lie in."""
        found: Counter[int] = Counter()
        for node in self.graph.owners:
            count = node.op.params(*shapes(node))
            for scope in node.scope.ancestors() if count else ():
                found[id(scope)] += count
        return found

    @cached_property
    def entered(self) -> dict[int, Shape]:
        """The shape that the first layer of each scope takes, by the ids of the scopes."""
        found: dict[int, Shape] = {}
        for node in self.graph.nodes:
            if node.inputs:
                for scope in node.scope.ancestors():
                    if id(scope) in found:
                        break
                    found[id(scope)] = node.inputs[0].shape
        return found


_known: WeakKeyDictionary[Graph, Facts] = WeakKeyDictionary()


def facts(graph: Graph) -> Facts:
    """The facts of a graph that is no longer added to."""
    found = _known.get(graph)
    if found is None:
        found = _known[graph] = Facts(ref(graph))
    return found


def _place(span: Span) -> tuple[int, int, int]:
    return id(span.source), span.start, span.end


def graphs(analysis: Analysis) -> Iterator[Graph]:
    """The graphs of a file, those that are not whole too."""
    for network in analysis.networks.values():
        if network.graph is not None:
            yield network.graph


def nodes_at(analysis: Analysis, span: Span) -> list[tuple[Node, Graph]]:
    """What an expression became: the nodes that bear its span."""
    return [
        (node, graph)
        for graph in graphs(analysis)
        for node in facts(graph).by_place.get(_place(span), ())
    ]


def field_of(node: Node, graph: Graph) -> Field | None:
    """What a unit of a node sees of the input; None in a giant."""
    fields = facts(graph).fields
    return fields[node.id] if fields else None


def matches_at(analysis: Analysis, span: Span, written: str) -> list[tuple[Match, Shape]]:
    """What an operator W, written so, did in the merges around a place, and the shapes it gave."""
    found: list[tuple[Match, Shape]] = []
    for graph in graphs(analysis):
        for (number, operand), match in graph.matching.items():
            merge = graph.nodes[number]
            if match.written == written and _is_around(merge.span, span):
                found.append((match, merge.inputs[operand].shape))
    return found


def _is_around(merge: Span, span: Span) -> bool:
    """Whether a merge is written around a place; that of a `branch` bears the word alone."""
    if merge.source is not span.source or merge.start > span.start:
        return False
    return span.end <= merge.end or "\n" in span.source.text[merge.end : span.start]


def params_of(scope: Scope, graph: Graph) -> int:
    """The parameters of one use of a block or network."""
    return facts(graph).params.get(id(scope), 0)


def entering(scope: Scope, graph: Graph) -> Shape | None:
    """The shape that flows into one use; None where no layer takes it."""
    return facts(graph).entered.get(id(scope))
