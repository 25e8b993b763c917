"""Listens to the weighted layers of a network while one batch runs forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx, nn

from archlang.graph import Graph, Node
from archlang.measuring.sizes import joint_rms, length, rms


def measured_nodes(graph: Graph) -> list[Node]:
    """The uses of weighted layers, in running order, but for parts that only run while training."""
    return [n for n in graph.nodes if n.op.weighted and n.training is None]


class Probe:
    """The sizes that were met, by node; scalars that stay on their device until they are read.

    A layer may be overwritten by the next one, so its output is measured, and listened to, right
    behind it: a tensor's hook hears the gradient by what the tensor was when it was put there.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.nodes = measured_nodes(graph)
        self.activations: dict[int, Tensor] = {}
        self.gradients: dict[int, Tensor] = {}
        self.weights: dict[str, Tensor] = {}

    @contextmanager
    def listening(self, module: nn.Module) -> Generator[None]:
        """While the network runs once forward, and backward too."""
        wanted = {node.id for node in self.nodes}
        handles = [
            module.get_submodule(path).register_forward_hook(self._hook(uses, wanted))
            for path, uses in self._uses().items()
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _uses(self) -> dict[str, list[int]]:
        """Who calls each module, in running order; parts for training run there too."""
        uses: dict[str, list[int]] = {node.path: [] for node in self.nodes}
        for node in self._graph.nodes:
            if node.path in uses:
                uses[node.path].append(node.id)
        return uses

    def _hook(self, uses: list[int], wanted: set[int]) -> Callable[..., None]:
        calls = iter(uses)

        def heard(_module: nn.Module, _args: Any, output: Tensor) -> None:
            number = next(calls)
            if number not in wanted:
                return
            self.activations[number] = rms(output)
            if output.requires_grad:
                output.register_hook(partial(self._hear, number))  # pyright: ignore[reportUnknownMemberType]  # torch has no type

        return heard

    def _hear(self, number: int, gradient: Tensor) -> None:
        self.gradients[number] = length(gradient)

    def hear_weights(self, module: fx.GraphModule, gradients: dict[str, Tensor | None]) -> None:
        """Measure what the weights of the layers hear; biases do not count.

        Args:
            module: the network.
            gradients: for each of its parameters, by name.
        """
        for path in dict.fromkeys(node.path for node in self.nodes):
            names = [name for name, _ in module.get_submodule(path).named_parameters()]
            weights = [f"{path}.{n}" for n in names if n.rpartition(".")[2] == "weight"]
            found = [g for w in weights if (g := gradients.get(w)) is not None]
            if len(found) == 1:
                self.weights[path] = rms(found[0])
            elif found:
                self.weights[path] = joint_rms([rms(g) for g in found], [g.numel() for g in found])

    def rows(self) -> list[tuple[float, float | None, float | None]]:
        """For each node the sizes of its output, of the gradient by it, and by its weights.

        None: no gradient came there.
        """
        activations = _read(self.activations)
        gradients, weights = _read(self.gradients), _read(self.weights)
        return [(activations[n.id], gradients.get(n.id), weights.get(n.path)) for n in self.nodes]


def _read(scalars: dict[Any, Tensor]) -> dict[Any, float]:
    """All at once: reading a number waits for the device."""
    if not scalars:
        return {}
    together = torch.stack(list(scalars.values()))
    return {name: float(value) for name, value in zip(scalars, together.cpu(), strict=True)}
