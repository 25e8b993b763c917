"""Where a network first computes NaN or infinity: forward first, then back from the loss."""

from __future__ import annotations

from functools import partial
from itertools import groupby, islice
from typing import Any

from torch import Tensor, fx

from archlang.backends.recipes import recipe_of
from archlang.diagnostics.catalog.measuring import NotFinite
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph, Node
from archlang.ops.recipe import Fold, PassThrough
from archlang.ops.reshaping import Split
from archlang.problems import about_network


class Finder(fx.Interpreter):
    """Runs a network node by node and looks at whatever each gives, and hears from the loss.

    That costs several passes over all numbers, so it is done only where it is known that there is
    something to find.
    """

    def __init__(self, graph: Graph, module: fx.GraphModule) -> None:
        super().__init__(module)
        self._network = graph
        self._places = _places(graph, module)
        self._forward: tuple[Node, str] | None = None
        self._backward: tuple[Node, str] | None = None
        self._loss = ""

    def run_node(self, n: fx.Node) -> Any:
        """Run a node, and look at what it gives."""
        result = super().run_node(n)
        node = self._places.get(n)
        if node is not None and isinstance(result, Tensor):
            if self._forward is None and (name := _odd(result)):
                self._forward = node, name
            if result.requires_grad:
                result.register_hook(partial(self._look_back, node))  # pyright: ignore[reportUnknownMemberType]  # torch has no type
        return result

    def look_at_loss(self, loss: Tensor) -> None:
        """Look at the loss, which may be too large where the output is not."""
        self._loss = _odd(loss)

    def _look_back(self, node: Node, gradient: Tensor) -> None:
        if self._backward is None and (name := _odd(gradient)):
            self._backward = node, name

    def error(self, dtype: str, step: int) -> SpecError:
        """What to say of it (E0824); the main output, if nothing was found."""
        output = self._network.producer(self._network.outputs[0].tensor)
        in_loss = self._forward is None and bool(self._loss)
        found = self._forward or (None if in_loss else self._backward)
        node, value = found or (output, self._loss or "NaN or infinity")
        problem = NotFinite(
            network=self._network.name,
            value=value,
            at=node.path,
            backward=self._forward is None,
            step=step,
            dtype=dtype,
            loss=in_loss,
        )
        return about_network(self._network, problem, node.span)


def _places(graph: Graph, module: fx.GraphModule) -> dict[fx.Node, Node]:
    """The node of the network that each call was emitted for, as both have one order.

    Parts that run only while training are one call, and left out: the loss does not depend on them.
    """
    calls = iter([n for n in module.graph.nodes if n.op in ("call_module", "call_function")])
    places: dict[fx.Node, Node] = {}
    rest = (node for node in graph.nodes if node.role != "input")
    for training, nodes in groupby(rest, key=lambda node: node.training):
        if training is not None:
            next(calls, None)
            continue
        for node in nodes:
            places.update((call, node) for call in islice(calls, _calls(node)))
    return places


def _calls(node: Node) -> int:
    """How many calls a node is emitted as."""
    recipe = recipe_of(node)
    if isinstance(recipe, PassThrough):
        return 0
    calls = len(node.inputs) - 1 if isinstance(recipe, Fold) else 1
    several = len(node.outputs) > 1 or isinstance(node.op, Split)
    return calls + len(node.outputs) * several


def _odd(value: Tensor) -> str:
    """Which of the two it holds, if any."""
    if not value.is_floating_point() or value.isfinite().all():
        return ""
    return "NaN" if value.isnan().any() else "infinity"
