"""Two graphs to their difference: what is paired, what is not, and what only follows from that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archlang.comparing.matching import Matching, match
from archlang.comparing.model import Change, Difference, Place, Sort, Stage, Totals
from archlang.comparing.parts import Part, parts_of
from archlang.comparing.wiring import Wiring
from archlang.graph import Graph, Node, Output, shapes
from archlang.ops.base import Shape, shape_text

_OTHER_BLOCK = 0.6
"""Blocks of two names whose weighted layers have less in common are not the same one renamed."""
_LEAF = 120
"""What is longer is not shown as it is written."""


def compare(before: Graph, after: Graph) -> Difference:
    """What changed from one network to another one."""
    return _Comparison(before, after).run()


class _Side:
    """One network with the costs of its layers."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.parts = parts_of(graph)
        owners = {node.id for node in graph.owners}
        self._costs = [
            (
                node.op.params(*shapes(node)) if node.id in owners else 0,
                0 if node.training else node.op.macs(*shapes(node)),
            )
            for node in graph.nodes
        ]

    def cost(self, part: Part) -> tuple[int, int]:
        """Parameters (of the layers that own theirs) and MACs for one sample, in evaluation."""
        costs = [self._costs[node.id] for node in part.nodes]
        return sum(c[0] for c in costs), sum(c[1] for c in costs)

    def place(self, part: Part) -> Place:
        params, macs = self.cost(part)
        span = part.node.span if part.node else part.scope and part.scope.span
        begin = span.begin if span else None
        written = span.text if span and part.node and part.node.role == "layer" else ""
        last = part.nodes[-1]
        return Place(
            path=part.path,
            kind=part.kind,
            text=part.text,
            written="" if "\n" in written or len(written) > _LEAF else written,
            shapes=tuple(tensor.shape for tensor in last.outputs),
            params=params,
            macs=macs,
            file=span.source.name if span else "",
            line=begin.line if begin else 0,
            column=begin.column if begin else 0,
        )

    def totals(self) -> Totals:
        graph = self.graph
        root = graph.root.span
        return Totals(
            name=graph.name,
            file=root.source.name if root else "",
            parameters=dict(graph.parameters),
            inputs={graph.nodes[n].path: graph.nodes[n].shape for n in graph.inputs},
            outputs={output.name: output.tensor.shape for output in graph.outputs},
            params=graph.params,
            frozen=sum(self._costs[n.id][0] for n in graph.owners if n.frozen),
            macs=graph.macs,
            depth=graph.depth,
            layers=sum(node.role != "input" for node in graph.nodes),
        )


