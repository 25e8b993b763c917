"""How much memory a training step takes at most: it is run on torch's meta device, without data."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx
from torch.utils._pytree import tree_leaves

from archlang.backends.fx import to_fx
from archlang.diagnostics.catalog.counting import NotMeasurable
from archlang.graph import Graph
from archlang.measuring.live_storages import LiveStorages, address_of
from archlang.measuring.memory import hold_spread
from archlang.problems import about_network
from archlang.record import Record


class TrainingMemory(Record):
    """What a training step takes, in bytes: forward and backward, without the optimiser's state."""

    batch: int
    """How many samples."""
    parameters: int
    """Parameters and buffers, which are there all the time."""
    gradients: int
    """The gradients of the parameters, which are there at the end."""
    peak: int
    """The most there is at one time: the parameters, the batch, what the backward pass needs, what
    is alive while a layer runs, and the gradients made so far."""

    @property
    def activations(self) -> int:
        """The most there is at one time besides the parameters."""
        return self.peak - self.parameters


def training_memory(graph: Graph, batch: int, dtype: torch.dtype | None = None) -> TrainingMemory:
    """Predict the memory of a training step, with what of the graph runs again in it.

    Counted are tensors, as torch's own layers make and keep them: not the workspace of a kernel,
    nor what an allocator reserves beyond that; the loss is taken to be a few numbers.

    Args:
        graph: the network.
        batch: how many samples at once.
        dtype: floating-point type of parameters and activations; float32 by default.

    Raises:
        ValueError: `batch` is below 1.
        SpecError: a layer cannot be run without data, or not in training with so small a batch.
    """
    if batch < 1:
        raise ValueError(f"a batch has at least one sample, not {batch}")
    hold_spread(graph, batch)
    dtype = dtype or torch.float32
    module = to_fx(graph, device="meta", dtype=dtype).train()
    known = [*module.parameters(), *module.buffers()]
    shapes = [(batch, *graph.nodes[n].shape) for n in graph.inputs]
    ledger = _Ledger(known)
    try:
        inputs = [torch.empty(shape, device="meta", dtype=dtype) for shape in shapes]
        with ledger:
            ledger.note_all(inputs)
            _step(module, inputs)
    except (NotImplementedError, RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        problem = NotMeasurable(layer="the training step", batch=batch, reason=reason)
        raise about_network(graph, problem) from None
    held = {address_of(tensor): tensor.untyped_storage().nbytes() for tensor in known}
    gradients = sum(p.grad.untyped_storage().nbytes() for p in known if p.grad is not None)
    parameters = sum(held.values())
    return TrainingMemory(batch, parameters, gradients, parameters + ledger.peak)


def _step(module: fx.GraphModule, inputs: list[torch.Tensor]) -> None:
    """Forward and backward, from all results."""
    result: Any = module(*inputs)
    results = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor) and t.requires_grad]
    del result
    if results:
        torch.autograd.backward(results, [torch.empty_like(t) for t in results])


class _Ledger(LiveStorages):
    """Sees all memory that is taken and given back, and the most of it."""

    peak = 0
    """The most bytes that were alive at one time, besides what was known beforehand."""

    def taken(self, address: int) -> None:
        """A storage was counted."""
        self.peak = max(self.peak, self.alive)
