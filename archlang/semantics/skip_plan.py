"""What lines such as `remove short skips` mean: which operands of which merges of the base."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from archlang.analysis.skips import skips
from archlang.diagnostics.catalog.ablation import ExceptsNothing, NoSuchSkips
from archlang.diagnostics.catalog.graph import SaidTwice
from archlang.diagnostics.model import Diagnostic, Fix, Label
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph, Node, Scope, Skip, Tensor
from archlang.ops.merging import Add, Concat, Mean, Multiply, Subtract
from archlang.paths import prefixes
from archlang.semantics.surgery import Edit, path_matches
from archlang.source import Span

_JOINS = (Add, Mean, Concat, Multiply, Subtract)
_Place: TypeAlias = tuple[str, int, int, int]
"""A scope's path, and where a merge is written: source, start, end."""


class Merged(NamedTuple):
    """A merge of the base, and what becomes of its operands."""

    path: str
    size: int
    """How many operands it has."""
    lines: dict[int, Edit]
    """Operand → the line that takes it away or replaces it."""
    made_of: dict[int, tuple[str, ...]]
    """Operand → the paths of what its W was made of, where that is taken away."""


@dataclass
class SkipPlan:
    """What the lines of one network do to the skips of its base."""

    level: int
    """Whose lines they are: 0 the network's own, 1 those of its base, and so on."""
    merges: dict[_Place, list[Merged | None]]
    """The merges of the base in the order in which they are made, by their places; None for one
    that stays as it is."""
    names: dict[str, set[str]]
    """Scope path → the names in it, in the base."""
    found: list[Diagnostic]
    """What is wrong with the lines."""
    _met: Counter[_Place] = field(default_factory=Counter[_Place])

    def next(self, scope_path: str, span: Span) -> Merged | None:
        """The merge of the base that is made next at a place; None if it has none there, or it
        stays as it is."""
        place = _place(scope_path, span)
        number = self._met[place]
        self._met[place] += 1
        there = self.merges.get(place, [])
        return there[number] if number < len(there) else None

    def anew(self) -> SkipPlan:
        """The same for another expansion."""
        return SkipPlan(self.level, self.merges, self.names, self.found)


def plan_of(lines: Sequence[Edit], base: Graph, name: str) -> SkipPlan:
    """What lines of one network do to the skips of its base, which it calls `name`."""
    index = _INDICES.get(base)
    if index is None:
        index = _INDICES[base] = _Index(base)
    planner = _Planner(index, name)
    for line in lines:
        planner.add(line)
    return SkipPlan(lines[0].change.level, planner.merges(), index.names, planner.found)


def removable(graph: Graph) -> list[Skip]:
    """The skips that a line can speak of: those into sums, means and concatenations."""
    kinds = (Add, Mean, Concat)
    return [s for s in skips(graph) if isinstance(graph.nodes[s.merge].op, kinds)]


class _Index:
    """What has to be known of a base, whatever the lines say of it."""

    def __init__(self, base: Graph) -> None:
        self.nodes = base.nodes
        self.matching = base.matching
        self.skips = removable(base)
        self.gates = len(skips(base)) - len(self.skips)
        self.names = _names(base)
        self.places: defaultdict[_Place, list[Node]] = defaultdict(list)
        """The merges by their places, in the order in which they are made."""
        for node in base.nodes:
            if node.role == "merge" and isinstance(node.op, _JOINS):
                self.places[_place(node.scope.path, node.span)].append(node)


_INDICES: WeakKeyDictionary[Graph, _Index] = WeakKeyDictionary()


