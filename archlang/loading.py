"""`archlang.load`: from a spec's address to a PyTorch module."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from archlang.compiler import graph, is_saved

if TYPE_CHECKING:
    import torch
    from torch import fx

    from archlang.graph import Graph
    from archlang.weights.asked import KeyMapSource, WeightsSource


def load(
    spec: str | PathLike[str],
    /,
    *,
    weights: WeightsSource | None = None,
    key_map: KeyMapSource | None = None,
    weights_of: str | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    **parameters: Any,
) -> fx.GraphModule:
    """Compile a network: `load("specs/resnet.arch:ResNet50", classes=10, device="cuda")`.

    Args:
        spec: a file and the network in it (`file.arch:Network`), or the name of a network of the
            zoo (`"ResNet50"`); or a file of `archlang.save` (`"net.safetensors"`), which has its
            own weights and parameters.
        weights: a `state_dict`, a file (`"net.safetensors"`, `.pth`, `.pt2`), an address with a
            hash (`"https://…#sha256=…"`), or torchvision's: `"DEFAULT"`, `"IMAGENET1K_V2"`,
            `ResNet50_Weights.IMAGENET1K_V2`. They are copied, and all of them have to fit; what a
            derived network changes is freshly initialised, as `archlang.weights_report` says.
            None: everything is.
        key_map: for weights with names of somebody else's: a mapping from the network's names to
            those, or a file of `archlang weights match`.
        weights_of: the network that the weights are of, where it could be either the network
            itself or one that it derives from.
        device: where the parameters are made; `"meta"` builds without memory. With `weights` it
            takes over their very tensors, uncopied, wherever they are.
        dtype: floating-point type of the parameters.
        **parameters: the network's parameters, by name.

    Returns:
        An `nn.Module`, a `torch.fx.GraphModule`, in training mode like any new module. It takes
        the inputs with the batch in front: `(N, 3, 224, 224)`.

    Raises:
        SpecError: the spec has mistakes, or the weights cannot be had or do not fit; its text
            shows them.
    """
    if is_saved(spec):
        from archlang.weights.restoring import load_saved

        options = {"weights": weights, "key_map": key_map, "weights_of": weights_of}
        given = (*parameters, *(name for name, value in options.items() if value is not None))
        return load_saved(spec, device=device, dtype=dtype, given=given)
    return to_module(
        graph(spec, **parameters),
        weights=weights,
        key_map=key_map,
        weights_of=weights_of,
        device=device,
        dtype=dtype,
    )


def to_module(
    network: Graph,
    *,
    weights: WeightsSource | None = None,
    key_map: KeyMapSource | None = None,
    weights_of: str | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> fx.GraphModule:
    """The module of a graph that is built already; see `load` for the arguments.

    Raises:
        SpecError: the weights cannot be had or do not fit; its text shows why.
        TypeError: `key_map` or `weights_of` without `weights`.
    """
    from archlang.backends.fx import to_fx
    from archlang.weights.origin import remember

    if weights is None:
        if key_map is not None or weights_of is not None:
            raise TypeError("key_map and weights_of speak of weights: say which, by weights=…")
        module = to_fx(network, device=device, dtype=dtype)
        remember(module, network)
        return module
    from archlang.weights.asked import checkpoint_for
    from archlang.weights.loading import with_weights
    from archlang.weights.notes import note
    from archlang.weights.report import NOTE

    checkpoint = checkpoint_for(network, weights, key_map)
    module, report = with_weights(network, checkpoint, weights_of, device, dtype)
    note(module, NOTE, report)
    remember(module, network)
    return module
