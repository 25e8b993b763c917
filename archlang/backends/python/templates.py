"""Helpers that only generated files use: their source is copied as it stands here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
