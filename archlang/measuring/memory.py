"""How much memory activations take: the network is run on torch's meta device, without data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import fx
from torch.autograd.graph import saved_tensors_hooks

from archlang.analysis.activations import Memory, StepMemory
from archlang.analysis.inplace import inplace_nodes
from archlang.backends.recipes import call, recipe_of, resolve
from archlang.diagnostics.catalog.counting import BatchOfOne, NotMeasurable
from archlang.graph import Graph, Node, Tensor
from archlang.loading import to_module
from archlang.measuring.live_storages import LiveStorages, address_of
from archlang.ops.normalisation import BatchNorm
from archlang.ops.recipe import Fold, Module
from archlang.problems import about_network


def measure_memory(graph: Graph, batch: int) -> Memory:
    """Run a network forward twice on the meta device, in evaluation and in training.

    The numbers are those of float32 as torch's own layers make and keep their results, without
    what a kernel takes while it runs (the workspace of a convolution, say).

    Args:
        graph: the network.
        batch: how many samples at once.

    Raises:
        ValueError: `batch` is below 1.
        SpecError: a batch norm cannot train on so small a batch, or a layer needs real data.
    """
    if batch < 1:
        raise ValueError(f"a batch has at least one sample, not {batch}")
    hold_spread(graph, batch)
    module = to_module(graph, device="meta", dtype=torch.float32)
    forward = _Run(graph, module.eval(), batch).forward()
    training = _Run(graph, module.train(), batch).training()
    ids = [node.id for node in graph.nodes if node.role != "input"]
    steps = {n: StepMemory(forward.get(n, 0), training.get(n, 0)) for n in ids}
    return Memory(batch, max(forward.values(), default=0), sum(training.values()), steps)


def hold_spread(graph: Graph, batch: int) -> None:
    """Hold that no batch norm has but one number a channel, which torch refuses."""
    for node in graph.nodes:
        alone = isinstance(node.op, BatchNorm) and set(node.shape[1:]) <= {1}
        if batch == 1 and alone and node.frozen != "layer":
            raise about_network(graph, BatchOfOne(layer=node.path), at=node.span)


class _Ledger(LiveStorages):
    """Sees all memory that is taken and given back, and for which step."""

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        super().__init__(known)
        self.step = -1
        """The node that runs; -1 before the first one."""
        self.peaks: dict[int, int] = {}
        self.makers: dict[int, int] = {}
        """Who made a storage that is alive, by its address."""

    def begin(self, step: int) -> None:
        """From here on, memory is taken for this step."""
        self.step = step
        self.peaks[step] = self.alive

    def taken(self, address: int) -> None:
        """A storage was counted, for the step that runs."""
        self.makers[address] = self.step
        if self.step in self.peaks:
            self.peaks[self.step] = max(self.peaks[self.step], self.alive)

    def given_back(self, address: int) -> None:
        """A storage is alive no more."""
        del self.makers[address]

    @contextmanager
    def keeping(self) -> Generator[Counter[int]]:
        """The bytes that autograd keeps meanwhile, by the step that made them."""
        kept: Counter[int] = Counter()
        seen: set[int] = set(self.known)

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            address = address_of(tensor)
            if address not in seen:
                seen.add(address)  # it is kept, so no other storage gets its address
                maker = self.makers.get(address, -1)
                # the batch is made by no step: it counts for the one that keeps it
                kept[self.step if maker < 0 else maker] += tensor.untyped_storage().nbytes()
            return tensor

        with saved_tensors_hooks(pack, lambda tensor: tensor):
            yield kept


class _Run:
    """One run of a network, step by step; a tensor is let go of after its last use."""

    def __init__(self, graph: Graph, module: fx.GraphModule, batch: int) -> None:
        self._graph = graph
        self._module = module
        self._batch = batch
        self._overwriting = inplace_nodes(graph)
        steps = (n for n in graph.nodes if n.role != "input")
        self._steps = [n for n in steps if n.training is None or module.training]
        uses = [tensor for node in self._steps for tensor in node.inputs]
        kept = [o.tensor for o in graph.outputs if not o.training or module.training]
        kept += [graph.nodes[n].outputs[0] for n in graph.inputs]  # the caller holds on to them
        self._left = Counter((t.node, t.port) for t in (*uses, *kept))
        self._values: dict[tuple[int, int], torch.Tensor] = {}
        self._ledger = _Ledger((*module.parameters(), *module.buffers()))

    def forward(self) -> dict[int, int]:
        """The most bytes that are alive while each step runs, without a backward pass to come."""
        with torch.no_grad():
            self._run()
        return self._ledger.peaks

    def training(self) -> Counter[int]:
        """The bytes each step makes that are kept for the backward pass."""
        with self._ledger.keeping() as kept:
            self._run()
        return kept

    def _run(self) -> None:
        with self._ledger:
            for number in self._graph.inputs:
                shape = (self._batch, *self._graph.nodes[number].shape)
                self._keep(number, [self._made(torch.empty, shape, device="meta")])
            for node in self._steps:
                self._ledger.begin(node.id)
                self._keep(node.id, self._results(node))

    def _results(self, node: Node) -> Sequence[torch.Tensor]:
        recipe = recipe_of(node)
        if isinstance(recipe, Fold):
            target = "operator.iadd" if node.id in self._overwriting else recipe.target
            return [self._made(self._fold, resolve(target), node, at=node)]
        inputs = [self._take(tensor) for tensor in node.inputs]
        if isinstance(recipe, Module):
            function = self._module.get_submodule(node.path)
            result = self._made(function, *inputs, at=node)
        else:
            result = self._made(call, recipe, inputs, at=node)
        return [result] if isinstance(result, torch.Tensor) else result

    def _fold(self, join: Callable[[Any, Any], Any], node: Node) -> torch.Tensor:
        result = self._take(node.inputs[0])
        for tensor in node.inputs[1:]:
            result = join(result, self._take(tensor))
        return result

    def _made(
        self, function: Callable[..., Any], *args: Any, at: Node | None = None, **kwargs: Any
    ) -> Any:
        """The result of a function of torch.

        Raises:
            SpecError: it cannot be computed without data, or is larger than any memory.
        """
        try:
            return function(*args, **kwargs)
        except (NotImplementedError, RuntimeError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            path, span = (at.path, at.span) if at else ("the input", None)
            problem = NotMeasurable(layer=path, batch=self._batch, reason=reason)
            raise about_network(self._graph, problem, at=span) from None

    def _take(self, tensor: Tensor) -> torch.Tensor:
        key = tensor.node, tensor.port
        self._left[key] -= 1
        return self._values[key] if self._left[key] else self._values.pop(key)

    def _keep(self, node: int, results: Sequence[torch.Tensor]) -> None:
        for port, value in enumerate(results):
            if self._left[node, port]:
                self._values[node, port] = value
