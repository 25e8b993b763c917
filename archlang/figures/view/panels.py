"""One panel from the parts of a scope: its boxes, its lines, its skips as lines or loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from archlang.figures.view.captions import caption, shape_text, short, tip
from archlang.figures.view.model import Box, Caption, Line, LineKind, Loop, Panel
from archlang.figures.view.units import Part
from archlang.graph import Graph, Node, Output, Scope, Skip, Tensor, shapes
from archlang.ops.merging import Multiply


class Wiring:
    """What the panels of a graph have in common: its skips, and which matching operators W are
    written on a line (those without parameters) and which get a box."""

    def __init__(self, graph: Graph, skips: Sequence[Skip], boxed: bool = False) -> None:
        """`boxed`: every W gets a box."""
        self.graph = graph
        self.skips = {(s.merge, s.operand): s for s in skips}
        self.hidden = frozenset[int]() if boxed else frozenset(self._hidden())
        self._uses = Counter(n.path for n in graph.nodes if n.op.params(*shapes(n)))

    def shares(self, part: Part) -> bool:
        """Whether parameters of a part are used elsewhere as well (`shared`)."""
        within = Counter(n.path for n in part.nodes)
        return any(self._uses[path] > count for path, count in within.items())

    def _hidden(self) -> Iterator[int]:
        learned = {
            id(n.scope) for n in self.graph.nodes if n.role == "match" and n.op.params(*shapes(n))
        }
        for node in self.graph.nodes:
            boxed = id(node.scope) in learned if node.scope.kind == "match" else False
            if node.role == "match" and not boxed and not node.op.params(*shapes(node)):
                yield node.id

    def source(self, node: Node, operand: int) -> Tensor:
        """Where an operand comes from, past a W that has no box."""
        tensor = node.inputs[operand]
        while tensor.node in self.hidden:
            given = self.graph.matching.get((node.id, operand))
            tensor = given[0] if given else self.graph.nodes[tensor.node].inputs[0]
        return tensor

    def gathered(self, node: Node, operand: int) -> Tensor | None:
        """The concatenation that has brought an operand as far as this one, in a dense statement.

        Each concatenates all features so far with the newest: a drawing of every layer shows it
        as the one before with the newest, else its lines cannot be followed.
        """
        skip = self.skips.get((node.id, operand))
        if skip is None or skip.kind != "dense" or len(node.inputs) < 3:
            return None
        for user in self.graph.consumers[node.inputs[-2].node]:
            if user.inputs == node.inputs[:-1] and user.role == "merge":
                return user.outputs[0]
        return None

    def matching(self, skip: Skip) -> str:
        """W as written, or what it does if it has no box; empty where it changes nothing."""
        direct = self.graph.nodes[skip.merge].inputs[skip.operand]
        if direct == skip.source or skip.matching == "identity":
            return ""
        return (
            self.graph.producer(direct).op.label() if direct.node in self.hidden else skip.matching
        )


class PanelBuilder:
    """Makes one panel."""

    def __init__(self, wiring: Wiring, parts: Sequence[Part], title: str, note: str = "") -> None:
        self.wiring = wiring
        self.parts = [p for p in parts if not p.ids <= wiring.hidden]
        self.panel = Panel(title, note)
        self.owner = {i: k for k, part in enumerate(self.parts) for i in part.ids}
        self._lines: Counter[Line] = Counter()
        self.entries: dict[Tensor, int] = {}
        """Tensors from outside, with the boxes they come out of."""
        self._loops: dict[int, Counter[tuple[LineKind, str]]] = {}

    def build(self, *, inset: bool, outputs: Sequence[Output] = ()) -> Panel:
        """The panel; an inset shows shapes where tensors enter and leave, not on its lines."""
        for index, part in enumerate(self.parts):
            self.panel.boxes.append(self._box(index, part))
        for index, part in enumerate(self.parts):
            self._wire(index, part)
        for tensor, name, training in self._results(outputs, inset):
            self._leave(tensor, name, training)
        self.panel.lines = [self._finished(line, n, inset) for line, n in self._lines.items()]
        for index, loops in self._loops.items():
            found = (Loop(kind, short(w, 16), n) for (kind, w), n in loops.items())
            self.panel.boxes[index].loops = tuple(found)
        return self.panel

    def _box(self, index: int, part: Part) -> Box:
        last = part.nodes[-1]
        box = Box(
            index, caption(part), self._family(part), tuple(n.id for n in part.nodes),
            count=part.count, folded=part.scope is not None,
            training=last.training is not None, tip=tip(part), stage=stage(part),
            shape=last.shape,
            layers=() if part.scope else tuple((n.op.style.family, n.shape) for n in part.copy),
            unit=part.scope,
        )  # fmt: skip
        if self.wiring.shares(part):
            under = " · ".join(filter(None, (box.caption.under, "shared")))
            box.caption = replace(box.caption, under=under)
        if last.role == "input":
            box.form, box.stage = "pill", ""
            name = last.op.label()
            only = len(self.wiring.graph.inputs) == 1 and name == "x"
            box.caption = Caption("input" if only else short(name), under=shape_text(last.shape))
        elif box.family == "skip":
            over = " · ".join(text for text in (self._written(last), box.caption.over) if text)
            box.caption = replace(box.caption, over=short(over))
        elif part.scope is None and last.role == "merge":
            box.form = "circle" if len(box.caption.title) <= 2 else "pill"
        return box

    def _written(self, node: Node) -> str:
        """W as the spec writes it, for the last node of what it became."""
        for user in self.wiring.graph.consumers[node.id]:
            for operand, tensor in enumerate(user.inputs):
                given = self.wiring.graph.matching.get((user.id, operand))
                if given and tensor.node == node.id:
                    return given[1]
        return ""

    @staticmethod
    def _family(part: Part) -> str:
        if part.scope is not None:
            return "unit"
        if part.nodes[0].role == "match":
            return "skip"
        families = [n.op.style.family for n in part.nodes]
        heads = [f for f in families if f in ("conv", "linear", "pool")]
        return (heads or families)[0]

    def _wire(self, index: int, part: Part) -> None:
        """Lines into a part; a skip into a unit that its source feeds anyway is the unit's own."""
        feeding: set[int] = set()
        late: list[tuple[Tensor, Skip]] = []
        for node in part.nodes:
            for operand in range(len(node.inputs)):
                source = self.wiring.source(node, operand)
                skip = self._skip(node, operand)
                if part.scope is None:
                    source = self.wiring.gathered(node, operand) or source
                tail = self.owner.get(source.node)
                if skip is not None and (part.scope is not None or tail == index):
                    late.append((source, skip))
                elif tail != index:
                    tail = self._tail(source)
                    feeding.add(tail)
                    self._line(
                        Line(tail, index, *self._look(node, skip, tail), self._shape(source, tail))
                    )
        for source, skip in self._without_gates(late):
            self._skip_into(index, source, skip, feeding)

    def _without_gates(self, late: list[tuple[Tensor, Skip]]) -> list[tuple[Tensor, Skip]]:
        """A map times a gate made of it (Hu et al. 2017, arXiv:1709.01507) is no skip of a unit
        that has one besides; where the product is all there is (a highway), it is."""
        nodes = self.wiring.graph.nodes
        plain = [(t, s) for t, s in late if not isinstance(nodes[s.merge].op, Multiply)]
        return plain or late

    def _skip(self, node: Node, operand: int) -> Skip | None:
        return self.wiring.skips.get((node.id, operand))

    def _look(self, node: Node, skip: Skip | None, tail: int) -> tuple[LineKind, str]:
        """Kind and label of a line into a node that is drawn."""
        if skip is not None:
            boxed = tail < len(self.parts) and self.parts[tail].nodes[0].role == "match"
            return skip.kind, "" if boxed else short(self.wiring.matching(skip), 18)
        return self._kind_of_match(node), ""

    def _kind_of_match(self, node: Node) -> LineKind:
        if node.role != "match" or self.parts[self.owner[node.id]].scope is not None:
            return "flow"
        before = node
        while node.role == "match":
            users = self.wiring.graph.consumers[node.id]
            before, node = node, users[0]
        operand = next(i for i, t in enumerate(node.inputs) if t.node == before.id)
        skip = self._skip(node, operand)
        return skip.kind if skip else "flow"

    def _skip_into(self, index: int, source: Tensor, skip: Skip, feeding: set[int]) -> None:
        origin = self.owner.get(skip.source.node)
        tail = self._tail(skip.source) if origin != index else index
        label = self.wiring.matching(skip)
        if tail == index or tail in feeding:
            self._loops.setdefault(index, Counter())[(skip.kind, label)] += 1
        else:
            shape = self._shape(source, tail)
            self._line(Line(tail, index, skip.kind, short(label, 18), shape))

    def _tail(self, source: Tensor) -> int:
        """The box a tensor comes from; tensors from outside get a box of their own."""
        owner = self.owner.get(source.node)
        if owner is not None:
            return owner
        if source not in self.entries:
            self.entries[source] = self._pill(Caption("x", under=shape_text(source.shape)))
        return self.entries[source]

    def _pill(self, text: Caption, training: bool = False) -> int:
        box = Box(len(self.panel.boxes), text, "input", (), form="pill", training=training)
        self.panel.boxes.append(box)
        return box.id

    def _line(self, line: Line) -> None:
        self._lines[line] += 1

    def _shape(self, source: Tensor, tail: int) -> str:
        """The shape, if the tail box changes it."""
        if tail >= len(self.parts):
            return ""
        first = self.parts[tail].nodes[0]
        entering = shapes(first)
        return "" if not entering or source.shape in entering else shape_text(source.shape)

    def _results(
        self, outputs: Sequence[Output], inset: bool
    ) -> Iterator[tuple[Tensor, str, bool]]:
        if not inset:
            for output in outputs:
                yield output.tensor, output.name, output.training
            return
        inside = self.owner.keys() | self.wiring.hidden
        seen: set[Tensor] = set()
        for part in self.parts:
            for node in part.nodes:
                users = self.wiring.graph.consumers[node.id]
                for user in users or [None]:
                    if user is not None and user.id in inside:
                        continue
                    seen.update(t for t in node.outputs if user is None or t in user.inputs)
        yield from ((t, "", False) for t in sorted(seen, key=lambda t: (t.node, t.port)))

    def _leave(self, tensor: Tensor, name: str, training: bool) -> None:
        shape = shape_text(tensor.shape)
        text = Caption(short(name), under=shape) if name else Caption(shape)
        tail = self._tail(tensor)
        pill = self._pill(text, training)
        self._line(Line(tail, pill, training=training))

    def _finished(self, line: Line, count: int, inset: bool) -> Line:
        head = self.panel.boxes[line.head]
        dashed = line.training or head.training
        return Line(
            line.tail, line.head, line.kind, line.label, "" if inset else line.shape, dashed, count
        )


def name_entries(panel: Panel) -> None:
    """Tell several inputs of an inset apart."""
    entries = [b for b in panel.boxes if b.caption.title == "x" and not b.nodes]
    if len(entries) > 1:
        for number, box in enumerate(entries, 1):
            box.caption = Caption(f"x{number}", under=box.caption.under)


def stage(part: Part) -> str:
    """The named run a part lies in, directly below the network; else its size."""
    scope: Scope = part.scope or part.nodes[0].scope
    named = [s for s in scope.ancestors() if s.kind == "chain" and s.parent is not None]
    if named and named[-1].parent is not None and named[-1].parent.parent is None:
        return named[-1].name
    shape = part.nodes[-1].shape
    return "\0" + "×".join(map(str, shape[1:])) if len(shape) > 1 else ""
