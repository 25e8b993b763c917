"""How a part runs again in the backward pass; generated files carry copies of what stands here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint  # pyright: ignore[reportUnknownVariableType]  # torch has no type


class AsItWas:
    """While it is entered, modules are as they were when it was made, and note nothing anew.

    What a layer notes of a batch while training, such as running statistics, it notes into copies.
    It can be entered again: a graph that is retained runs backward more than once.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        every = dict.fromkeys(inner for module in modules for inner in module.modules())
        self._modes = [(module, module.training) for module in every]
        self._now: list[tuple[nn.Module, bool, dict[str, Any]]] = []

    def __enter__(self) -> Self:
        for module, mode in self._modes:
            buffers = module._buffers  # pyright: ignore[reportPrivateUsage]  # copies go in their place, whatever their type
            self._now.append((module, module.training, dict(buffers)))
            module.training = mode
            if mode:
                for name, buffer in buffers.items():
                    buffers[name] = None if buffer is None else buffer.clone()
        return self

    def __exit__(self, *_: object) -> None:
        for module, mode, buffers in self._now:
            module.training = mode
            module._buffers.update(buffers)  # pyright: ignore[reportPrivateUsage]  # as above
        self._now.clear()


def run_again(
    run: Callable[..., Any], *values: Tensor, using: Sequence[nn.Module] | None = None
) -> Any:
    """`run(*values)`; while training, what it makes is made a second time instead of kept.

    The modules that it uses, by default all of the module that `run` is or belongs to, are then
    as they were, and note nothing anew; dropout draws the same mask.
    """
    owner: Any = getattr(run, "__self__", run)
    plain = torch.compiler.is_compiling() or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]  # torch forgot to
    if plain or not owner.training or not torch.is_grad_enabled():
        return run(*values)
    modules = (owner,) if using is None else using
    twice: Callable[..., Any] = checkpoint  # pyright: ignore[reportUnknownVariableType]  # torch has no type
    return twice(
        run,
        *values,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), AsItWas(modules)),
    )
