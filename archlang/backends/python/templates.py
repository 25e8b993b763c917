"""Helpers that only generated files use: their source is copied as it stands here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class ModuleGroup(nn.Module):
    """Modules under one name, each an attribute."""

    def __init__(self, **modules: nn.Module) -> None:
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)


def initialised(module: nn.Module, init: Callable[..., Tensor], **arguments: Any) -> nn.Module:
    """A module with its weights drawn by `init`, and its biases zero."""
    for part in module.modules():
        weight, bias = getattr(part, "weight", None), getattr(part, "bias", None)
        if isinstance(weight, Tensor):
            init(weight, **arguments)
        if isinstance(bias, Tensor):
            nn.init.zeros_(bias)
    return module


def joined(tensors: Sequence[Tensor]) -> Tensor:
    """Several tensors one behind the other along the channels; a single one as it is."""
    return torch.cat(list(tensors), dim=1) if len(tensors) > 1 else tensors[0]
