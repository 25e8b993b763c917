"""Decides, before anything is loaded, where every tensor of a network comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from archlang.diagnostics.catalog.weights import NotAskedFor, Whose
from archlang.diagnostics.model import Problem
from archlang.graph import Change, Graph, Node
from archlang.semantics.surgery import is_around
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import COUNTERPARTS
from archlang.weights.mismatch import misfit
from archlang.weights.references import Match, Reference, Shape, match, references
from archlang.weights.report import Entry


class MisfitError(Exception):
    """Weights that cannot be loaded; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message())
        self.problem = problem


@dataclass(frozen=True)
class Plan:
    """What is to be loaded from where. Nothing of it has happened yet."""

    reference: Reference
    """The network that the weights are of."""
    entries: tuple[Entry, ...]
    """One for each tensor of the network, in order, then the unused ones of the checkpoint."""
    fresh: frozenset[str]
    """The paths of the layers that have new tensors."""


def plan(
    graph: Graph, own: Mapping[str, Shape], checkpoint: Checkpoint, weights_of: str | None = None
) -> Plan:
    """Where each tensor of a network comes from.

    Args:
        graph: the network.
        own: the shapes of its `state_dict`, in order.
        checkpoint: the weights.
        weights_of: the network that they are of, where it could be either the network itself or
            one that it derives from.

    Raises:
        MisfitError: they are of no network that this one derives from; or a shape differs, though
            the spec does not ask for it; or it is unclear whose they are.
    """
    seen: list[Reference] = []
    plans: dict[int, Plan] = {}
    for reference in references(graph, own, checkpoint):
        seen.append(reference)
        found = match(reference, checkpoint)
        fits = found is not None and _same_shapes(found, checkpoint)
        if found is not None and fits and reference.level not in plans:
            plans[reference.level] = _Planner(graph, own, found).plan()
    if not plans:
        raise MisfitError(misfit(graph, seen, checkpoint))
    return _chosen(graph, list(plans.values()), checkpoint, weights_of)


def _same_shapes(found: Match, checkpoint: Checkpoint) -> bool:
    """Whether every tensor has the shape it should have; what is no tensor is refused later."""
    for key, name in found.names.items():
        value = checkpoint.tensors[name]
        shape = getattr(value, "shape", None)
        if shape is not None and tuple(shape) != found.reference.shapes[key]:
            return False
    return True


def _chosen(
    graph: Graph, plans: list[Plan], checkpoint: Checkpoint, weights_of: str | None
) -> Plan:
    """The plan for the network that the weights are of.

    Raises:
        MisfitError: it could be several, and that makes a difference.
    """
    said = weights_of or checkpoint.network
    fitting = [p for p in plans if p.reference.graph.name == said]
    if weights_of and not fitting:
        names = tuple(p.reference.graph.name for p in plans)
        raise MisfitError(Whose(network=graph.name, networks=names, said=weights_of))
    if not fitting and checkpoint.builder:
        named = {p.reference.graph.name: p for p in plans}
        fitting = [p for n, p in named.items() if COUNTERPARTS.get(n) == checkpoint.builder]
    left = fitting or plans
    if any(p.entries != left[0].entries for p in left):
        names = tuple(p.reference.graph.name for p in left)
        raise MisfitError(Whose(network=graph.name, networks=names))
    return left[0]