class _Planner:
    """Finds the operands that lines speak of."""

    def __init__(self, index: _Index, name: str) -> None:
        self._base = index
        self._name = name
        self._skips = index.skips
        self._lines: dict[tuple[int, int], Edit] = {}
        self.found: list[Diagnostic] = []

    def add(self, edit: Edit) -> None:
        """Put a line in force; what is wrong with it is noted."""
        line, before = edit.skips, len(self.found)
        assert line is not None
        kind = [s for s in self._skips if line.kind in (s.kind, "all")]
        chosen = [s for s in kind if not any(self._lies(s, p.path) for p in line.excepted)]
        if kind:
            self._check_excepted(edit, kind)
        if not chosen:
            there = tuple(Counter(s.kind for s in self._skips).most_common())
            problem = NoSuchSkips(line.kind, self._name, there, self._base.gates, len(kind))
            if len(self.found) == before:
                self._report(Diagnostic.of(problem, edit.change.span))
        for skip in chosen:
            self._choose(skip, edit)

    def _lies(self, skip: Skip, path: str) -> bool:
        merge = self._base.nodes[skip.merge].path
        return any(path_matches(path, around) for around in prefixes(merge))

    def _check_excepted(self, edit: Edit, kind: Sequence[Skip]) -> None:
        assert edit.skips is not None
        for name in edit.skips.excepted:
            if any(self._lies(s, name.path) for s in kind):
                continue
            ends = tuple(dict.fromkeys(self._base.nodes[s.merge].path for s in kind))
            around = dict.fromkeys(p for end in ends for p in prefixes(end))
            # to except them all would leave the line without any
            some = [p for p in around if not all(self._lies(s, p) for s in kind)]
            near = closest(name.path, some or around)
            problem = ExceptsNothing(name.path, edit.skips.kind, near, ends)
            fix = Fix(name.span, near) if near else None
            self._report(Diagnostic.of(problem, name.span, fix=fix))

    def _choose(self, skip: Skip, edit: Edit) -> None:
        first = self._lines.setdefault((skip.merge, skip.operand), edit)
        if first is not edit:
            path = self._base.nodes[skip.merge].path
            problem = SaidTwice(path, f"{first.change.word.split()[0]} {first.change.path}")
            labels = [Label(first.change.span, "first here")]
            self._report(Diagnostic.of(problem, edit.change.span, labels))

    def _report(self, diagnostic: Diagnostic) -> None:
        if all((d.code, d.primary) != (diagnostic.code, diagnostic.primary) for d in self.found):
            self.found.append(diagnostic)

    def merges(self) -> dict[_Place, list[Merged | None]]:
        """The merges of the base by their places; None for one that stays as it is."""
        changed = {merge for merge, _ in self._lines}
        return {
            place: [self._merged(node) if node.id in changed else None for node in nodes]
            for place, nodes in self._base.places.items()
        }

    def _merged(self, merge: Node) -> Merged:
        operands = range(len(merge.inputs))
        lines = {i: e for i in operands if (e := self._lines.get((merge.id, i))) is not None}
        made_of = {i: tuple(_made_of(self._base, merge, i)) for i, e in lines.items() if _ends_w(e)}
        return Merged(merge.path, len(merge.inputs), lines, made_of)


def _ends_w(edit: Edit) -> bool:
    """Whether a line takes the W of a skip away; saying where it starts leaves W as it is."""
    return edit.skips is not None and (
        edit.change.word == "remove skips" or edit.skips.matching is not None
    )


def _place(scope_path: str, span: Span) -> _Place:
    return scope_path, id(span.source), span.start, span.end


def _made_of(graph: _Index, merge: Node, operand: int) -> Iterator[str]:
    """The paths of the layers that W put between an operand's source and the merge."""
    match = graph.matching.get((merge.id, operand))
    if match is None:
        return
    waiting: list[Tensor] = [merge.inputs[operand]]
    seen: set[int] = set()
    while waiting:
        tensor = waiting.pop()
        node = graph.nodes[tensor.node]
        if tensor == match.source or node.id in seen or node.id <= match.source.node:
            continue
        if node.role not in ("match", "merge"):
            continue
        seen.add(node.id)
        yield node.path
        waiting.extend(node.inputs)


def _names(graph: Graph) -> dict[str, set[str]]:
    """Scope path → the names in it."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for node in graph.nodes:
        above = ""
        for path in prefixes(node.path):
            names[above].add(path[len(above) :].lstrip("."))
            above = path
    waiting: list[Scope] = [graph.root]
    while waiting:
        scope = waiting.pop()
        waiting.extend(scope.children)
        if scope.parent is not None:
            names[scope.parent.path].add(scope.path.removeprefix(scope.parent.path).lstrip("."))
    return dict(names)
