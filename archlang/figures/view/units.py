"""What a figure writes into one box: layers with what follows them, units, equal units."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from archlang.graph import Graph, Node, Scope

UNITS = frozenset({"block", "network", "dense", "round"})
"""Kinds of scope that may be folded into a box."""

_HEADS = frozenset({"conv", "linear", "pool"})
_BEFORE = frozenset({"norm", "activation"})
_AFTER = frozenset({"norm", "activation", "regular", "shape"})
_FEWEST_EQUAL_LAYERS = 3
"""Shorter runs of equal layers are drawn one by one."""


@dataclass(eq=False)
class Part:
    """What becomes one box: some layers, or a unit, or `count` equal ones."""

    nodes: tuple[Node, ...]
    scope: Scope | None = None
    """The unit (the first one of a run); None for layers."""
    count: int = 1
    tail: tuple[Node, ...] = ()
    """Dropout and its kin that follow a unit and are written into its box; also in `nodes`."""

    @cached_property
    def ids(self) -> frozenset[int]:
        """The ids of its nodes."""
        return frozenset(n.id for n in self.nodes)

    @property
    def copy(self) -> tuple[Node, ...]:
        """The nodes of its first copy."""
        return self.nodes[: len(self.nodes) // self.count]


class Units:
    """The scopes of a graph with what lies in them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nodes: dict[int, list[Node]] = {}
        for node in graph.nodes:
            for scope in node.scope.ancestors():
                self._nodes.setdefault(id(scope), []).append(node)
        self._outputs = {o.tensor.node for o in graph.outputs}

    def nodes(self, scope: Scope) -> list[Node]:
        """All nodes within a scope, in order."""
        return self._nodes.get(id(scope), [])

    def parts(self, scope: Scope, unfold: Callable[[Scope], bool]) -> list[Part]:
        """What a drawing of a scope consists of; units that `unfold` agrees to are opened."""
        loose: list[Node] = []
        parts: list[Part] = []
        for step in self._steps(scope, unfold):
            if isinstance(step, Node):
                loose.append(step)
                continue
            parts.append(Part(tuple(self.nodes(step)), step))
        parts += self.layers(loose)
        parts.sort(key=lambda p: p.nodes[0].id)
        return self._with_dropout(parts)

    def _with_dropout(self, parts: Sequence[Part]) -> list[Part]:
        """Units with the dropout that follows them in one part."""
        found: list[Part] = []
        for part in parts:
            before = found[-1] if found else None
            only = part.nodes[0].op.style.family == "regular" and len(part.nodes) == 1
            if before and before.scope and only and part.scope is None:
                source = self.graph.nodes[part.nodes[0].inputs[0].node]
                if source.id in before.ids and self._goes_only_on(source):
                    nodes = (*before.nodes, *part.nodes)
                    found[-1] = Part(nodes, before.scope, tail=part.nodes)
                    continue
            found.append(part)
        return found

    def _steps(self, scope: Scope, unfold: Callable[[Scope], bool]) -> list[Node | Scope]:
        steps: list[Node | Scope] = [n for n in self.nodes(scope) if n.scope is scope]
        for child in scope.children:
            if child.kind in UNITS and not self.plain(child) and not unfold(child):
                steps += [child] if self.nodes(child) else []
            else:
                steps += self._steps(child, unfold)
        return steps

    def plain(self, scope: Scope) -> bool:
        """Whether a unit is no more than one box of layers."""
        nodes = self.nodes(scope)
        if len(nodes) > 8 or any(n.role == "merge" for n in nodes):
            return False
        return len(self.layers(nodes)) == 1

    def layers(self, nodes: Sequence[Node]) -> list[Part]:
        """Layers written together: a convolution, linear layer or pooling and what goes with it."""
        groups: list[list[Node]] = []
        for node in sorted(nodes, key=lambda n: n.id):
            if groups and self._joins(groups[-1], node):
                groups[-1].append(node)
            else:
                groups.append([node])
        return [Part(tuple(group)) for group in groups]

    def _joins(self, group: Sequence[Node], node: Node) -> bool:
        last = group[-1]
        if [t.node for t in node.inputs] != [last.id] or not self._goes_only_on(last):
            return False
        if last.role != node.role or last.training != node.training or node.role == "merge":
            return False
        families = [n.op.style.family for n in group]
        family = node.op.style.family
        if _HEADS.isdisjoint(families):
            if node.scope.unit is not last.scope.unit:
                return False  # the activation that ends a unit is not the next one's beginning
            return set(families) <= _BEFORE and family in _BEFORE | _HEADS
        return family in _AFTER

    def _goes_only_on(self, node: Node) -> bool:
        return len(self.graph.consumers[node.id]) == 1 and node.id not in self._outputs

    def fold(
        self,
        parts: Sequence[Part],
        alike: Callable[[Part], Hashable] | None = None,
        layers: bool = False,
    ) -> list[Part]:
        """Equal units in a row as one part with a count.

        `layers`: equal layers as well. `alike` says what makes parts equal; None: that they are
        copies of each other.
        """
        folded: list[Part] = []
        for run in self._runs(parts, alike or (lambda part: signature(part.nodes))):
            layer = run[0].scope is None
            if len(run) == 1 or (layer and not (layers and len(run) >= _FEWEST_EQUAL_LAYERS)):
                folded += run
                continue
            nodes = tuple(n for part in run for n in part.nodes)
            count = sum(part.count for part in run)  # a run may be of runs
            folded.append(Part(nodes, run[0].scope, count, run[0].tail))
        return folded

    def _runs(self, parts: Sequence[Part], alike: Callable[[Part], Hashable]) -> list[list[Part]]:
        signatures = [alike(part) for part in parts]
        runs: list[list[Part]] = [[part] for part in parts[:1]]
        for (before, a), (part, b) in pairwise(zip(parts, signatures, strict=True)):
            if a == b and self._follows(part, before):
                runs[-1].append(part)
            else:
                runs.append([part])
        return runs

    def _follows(self, part: Part, before: Part) -> bool:
        """Whether all that goes in comes from the part before, which feeds nothing else."""
        if part.nodes[0].role in ("input", "merge") and part.scope is None:
            return False
        sources = {t.node for n in part.nodes for t in n.inputs} - part.ids
        users = {u.id for n in before.nodes for u in self.graph.consumers[n.id]} - before.ids
        return sources <= before.ids and users <= part.ids and not before.ids & self._outputs


def signature(nodes: Iterable[Node]) -> Hashable:
    """Equal for parts that are copies: the same layers on the same shapes, wired alike."""
    place: dict[int, int] = {}
    outside: dict[int, int] = {}
    steps: list[Hashable] = []
    for index, node in enumerate(nodes):
        wires = tuple(
            (place[t.node], t.port, t.shape)
            if t.node in place
            else (-1 - outside.setdefault(t.node, len(outside)), t.port, t.shape)
            for t in node.inputs
        )
        place[node.id] = index
        steps.append((node.op, node.role, node.frozen, node.training, wires))
    return tuple(steps)