class _Planner:
    """Goes through the tensors of a network for which the weights of a reference are at hand."""

    def __init__(self, graph: Graph, own: Mapping[str, Shape], found: Match) -> None:
        self._graph = graph
        self._own = own
        self._reference = found.reference
        self._names = found.names
        self._owners = {node.path: node for node in graph.owners}
        self._used: set[str] = set()

    def plan(self) -> Plan:
        """What to do with every tensor.

        Raises:
            MisfitError: a shape differs, though the spec does not ask for it.
        """
        entries = tuple(self._entries())
        fresh = frozenset(self._node(e.name).path for e in entries if e.status == "new")
        return Plan(self._reference, entries, fresh)

    def _entries(self) -> Iterator[Entry]:
        for key, shape in self._own.items():
            entry = self._entry(key, shape)
            if entry.source:
                self._used.add(key)
            yield entry
        for key, name in self._names.items():
            if key not in self._used:
                shape = self._reference.shapes[key]
                yield Entry(name, "unused", shape, reason=self._why_unused(key))

    def _entry(self, key: str, shape: Shape) -> Entry:
        node = self._node(key)
        entry = self._from_checkpoint(key, shape, node)
        if entry is not None:
            return entry
        return Entry(
            key, "new", shape, reason=self._why_new(key, shape, node), frozen=bool(node.frozen)
        )

    def _from_checkpoint(self, key: str, shape: Shape, node: Node) -> Entry | None:
        """The tensor as the reference has it, as it is or adapted; None if that is not wanted."""
        name, before = self._names.get(key, ""), self._reference.shapes.get(key)
        if not name or before is None:
            return None
        frozen, change = bool(node.frozen), self._said(node.change)
        adapt = self._said(node.adapt)
        if adapt is not None and key.endswith(".weight") and (change or before != shape):
            line = _line(adapt)
            return Entry(key, "adapted", shape, name, before, line, adapt.how, frozen)
        if before == shape and (change is None or adapt is not None):
            return Entry(key, "loaded", shape, name, before, frozen=frozen)
        return None

    def _why_new(self, key: str, shape: Shape, node: Node) -> str:
        """What in the spec asks for a tensor to be freshly initialised.

        Raises:
            MisfitError: nothing does, though its shape differs.
        """
        change, before = self._said(node.change), self._reference.shapes.get(key)
        if change is not None:
            return _line(change)
        if before == shape:
            return "a counter that older files lack"
        reason = self._by_argument(key, shape)
        if before is not None and not reason:
            raise MisfitError(self._not_asked_for(key, shape, before, node))
        return reason or "follows from the other changes; the base has none"

    def _node(self, key: str) -> Node:
        """Whose tensor it is: that of the longest path that the key begins with."""
        path = key.rpartition(".")[0]
        while path not in self._owners:
            path = path.rpartition(".")[0]
        return self._owners[path]

    def _said(self, change: Change | None) -> Change | None:
        """A change, if it is one of what the weights were made for."""
        return change if change is not None and change.level < self._reference.level else None

    # ── reasons ──────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _with_arguments(self) -> Mapping[str, Shape]:
        """The base as the derivation calls it."""
        return self._base_shapes(())

    def _base_shapes(self, without: Collection[str]) -> Mapping[str, Shape]:
        from archlang.weights.references import shapes_of

        built = self._reference.base.graph(without) if self._reference.base else None
        return shapes_of(built) if built is not None else {}

    @cached_property
    def _without(self) -> dict[str, Mapping[str, Shape]]:
        """For each argument that the weights were made without, the base without it alone."""
        return {name: self._base_shapes((name,)) for name in self._reference.dropped}

    def _by_argument(self, key: str, shape: Shape | None) -> str:
        """The arguments from which the shape of a tensor follows: `classes=10`; or nothing."""
        if not self._reference.dropped or self._with_arguments.get(key) != shape:
            return ""
        guilty = [n for n, shapes in self._without.items() if shapes.get(key) != shape]
        return ", ".join(self._argument(n) for n in guilty or self._reference.dropped)

    def _argument(self, name: str) -> str:
        assert self._reference.base is not None
        value = self._reference.base.arguments[name]
        return f"{name}={_constant(value)}"

    def _why_unused(self, key: str) -> str:
        for change in self._graph.changes:
            moves = change.word in ("replace", "remove") and self._said(change) is not None
            if moves and is_around(change, key.rpartition(".")[0]):
                return _line(change)
        return self._by_argument(key, self._own.get(key)) or "has no place here"

    def _not_asked_for(self, key: str, shape: Shape, before: Shape, node: Node) -> Problem:
        same_filters = (before[0], *before[2:]) == (shape[0], *shape[2:])
        return NotAskedFor(
            key=key,
            got=before,
            want=shape,
            network=self._graph.name,
            base=self._reference.graph.name,
            path=node.path,
            channels=node.op.name == "conv" and len(before) > 2 and same_filters,
        )


def _line(change: Change) -> str:
    """A line of the spec in a few words: `replace conv1, line 7`."""
    word = f"insert {change.word}" if change.word in ("before", "after") else change.word
    how = f": {change.how}" if change.how else ""
    return f"{word} {change.path}{how}, line {change.span.begin.line}"


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float, str)) else "…"
