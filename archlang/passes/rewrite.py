"""The one place where nodes of a graph are dropped, changed and numbered anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from archlang.graph import Cut, Graph, Match, Node, Output, Tensor


class Rewriter:
    """Collects changes of a graph; `graph()` is a new one with all of them, the old one stays.

    Nodes are named by their numbers in the old graph, tensors too.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: list[Node | None] = list(graph.nodes)
        self._instead: dict[tuple[int, int], Tensor] = {}
        self._outputs = list(graph.outputs)

    def __getitem__(self, number: int) -> Node:
        """A node as it is by now."""
        node = self._nodes[number]
        assert node is not None, "a dropped node is not asked for"
        return node

    def change(self, number: int, **fields: Any) -> None:
        """Set fields of a node."""
        self._nodes[number] = replace(self[number], **fields)

    def put(self, node: Node) -> None:
        """Put a node in the place that its number says."""
        self._nodes[node.id] = node

    def bypass(self, number: int, instead: Tensor) -> None:
        """Drop a node of one result: who takes it, takes `instead`."""
        self._instead[number, self[number].outputs[0].port] = instead
        self._nodes[number] = None

    def keep_outputs(self, outputs: list[Output]) -> None:
        """Drop the other outputs."""
        self._outputs = outputs

    def graph(self, **fields: Any) -> Graph:
        """The new graph: without what nothing needs any more, its nodes numbered from 0.

        Args:
            **fields: of the graph, to be set as well.
        """
        alive = self._alive()
        numbers = {old: new for new, old in enumerate(sorted(alive))}
        old = self._graph
        return replace(
            old,
            nodes=[self._renumbered(self[number], numbers) for number in sorted(alive)],
            inputs=[numbers[i] for i in old.inputs],
            outputs=[
                Output(o.name, self._moved(o.tensor, numbers), o.span, o.training)
                for o in self._outputs
            ],
            matching=self._matching(numbers),
            cuts=[self._cut(cut, numbers) for cut in old.cuts if self._lives(cut.tensor, numbers)],
            **fields,
        )

    def _alive(self) -> set[int]:
        """The numbers of the inputs and of what the outputs are made of."""
        alive = set(self._graph.inputs)
        waiting = [self._found(o.tensor).node for o in self._outputs]
        while waiting:
            number = waiting.pop()
            if number not in alive:
                alive.add(number)
                waiting += [self._found(t).node for t in self[number].inputs]
        return alive

    def _found(self, tensor: Tensor) -> Tensor:
        """What a tensor is after all that was bypassed."""
        while (tensor.node, tensor.port) in self._instead:
            tensor = self._instead[tensor.node, tensor.port]
        return tensor

    def _lives(self, tensor: Tensor, numbers: dict[int, int]) -> bool:
        return self._found(tensor).node in numbers

    def _moved(self, tensor: Tensor, numbers: dict[int, int]) -> Tensor:
        found = self._found(tensor)
        return Tensor(numbers[found.node], found.shape, found.port)

    def _renumbered(self, node: Node, numbers: dict[int, int]) -> Node:
        number = numbers[node.id]
        outputs = tuple(Tensor(number, t.shape, t.port) for t in node.outputs)
        inputs = tuple(self._moved(t, numbers) for t in node.inputs)
        return replace(node, id=number, inputs=inputs, outputs=outputs)

    def _matching(self, numbers: dict[int, int]) -> dict[tuple[int, int], Match]:
        """What is said of the operands of merges that still take these operands."""
        old = self._graph
        return {
            (numbers[merge], operand): match._replace(source=self._moved(match.source, numbers))
            for (merge, operand), match in old.matching.items()
            if merge in numbers
            and self[merge].inputs == old.nodes[merge].inputs
            and self._lives(match.source, numbers)
        }

    def _cut(self, cut: Cut, numbers: dict[int, int]) -> Cut:
        return Cut(cut.change, self._moved(cut.tensor, numbers), cut.narrowed, cut.paths)
