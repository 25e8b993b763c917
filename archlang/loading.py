"""`archlang.load`: from a spec's address to a PyTorch module."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from archlang.compiler import graph

if TYPE_CHECKING:
    import torch
    from torch import fx

    from archlang.graph import Graph


def load(
    spec: str | PathLike[str],
    /,
    *,
    weights: Mapping[str, torch.Tensor] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    **parameters: Any,
) -> fx.GraphModule:
    """Compile a network: `load("specs/resnet.arch:ResNet50", classes=10, device="cuda")`.

    Args:
        spec: a file and the network in it (`file.arch:Network`), or the name of a network of the
            zoo (`"ResNet50"`).
        weights: a `state_dict` in the network's own names, or in torchvision's for the networks of
            the zoo that torchvision has too. They are copied, and all of them have to fit. None:
            freshly initialised.
        device: where the parameters are made; `"meta"` builds without memory. With `weights` it
            takes over their very tensors, uncopied, wherever they are.
        dtype: floating-point type of the parameters.
        **parameters: the network's parameters, by name.

    Returns:
        An `nn.Module`, a `torch.fx.GraphModule`, in training mode like any new module. It takes
        the inputs with the batch in front: `(N, 3, 224, 224)`.

    Raises:
        SpecError: the spec has mistakes, or the weights do not fit; its text shows them.
    """
    return to_module(graph(spec, **parameters), weights=weights, device=device, dtype=dtype)


def to_module(
    network: Graph,
    *,
    weights: Mapping[str, torch.Tensor] | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> fx.GraphModule:
    """The module of a graph that is built already; see `load` for the arguments.

    Raises:
        SpecError: the weights do not fit; its text shows why.
    """
    from archlang.backends.fx import to_fx

    if weights is None:
        return to_fx(network, device=device, dtype=dtype)
    return _with_weights(network, weights, device, dtype)


def _with_weights(
    network: Graph,
    weights: Mapping[str, torch.Tensor],
    device: torch.device | str | None,
    dtype: torch.dtype | None,
) -> fx.GraphModule:
    """Built without memory first: initial values would only be overwritten."""
    import torch

    from archlang.backends.fx import to_fx
    from archlang.weights.loading import load_weights

    module = to_fx(network, device="meta", dtype=dtype)
    place = torch.device(device) if device is not None else torch.get_default_device()
    if dict(module.named_buffers()).keys() - module.state_dict().keys():
        # some layer has a buffer that state_dict does not hold, so it has to be made
        module = to_fx(network, device=place, dtype=dtype)
    load_weights(module, network, weights, None if place.type == "meta" else place)
    return module
