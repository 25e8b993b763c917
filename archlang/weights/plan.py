"""Decides, before anything is loaded, where every tensor of a network comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from archlang.diagnostics.catalog.weights import CannotFit, NotAskedFor, NothingFits, Whose
from archlang.diagnostics.model import Problem
from archlang.graph import Change, Graph, Node
from archlang.ops.base import Shape
from archlang.semantics.surgery import is_around
from archlang.source import Span
from archlang.weights.adapting import can_adapt
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import COUNTERPARTS
from archlang.weights.mismatch import keys_differ, lacking, shapes_differ
from archlang.weights.references import (
    Match,
    Reference,
    match,
    misfits,
    references,
    shapes_of,
)
from archlang.weights.report import Entry

_COLOURS = 4
"""More input channels than this are learned features, which it makes no sense to add up."""
_NO_COUNTER = "a counter that older files lack"


class MisfitError(Exception):
    """Weights that cannot be loaded; `problem` says why, `at` is the line that asks for it."""

    def __init__(self, problem: Problem, at: Span | None = None) -> None:
        super().__init__(problem.message())
        self.problem = problem
        self.at = at


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
    plans: list[Plan] = []
    failed: list[tuple[int, MisfitError]] = []
    for reference in references(graph, own, checkpoint):
        seen.append(reference)
        found = match(reference, checkpoint)
        if found is None:
            continue
        try:
            plans.append(_Planner(graph, own, found).plan())
        except MisfitError as misfit:
            failed.append((misfits(reference, checkpoint), misfit))
    if plans:
        # what they are exactly of is meant, not what they would do for
        exact = [p for p in plans if not misfits(p.reference, checkpoint)]
        return _chosen(graph, exact or plans, checkpoint, weights_of)
    if failed:
        raise min(failed, key=lambda pair: pair[0])[1]
    raise MisfitError(keys_differ(seen, checkpoint))


def _chosen(
    graph: Graph, plans: list[Plan], checkpoint: Checkpoint, weights_of: str | None
) -> Plan:
    """The plan for the network that the weights are of.

    Raises:
        MisfitError: it could be several, and that makes a difference.
    """
    said = weights_of or checkpoint.network
    # where a network and its base have one name, the base is also called as it was imported
    fitting = [p for p in plans if p.reference.names[0] == said]
    fitting = fitting or [p for p in plans if said in p.reference.names]
    if weights_of and not fitting:
        raise MisfitError(Whose(graph.name, _names(plans), weights_of))
    if not fitting and checkpoint.builder:
        theirs = checkpoint.builder
        fitting = [p for p in plans if COUNTERPARTS.get(p.reference.graph.name) == theirs]
    left = fitting or plans
    if any(_outcome(p) != _outcome(left[0]) for p in left):
        raise MisfitError(Whose(graph.name, _names(left)))
    return left[0]


def _outcome(plan_: Plan) -> list[tuple[str, str, str]]:
    """What a plan comes to: for each tensor of the network what it is made of, and how."""
    return [
        (e.name, e.source, e.how if e.shape != e.source_shape else "")
        for e in plan_.entries
        if e.status != "unused"
    ]


def _names(plans: Iterable[Plan]) -> tuple[str, ...]:
    return tuple(plan.reference.names[0] for plan in plans)


class _Planner:
    """Goes through the layers of a network for which the weights of a reference are at hand."""

    def __init__(self, graph: Graph, own: Mapping[str, Shape], found: Match) -> None:
        self._graph = graph
        self._own = own
        self._found = found
        self._reference = found.reference
        self._names = found.names
        self._shapes = found.shapes
        self._used: set[str] = set()

    def plan(self) -> Plan:
        """What to do with every tensor.

        Raises:
            MisfitError: a shape differs, though the spec does not ask for it.
        """
        layers = groupby(self._own, key=lambda key: self._graph.owner_of(key).path)
        entries = [e for _, keys in layers for e in self._layer(list(keys))]
        self._used = {e.name for e in entries if e.source}
        if not self._used:
            raise MisfitError(NothingFits(self._graph.name, self._reference.graph.name))
        fresh = frozenset(self._graph.owner_of(e.name).path for e in entries if e.status == "new")
        return Plan(self._reference, (*entries, *self._unused()), fresh)

    def _layer(self, keys: Sequence[str]) -> list[Entry]:
        """The tensors of one layer, which are loaded together or not at all."""
        node = self._graph.owner_of(keys[0])
        change, adapt = self._said(node.change), self._said(node.adapt)
        if adapt is not None and change is not None and adapt.level > change.level:
            adapt = None  # it was said of what has been replaced since
        if adapt is not None:
            return self._adapted(keys, adapt, changed=change is not None)
        if change is not None:
            return [self._new(key, _line(change)) for key in keys]
        if self._is_kept(node, keys):
            return [self._loaded(key) or self._new(key, _NO_COUNTER) for key in keys]
        reason = self._why_new(node, keys)
        return [self._new(key, reason) for key in keys]

    def _new(self, key: str, reason: str) -> Entry:
        frozen = bool(self._graph.owner_of(key).frozen)
        return Entry(key, "new", self._own[key], reason=reason, frozen=frozen)

    def _loaded(self, key: str) -> Entry | None:
        """A tensor as it is; None if the checkpoint lacks it."""
        if key not in self._names:
            return None
        frozen, shape = bool(self._graph.owner_of(key).frozen), self._own[key]
        return Entry(key, "loaded", shape, self._names[key], shape, frozen=frozen)

    def _adapted(self, keys: Sequence[str], adapt: Change, *, changed: bool) -> list[Entry]:
        """A layer whose weights are made to fit. A bias that the base has not is new.

        Raises:
            MisfitError: the base has nothing there, or nothing that can be made to fit.
        """
        entries: list[Entry] = []
        for key in keys:
            shape, before = self._own[key], self._shapes.get(key)
            name, frozen = self._names.get(key, ""), bool(self._graph.owner_of(key).frozen)
            if before is None or not name:
                entries.append(self._new(key, f"{_line(adapt)}; the base has none"))
            elif before == shape and not (changed and key.endswith(".weight")):
                entries.append(Entry(key, "loaded", shape, name, before, frozen=frozen))
            elif key.endswith(".weight") and can_adapt(adapt.how, before, shape):
                line = _line(adapt)
                entries.append(Entry(key, "adapted", shape, name, before, line, adapt.how, frozen))
            else:
                raise MisfitError(CannotFit(key, adapt.how, before, shape), adapt.span)
        if not any(e.source for e in entries):
            problem = CannotFit(keys[0], adapt.how, None, self._own[keys[0]])
            raise MisfitError(problem, adapt.span)
        return entries

    def _is_kept(self, node: Node, keys: Sequence[str]) -> bool:
        """Whether a layer is the very one of the reference: of the same line, in all its shapes.

        The name alone does not tell: with other arguments another layer may have it.
        """
        if not self._found.lacks_none(keys):
            return False
        shapes = {key: self._shapes[key] for key in keys if key in self._names}
        if any(shape not in (None, self._own[key]) for key, shape in shapes.items()):
            return False
        return self._reference.level == 0 or self._is_same_line(node, keys[0])

    def _is_same_line(self, node: Node, key: str) -> bool:
        if key not in self._reference.shapes:
            return False
        there = self._reference.graph.owner_of(key)
        same = there.span == node.span and there.within == node.within
        return same and there.op.name == node.op.name

    def _said(self, change: Change | None) -> Change | None:
        """A change, if it is one of what the weights were made for."""
        return change if change is not None and change.level < self._reference.level else None

    # ── reasons ──────────────────────────────────────────────────────────────────────────────

    def _why_new(self, node: Node, keys: Sequence[str]) -> str:
        """What in the spec asks for a layer to be freshly initialised.

        Raises:
            MisfitError: nothing does.
        """
        reference, reasons = self._reference, set[str]()
        for key in keys:
            if key in self._names and self._shapes[key] == self._own[key]:
                continue
            reason = self._by_argument(key) or self._by_cut(node)
            if reason:
                reasons.add(reason)
            elif key in reference.shapes and (not reference.level or self._is_same_line(node, key)):
                raise MisfitError(self._unfit(key, node))
        if reasons:  # a bias depends on fewer arguments than a weight
            return min(reasons, key=len)
        dropped = self._arguments(reference.dropped)
        return dropped or "follows from the other changes; the base has none"

    def _unfit(self, key: str, node: Node) -> Problem:
        """A tensor that is needed, and is not there, or is of another shape."""
        if key not in self._names:
            return lacking(self._found, self._own)
        before, reference = self._shapes[key], self._reference
        assert before is not None, "what is no tensor is refused later"
        if reference.level == 0 or before != reference.shapes[key]:
            return shapes_differ(self._found)
        return self._not_asked_for(key, before, node)

    def _by_argument(self, key: str) -> str:
        """The arguments on which the shape of a tensor depends: `classes=10`; or nothing."""
        base = self._reference.base
        if base is None:
            return ""
        as_called = self._shape_in(base.graph(), key)
        said = [n for n in base.arguments if self._shape_in(base.varied(n), key) != as_called]
        dropped = [n for n in said if n in self._reference.dropped]
        return self._arguments(dropped or said)

    def _by_cut(self, node: Node) -> str:
        """The line that took skips away before a layer, so that fewer channels come to it."""
        change = self._narrowed.get(node.id)
        return _line(change) if change is not None else ""

    @cached_property
    def _narrowed(self) -> dict[int, Change]:
        """For each node behind a concatenation that got narrower, the line that made it so."""
        lines: dict[int, Change] = {}
        for cut in self._graph.cuts:
            if cut.narrowed and self._said(cut.change) is not None:
                lines.setdefault(cut.tensor.node, cut.change)
        sources = frozenset(lines)
        found: dict[int, Change] = {}
        for node in self._graph.nodes:
            before = [t.node for t in node.inputs]
            known = [found.get(n) or (lines[n] if n in sources else None) for n in before]
            change = next((c for c in known if c is not None), None)
            if change is not None:
                found[node.id] = change
        return found

    def _shape_in(self, graph: Graph | None, key: str) -> Shape | None:
        return shapes_of(graph).get(key) if graph is not None else self._own.get(key)

    def _arguments(self, names: Iterable[str]) -> str:
        base = self._reference.base
        return ", ".join(f"{n}={_constant(base.arguments[n])}" for n in names) if base else ""

    def _unused(self) -> Iterator[Entry]:
        for key, name in self._names.items():
            if key not in self._used:
                shape = self._shapes[key] or ()
                yield Entry(name, "unused", shape, reason=self._why_unused(key))

    def _why_unused(self, key: str) -> str:
        path = self._reference.graph.owner_of(key).path
        for cut in self._graph.cuts:
            if path in cut.paths and self._said(cut.change) is not None:
                return _line(cut.change)
        for change in self._graph.changes:
            moves = change.word in ("replace", "remove") and self._said(change) is not None
            if moves and is_around(change, path):
                return _line(change)
        dropped = self._arguments(self._reference.dropped)
        if key in self._own:  # the same layer, which takes fewer channels now
            dropped = dropped or self._by_cut(self._graph.owner_of(key))
        return self._by_argument(key) or dropped or "has no place here"

    def _not_asked_for(self, key: str, before: Shape, node: Node) -> Problem:
        shape = self._own[key]
        other_channels = (
            node.op.name == "conv"
            and len(before) > 2
            and before[1:2] <= (_COLOURS,)
            and (before[0], *before[2:]) == (shape[0], *shape[2:])
        )
        return NotAskedFor(
            key=key,
            got=before,
            want=shape,
            network=self._graph.name,
            base=self._reference.graph.name,
            path=node.path,
            channels=other_channels,
        )


def _line(change: Change) -> str:
    """A line of the spec in a few words: `replace conv1, line 7`."""
    word = change.word.split()[0]  # `remove skips` says which ones behind it
    word = f"insert {word}" if word in ("before", "after") else word
    how = f": {change.how}" if change.how else ""
    return f"{word} {change.path}{how}, line {change.span.begin.line}"


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float, str)) else "…"
