"""`archlang.load`: from a spec's address to a PyTorch module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archlang.compiler import graph

if TYPE_CHECKING:
    import torch
    from torch import fx


def load(
    spec: str,
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
            the zoo that torchvision has too. None: freshly initialised.
        device: where the parameters are made; `"meta"` builds without memory.
        dtype: floating-point type of the parameters.
        **parameters: the network's parameters, by name.

    Returns:
        An `nn.Module`, a `torch.fx.GraphModule`, in training mode like any new module. It takes
        the inputs with the batch in front: `(N, 3, 224, 224)`.

    Raises:
        SpecError: the spec has mistakes, or the weights do not fit; its text shows them.
    """
    from archlang.backends.fx import to_fx

    network = graph(spec, **parameters)
    module = to_fx(network, device=device, dtype=dtype)
    if weights is not None:
        from archlang.weights.loading import load_weights

        load_weights(module, network, weights)
    return module
