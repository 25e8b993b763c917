"""Where a network first computes NaN or infinity: forward first, then back from the loss."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from torch import Tensor, fx, nn

from archlang.diagnostics.catalog.measuring import NotFinite
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph, Node
from archlang.problems import about_network


class Finder:
    """Looks at whatever every module of a network takes and gives, while one batch runs.

    That costs several passes over all numbers, so it is done only where it is known that there is
    something to find.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._forward: tuple[Node, str] | None = None
        self._backward: tuple[Node, str] | None = None

    def listening(self, module: fx.GraphModule) -> ExitStack:
        """A context in which the network is run once more."""
        stack = ExitStack()
        for path, nodes in self._modules(module).items():
            called = module.get_submodule(path)
            calls = iter(nodes)
            before, behind = self._hooks(calls)
            stack.callback(called.register_forward_pre_hook(before).remove)
            stack.callback(called.register_forward_hook(behind).remove)
        return stack

    def _modules(self, module: fx.GraphModule) -> dict[str, list[Node]]:
        called = {n.target for n in module.graph.nodes if n.op == "call_module"}
        nodes: dict[str, list[Node]] = {}
        for node in self._graph.nodes:
            if node.path in called:
                nodes.setdefault(node.path, []).append(node)
        return nodes

    def _hooks(self, calls: Any) -> tuple[Callable[..., None], Callable[..., None]]:
        now: list[Node] = []

        def before(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
            now[:] = [next(calls)]
            for tensor, value in zip(now[0].inputs, inputs, strict=False):
                self._look(self._graph.producer(tensor), value)

        def behind(_module: nn.Module, _inputs: Any, output: Any) -> None:
            (node,) = now
            self._look(node, output)
            if isinstance(output, Tensor) and output.requires_grad:
                output.register_hook(partial(self._look_back, node))  # pyright: ignore[reportUnknownMemberType]  # torch has no type

        return before, behind

    def look_at_output(self, output: Tensor) -> None:
        """Look at the main output, which no module may take."""
        self._look(self._graph.producer(self._graph.outputs[0].tensor), output)

    def _look(self, node: Node, value: Any) -> None:
        if self._forward is None and (name := _odd(value)):
            self._forward = node, name

    def _look_back(self, node: Node, gradient: Tensor) -> None:
        if self._backward is None and (name := _odd(gradient)):
            self._backward = node, name

    def error(self, dtype: str, step: int) -> SpecError | None:
        """What to say of it (E0824); None if nothing was found."""
        found = self._forward or self._backward
        if found is None:
            return None
        node, value = found
        problem = NotFinite(
            network=self._graph.name,
            value=value,
            at=node.path,
            backward=self._forward is None,
            step=step,
            dtype=dtype,
        )
        return about_network(self._graph, problem, node.span)


def _odd(value: Any) -> str:
    """Which of the two it holds, if any."""
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.isfinite().all():
        return ""
    return "NaN" if value.isnan().any() else "infinity"
