"""The letters of a block with skips: Z before an activation, Y after it, W where a skip matches.

The form is `Y_l = f(Z_l + W∘Y_{l−s})`: l is the layer at which the block's last skip lands, an
index counts weighted layers, and s is what `analysis.skips` measures. Texts are math: `_{…}` is a
subscript, and nothing that a spec's author wrote is in them but plain names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archlang.graph import Graph, Node, Skip, Tensor
from archlang.ops.base import Op
from archlang.ops.merging import Add, Concat, Mean, Multiply, Subtract, WithConstant

_SIGNS: dict[type[Op], str] = {Add: " + ", Subtract: " − ", Multiply: " · "}
_PASSING = frozenset({"activation", "norm", "regular", "shape", "pool", "merge", "skip"})
"""Families whose results are activated if what they take is; weighted layers give linear ones."""


class Letters:
    """The names of the tensors of one block, and the formulas of its skips.

    `names` has the tensors that are called something; without skips in the block, none.
    """

    def __init__(self, graph: Graph, skips: Iterable[Skip], nodes: Sequence[Node]) -> None:
        self.graph = graph
        self.inside = {n.id for n in nodes}
        self.skips = {
            (s.merge, s.operand): s for s in skips if s.merge in self.inside and s.kind != "dense"
        }
        self.names: dict[Tensor, str] = {}
        self.formulas: list[str] = []
        self._activated = _activated(graph)
        self._ends = [n for n in nodes if self._is_end(n)]
        if self._ends:
            self._last = graph.depths[self._ends[-1].id]
            self._name_skips()
            self._name_body(nodes)

    def _is_end(self, node: Node) -> bool:
        """Whether skips land here, or in the terms of this sum, and no further sum takes it."""
        return self._has_skip(node) and not any(
            user.role == "merge" and user.id in self.inside and not isinstance(user.op, Concat)
            for user in self.graph.consumers[node.id]
        )

    def _has_skip(self, node: Node) -> bool:
        if node.role != "merge" or node.id not in self.inside:
            return False
        if any((node.id, k) in self.skips for k in range(len(node.inputs))):
            return True
        inputs = () if isinstance(node.op, Concat) else node.inputs
        return any(self._is_term(t) and self._has_skip(self.graph.producer(t)) for t in inputs)

    def _is_term(self, tensor: Tensor) -> bool:
        """Whether a tensor is part of one formula with the merge that takes it."""
        node = self.graph.producer(tensor)
        alone = len(self.graph.consumers[node.id]) == 1
        return node.role == "merge" and alone and node.id in self.inside and not self._named(node)

    @staticmethod
    def _named(node: Node) -> bool:
        return node.scope.kind == "chain" and not node.scope.name.isdigit()

    def _name_skips(self) -> None:
        """Results first, then where the skips come from, then what they are added to."""
        results = {end.id: self._result(end) for end in self._ends}
        for end in self._ends:
            result, function = results[end.id]
            final = function is None and result == self.graph.outputs[0].tensor
            self._give(result, "θ" if final else self._letter(result, self._back(end)))
        for skip in self.skips.values():
            back = self._last - self.graph.depths[skip.merge] + skip.depth
            name = self._letter(skip.source, back)
            for primes in ("", "′", "″", "‴"):
                if self._give(skip.source, name[0] + primes + name[1:]):
                    break
        for number in sorted(self.inside):
            for tensor in self.graph.nodes[number].inputs:
                if tensor.node not in self.inside:
                    back = self._back(self.graph.producer(tensor))
                    self._give(tensor, self._letter(tensor, back))
        for end in self._ends:
            result, function = results[end.id]
            text = self._expression(end)
            if function is not None:
                text = f"f({text}), f = {function.op.label()}"
            formula = f"{self.names[result]} = {text}"
            if formula not in self.formulas:
                self.formulas.append(formula)

    def _result(self, end: Node) -> tuple[Tensor, Node | None]:
        """What a sum becomes, with the activation that follows it, if one does."""
        node = end
        while True:
            users = self.graph.consumers[node.id]
            if len(users) != 1 or users[0].id not in self.inside:
                return end.outputs[0], None
            node = users[0]
            if node.op.style.family == "activation":
                return node.outputs[0], node
            if node.op.style.family != "norm":
                return end.outputs[0], None

    def _back(self, node: Node) -> int:
        """By how many weighted layers a node lies before the last skip's end."""
        return self._last - self.graph.depths[node.id]

    def _letter(self, tensor: Tensor, back: int) -> str:
        node = self.graph.producer(tensor)
        if node.role == "input":
            return "x"
        sign = f"−{back}" if back > 0 else f"+{-back}" if back else ""
        return f"{'Y' if self._activated[node.id] else 'Z'}_{{l{sign}}}"

    def _give(self, tensor: Tensor, name: str) -> str:
        """Name a tensor, unless it has a name or the name is another's."""
        if tensor not in self.names and name not in self.names.values():
            self.names[tensor] = name
        return self.names.get(tensor, "")

    def _expression(self, merge: Node) -> str:
        terms = [self._operand(merge, k) for k in range(len(merge.inputs))]
        if isinstance(merge.op, WithConstant):
            return merge.op.label().replace("·", terms[0])
        if isinstance(merge.op, Concat):
            return f"[{', '.join(terms)}]"
        if isinstance(merge.op, Mean):
            return f"mean({', '.join(terms)})"
        if isinstance(merge.op, Multiply):
            terms = [f"({t})" if " + " in t or " − " in t else t for t in terms]
        return _SIGNS.get(type(merge.op), " + ").join(terms)

    def _operand(self, merge: Node, operand: int) -> str:
        tensor = merge.inputs[operand]
        skip = self.skips.get((merge.id, operand))
        if skip is not None:
            source = self.names.get(skip.source) or "x"
            if tensor == skip.source:
                return source
            return self._give(tensor, f"W∘{source}") or f"W∘{source}"
        node = self.graph.producer(tensor)
        if self._is_term(tensor) and node.id not in {e.id for e in self._ends}:
            return self._expression(node)
        return self._body(tensor, merge)

    def _body(self, tensor: Tensor, merge: Node) -> str:
        """What a skip is added to: Z or Y by its place, F(source) where that is the result's."""
        if tensor in self.names:
            return self.names[tensor]
        node = self.graph.producer(tensor)
        if self._named(node) and self._leaves(node):
            return self._give(tensor, node.scope.name) or node.scope.name
        plain = self._letter(tensor, self._back(node))
        sources = [s.source for s in self.skips.values() if s.merge == merge.id]
        source = self.names.get(sources[0], "x") if sources else "x"
        letters = ("F", "G", "H", "K")
        for name in (plain, *(f"{letter}({source})" for letter in letters)):
            if self._give(tensor, name):
                return self.names[tensor]
        return plain

    def _leaves(self, node: Node) -> bool:
        """Whether a node is where the run that it is part of ends."""
        return all(user.scope is not node.scope for user in self.graph.consumers[node.id])

    def _name_body(self, nodes: Sequence[Node]) -> None:
        """The layers on the way: Y after an activation, Z before it."""
        plain = [n for n in nodes if n.role == "layer" and n.op.style.family == "activation"]
        for node in plain:
            self._give(node.outputs[0], self._letter(node.outputs[0], self._back(node)))
        for node in plain:
            source = self.graph.producer(node.inputs[0])
            if source.id in self.inside and source.role == "layer":
                self._give(node.inputs[0], self._letter(node.inputs[0], self._back(source)))


def _activated(graph: Graph) -> list[bool]:
    """For each node id, whether its result has gone through an activation since the last layer."""
    found: list[bool] = []
    for node in graph.nodes:
        family = node.op.style.family
        before = (found[t.node] for t in node.inputs)
        found.append(family in ("activation", "input") or (family in _PASSING and all(before)))
    return found
