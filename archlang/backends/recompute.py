"""Parts of a network that run again in the backward pass, so that less has to be kept for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint  # pyright: ignore[reportUnknownVariableType]  # torch has no type

from archlang.backends.again import AsItWas
from archlang.backends.training import Step, Wire, run_step


class RunAgain(nn.Module):
    """Runs its steps; while training, what they make is made a second time instead of kept.

    It is called with the tensors and the modules that its steps use, so that the modules stay
    where the spec names them. What is computed is the same to the last bit: no running statistics
    are updated twice, dropout draws the same mask again, and a layer counts as it was in the
    forward pass, whatever `train()` and `eval()` said since.

    In evaluation, without gradients, while it is traced and under `torch.compile`, which decides
    by itself what to compute again, the steps simply run.

    Args:
        steps: what to run.
        results: the wires to give, as a tensor if it is one.
        whole: all steps run again by `torch.utils.checkpoint`; else all but the last one, whose
            own backward pass is given their results again.
    """

    def __init__(self, steps: Sequence[Step], results: Sequence[Wire], *, whole: bool) -> None:
        super().__init__()
        self.steps = tuple(steps)
        self.results = tuple(results)
        self.whole = whole
        self._taken = frozenset(w for step in self.steps[:-1] for w in step.takes())

    def forward(self, *values: Tensor | nn.Module) -> Any:
        """The results."""
        if torch.compiler.is_compiling() or not self.training or not _may_run_again(values):
            return self._plain(*values)
        if self.whole:
            return self._checkpointed(*values)
        again = _Again(self.steps[:-1], values, self._taken)
        with saved_tensors_hooks(again.pack, _Saved.unpack):
            for step in again.steps:
                run_step(step, again.wires)
            wires = [*again.wires]
            run_step(self.steps[-1], wires)
        again.let_go()
        return self._chosen(wires)

    def _plain(self, *values: Tensor | nn.Module) -> Any:
        wires: list[Any] = list(values)
        for step in self.steps:
            run_step(step, wires)
        return self._chosen(wires)

    def _checkpointed(self, *values: Tensor | nn.Module) -> Any:
        run: Callable[..., Any] = checkpoint  # pyright: ignore[reportUnknownVariableType]  # torch has no type
        return run(
            self._plain,
            *values,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), AsItWas(_modules(values))),
        )

    def _chosen(self, wires: Sequence[Any]) -> Any:
        chosen = tuple(wires[wire.index] for wire in self.results)
        return chosen[0] if len(chosen) == 1 else chosen

    def extra_repr(self) -> str:
        """What a print of the network says of it."""
        return f"{len(self.steps)} steps, {'checkpointed' if self.whole else 'all but the last'}"


def _may_run_again(values: Sequence[Any]) -> bool:
    # torch.func forbids the hooks that both ways need, and says so nowhere else
    autograd: Any = vars(torch)["_C"]._autograd
    return (
        autograd._saved_tensors_hooks_is_enabled()
        and torch.is_grad_enabled()
        and not torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]  # torch forgot to
        and not any(isinstance(value, fx.Proxy) for value in values)
    )


def _modules(values: Sequence[Any]) -> list[nn.Module]:
    return [value for value in values if isinstance(value, nn.Module)]


class _Saved:
    """A tensor that autograd keeps: itself, or the number of the wire on which it comes again."""

    __slots__ = ("again", "tensor", "wire")

    def __init__(self, tensor: Tensor, again: _Again) -> None:
        self.tensor: Tensor | None = tensor
        self.again = again
        self.wire = -1

    def unpack(self) -> Tensor:
        """The tensor, made again if it has to be."""
        return self.again.take(self.wire) if self.tensor is None else self.tensor


class _Again:
    """What one call of a part needs to run again. `wires` are its values while it runs."""

    def __init__(
        self, steps: Sequence[Step], values: Sequence[Any], taken: Collection[int]
    ) -> None:
        self.steps = steps
        self.wires: list[Any] = list(values)
        needed = (v if i in taken else None for i, v in enumerate(values))
        self._given = [v.detach() if isinstance(v, Tensor) else v for v in needed]
        self._state = AsItWas(_modules(self._given))
        self._autocast = _autocast_now(values)
        self._versions = [t._version for t in self._watched()]  # pyright: ignore[reportPrivateUsage]  # autograd asks for the same
        self._packed: list[_Saved] = []
        self._uses: Counter[int] = Counter()
        self._made: dict[int, Tensor] = {}
        self._left: Counter[int] = Counter()
        self._task = -1

    def pack(self, tensor: Tensor) -> _Saved:
        """What autograd shall keep in the place of a tensor; decided by `let_go`."""
        saved = _Saved(tensor, self)
        self._packed.append(saved)
        return saved

    def let_go(self) -> None:
        """Keep no more than is given, of all that the steps made."""
        made = {
            _place(value): wire
            for wire, value in enumerate(self.wires)
            if wire >= len(self._given) and isinstance(value, Tensor)
        }
        for value in self._given:  # what shares the memory of an input is there anyway
            if isinstance(value, Tensor):
                made.pop(_place(value), None)
        for saved in self._packed:
            assert saved.tensor is not None
            saved.wire = made.get(_place(saved.tensor), -1)
            if saved.wire >= 0:
                saved.tensor = None
                self._uses[saved.wire] += 1
        self._packed.clear()
        self.wires.clear()

    def take(self, wire: int) -> Tensor:
        """What came on a wire, once for each use; the steps run again where it is not at hand.

        Raises:
            RuntimeError: something that the steps need was changed meanwhile.
        """
        task = torch._C._current_graph_task_id()  # pyright: ignore[reportPrivateUsage]  # tells one backward pass from the next
        if wire not in self._made or task != self._task:
            self._task = task
            self._run()
        self._left[wire] -= 1
        return self._made[wire] if self._left[wire] else self._made.pop(wire)

    def _run(self) -> None:
        versions = [t._version for t in self._watched()]  # pyright: ignore[reportPrivateUsage]  # as above
        if versions != self._versions:
            raise RuntimeError(
                "a tensor that is needed to run layers again in the backward pass was changed in "
                "place since the forward pass: run backward() before changing it"
            )
        # by `forward`: the hooks that somebody put on a layer have had their call
        wires: list[Any] = [v.forward if isinstance(v, nn.Module) else v for v in self._given]
        with torch.no_grad(), self._state, _autocast_as(self._autocast):
            for step in self.steps:
                run_step(step, wires)
        self._made = {wire: wires[wire] for wire in self._uses}
        self._left = self._uses.copy()

    def _watched(self) -> list[Tensor]:
        parameters = [p for v in self._given if isinstance(v, nn.Module) for p in v.parameters()]
        return [*(v for v in self._given if isinstance(v, Tensor)), *parameters]


def _place(tensor: Tensor) -> tuple[object, ...]:
    """Tells tensors apart by the memory they look at, on the meta device too."""
    storage = tensor.untyped_storage()._cdata  # pyright: ignore[reportPrivateUsage]  # the only one
    return storage, tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype


_Autocast = tuple[tuple[str, bool, torch.dtype], ...]


def _autocast_now(values: Sequence[Any]) -> _Autocast:
    """Whether autocast is on, for the kinds of devices of the values."""
    kinds = dict.fromkeys(v.device.type for v in values if isinstance(v, Tensor))
    known = [kind for kind in kinds if torch.amp.is_autocast_available(kind)]
    return tuple(
        (kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in known
    )


@contextmanager
def _autocast_as(states: _Autocast) -> Generator[None]:
    """Autocast as it was; without its cache, which belongs to the forward pass."""
    if not states:
        yield
        return
    (kind, enabled, dtype), *others = states
    with torch.autocast(kind, dtype, enabled, cache_enabled=False), _autocast_as(tuple(others)):
        yield