class _Comparison:
    """Of two networks."""

    def __init__(self, before: Graph, after: Graph) -> None:
        self.sides = _Side(before), _Side(after)
        self.found: Matching = match(self.sides[0].parts, self.sides[1].parts)
        self.changes: list[Change] = []
        self.follows: list[Change] = []
        self.hidden: set[int] = set()
        """Ids of parts in a block that was replaced, whose inside is not told."""
        self.inside: set[int] = set()
        """Ids of parts in a block with other arguments, which counts their costs."""
        self.replaced: list[tuple[Part, Part]] = []
        self._blocks()
        self.layers = self._layers()
        self.wiring = Wiring(before, after, self.layers)

    def run(self) -> Difference:
        """The difference, in the order of the second network."""
        for a, b in self.found.pairs:
            if a.node is not None and b.node is not None and id(a) not in self.hidden:
                self._pair(a, b)
        for a, b in self.found.moved:
            if id(a) not in self.hidden or id(b) not in self.hidden:
                self._add("moved", a, b)
        for part in self.found.went:
            if id(part) not in self.hidden:
                self._add("went", part, None)
        for part in self.found.came:
            if id(part) not in self.hidden:
                self._add("came", None, part)
        return Difference(
            before=self.sides[0].totals(),
            after=self.sides[1].totals(),
            changes=tuple(sorted(self.changes, key=lambda change: change.order)),
            follows=tuple(sorted(self.follows, key=lambda change: change.order)),
            stages=tuple(self._stages()),
            outputs=tuple(self._outputs()),
        )

    def _blocks(self) -> None:
        """Blocks that were replaced by others, or are used with other arguments."""
        for a, b in self.found.pairs:
            if not (a.block or b.block) or id(a) in self.hidden or a.key == b.key:
                continue
            if a.block != b.block and _common(a, b) < _OTHER_BLOCK:
                self.hidden.update(id(part) for whole in (a, b) for part in whole.walk())
                self.replaced.append((a, b))
                self._add("changed", a, b)
            elif a.block == b.block and a.text != b.text and id(a) not in self.inside:
                self._add("changed", a, b)
                self.inside.update(id(p) for part in (a, b) for p in part.walk())

    def _layers(self) -> dict[int, int]:
        """The pairs of layers that connections are compared by.

        Of a block that was replaced only what it gives: its inside is another one. What has moved
        is told of by itself, and has other neighbours anyway.
        """
        hidden = {n.id for a, _ in (*self.replaced, *self.found.moved) for n in a.nodes}
        layers = {a: b for a, b in self.found.layers.items() if a not in hidden}
        for a, b in self.replaced:
            layers[a.nodes[-1].id] = b.nodes[-1].id
        return layers

    def _pair(self, a: Part, b: Part) -> None:
        """What became of a layer."""
        assert a.node is not None and b.node is not None
        sort: Sort | None = None
        if a.key != b.key:
            sort = "shape" if self._follows(a, b) else "changed"
        elif shapes(a.node) != shapes(b.node) or _results(a.node) != _results(b.node):
            sort = "shape"
        elif a.path != b.path:
            sort = "renamed"
        if self.wiring.differs(a.node, b.node):
            note = self.wiring.sources(a.node, b.node)
            self._add("changed" if sort == "changed" else "rewired", a, b, note)
        elif sort:
            self._add(sort, a, b)

    def _follows(self, a: Part, b: Part) -> bool:
        """Whether its arguments are others only because those of its block are."""
        assert a.node is not None and b.node is not None
        return id(a) in self.inside and a.node.span.text == b.node.span.text

    def _add(self, sort: Sort, a: Part | None, b: Part | None, note: str = "") -> None:
        before, after = a and self.sides[0].place(a), b and self.sides[1].place(b)
        inside = any(part is not None and id(part) in self.inside for part in (a, b))
        change = Change(sort, before, after, note, inside, self._order(a, b))
        (self.follows if sort in ("shape", "renamed") else self.changes).append(change)

    def _order(self, a: Part | None, b: Part | None) -> float:
        """Where it stands in the second network; what went, behind what it stood behind."""
        if b is not None:
            return b.nodes[0].id
        assert a is not None
        partners = self.found.layers
        earlier = range(a.nodes[0].id - 1, -1, -1)
        return next((partners[n] + 0.5 for n in earlier if n in partners), -0.5)

    def _stages(self) -> Iterator[Stage]:
        """The parts of the body that cost or give something else, in the second one's order."""
        tops = [{id(part) for part in side.parts.parts} for side in self.sides]
        found: list[tuple[float, Part | None, Part | None]] = [
            (self._order(a, b), a, b)
            for a, b in (*self.found.pairs, *self.found.moved)
            if id(a) in tops[0] or id(b) in tops[1]
        ]
        went = [part for part in self.found.went if id(part) in tops[0]]
        came = [part for part in self.found.came if id(part) in tops[1]]
        found += [(self._order(part, None), part, None) for part in went]
        found += [(self._order(None, part), None, part) for part in came]
        for _, a, b in sorted(found, key=lambda item: item[0]):
            before, after = a and self.sides[0].place(a), b and self.sides[1].place(b)
            if _differ(before, after):
                yield Stage(before, after)

    def _outputs(self) -> Iterator[str]:
        before, after = ({o.name: o for o in side.graph.outputs} for side in self.sides)
        for name in [*before, *(n for n in after if n not in before)]:
            if name not in after:
                yield f"output {name} went"
            elif name not in before:
                yield f"output {name} came: {shape_text(after[name].tensor.shape)}"
            else:
                yield from self._output(before[name], after[name])

    def _output(self, a: Output, b: Output) -> Iterator[str]:
        if a.tensor.shape != b.tensor.shape:
            old, new = shape_text(a.tensor.shape), shape_text(b.tensor.shape)
            yield f"{_called(a)} was {old} and is {new}"
        if a.training != b.training:
            yield f"{_called(a)} is {'now' if b.training else 'no longer'} for training alone"
        if not self.wiring.same(a.tensor, b.tensor):
            old = self.sides[0].graph.producer(a.tensor).path
            new = self.sides[1].graph.producer(b.tensor).path
            yield f"{_called(a)} is taken from {new} instead of {old}"


def _results(node: Node) -> tuple[Shape, ...]:
    return tuple(tensor.shape for tensor in node.outputs)


def _called(output: Output) -> str:
    return "the output" if output.name == "output" else f"output {output.name}"


def _common(a: Part, b: Part) -> float:
    """How many of the weighted layers of two blocks are equal, from 0 to 1."""
    left, right = (
        Counter(leaf.key for leaf in part.leaves if leaf.node and leaf.node.op.weighted)
        for part in (a, b)
    )
    return 2 * (left & right).total() / max(1, left.total() + right.total())


def _differ(before: Place | None, after: Place | None) -> bool:
    if before is None or after is None:
        only = before or after
        return only is not None and only.params > 0
    return (before.params, before.macs, before.shapes) != (after.params, after.macs, after.shapes)
