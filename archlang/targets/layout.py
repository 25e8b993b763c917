"""A network as it is traced with open sizes: its weights in memory in the order of their axes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def plain_layout(module: nn.Module) -> Generator[None]:
    """Let no filter, and so no map, lie with the channels last.

    Where maps lie so, torch tells by their strides what a size of 1 means, and traces a program
    that holds from some size on alone. For a while the layers of the module have weights in plain
    order, copies of those that lie otherwise; a program that is traced meanwhile keeps these.
    """
    weights = {id(p): _plain(p) for p in module.parameters()}
    owned = [(layer, dict(layer._parameters)) for layer in module.modules()]  # pyright: ignore[reportPrivateUsage]  # named_parameters lists what is shared once alone
    try:
        for layer, parameters in owned:
            plain = {n: p if p is None else weights[id(p)] for n, p in parameters.items()}
            layer._parameters.update(plain)  # pyright: ignore[reportPrivateUsage]  # as above
        yield
    finally:
        for layer, parameters in owned:
            layer._parameters.update(parameters)  # pyright: ignore[reportPrivateUsage]  # as above


def _plain(parameter: nn.Parameter) -> nn.Parameter:
    """A parameter with the strides of its shape; itself, if it has them.

    Of axes of size 1 `is_contiguous` ignores the strides, by which torch chooses how to lay out
    what a convolution makes; so they are compared.
    """
    with torch.no_grad():
        plain: Tensor = parameter.reshape(-1).view(parameter.shape)
    if plain.stride() == parameter.stride():
        return parameter
    return nn.Parameter(plain, requires_grad=parameter.requires_grad)
