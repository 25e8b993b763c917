"""How much memory a training step takes at most: it is run on torch's meta device, without data."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from archlang.backends.fx import to_fx
from archlang.diagnostics.catalog.counting import NotMeasurable
from archlang.graph import Graph
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
    held = {_address(tensor): tensor.untyped_storage().nbytes() for tensor in known}
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


class _Ledger(TorchDispatchMode):
    """Sees all memory that is taken and given back."""

    def __init__(self, known: list[nn.Parameter | torch.Tensor]) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # torch has no type
        self.peak = 0
        """The most bytes that were alive at one time, besides what was known beforehand."""
        self._alive = 0
        self._known = {_address(tensor) for tensor in known}
        self._watched: dict[int, weakref.ref[Any]] = {}

    def note_all(self, values: Any) -> None:
        """Count the storages of tensors as long as they live."""
        for leaf in tree_leaves(values):
            if isinstance(leaf, torch.Tensor):
                self._note(leaf)

    def _note(self, tensor: torch.Tensor) -> None:
        address = _address(tensor)
        if address in self._known or address in self._watched:
            return
        storage = tensor.untyped_storage()
        size = storage.nbytes()
        self._watched[address] = weakref.ref(storage, lambda _: self._forget(address, size))
        self._alive += size
        self.peak = max(self.peak, self._alive)

    def _forget(self, address: int, size: int) -> None:
        del self._watched[address]
        self._alive -= size

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.note_all(result)
        return result


def _address(tensor: torch.Tensor) -> int:
    """Tells storages apart; those on the meta device have no address of data."""
    return tensor.untyped_storage()._cdata  # pyright: ignore[reportPrivateUsage]  # the only one
