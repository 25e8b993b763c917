"""`archlang.load`: from a spec's address to a PyTorch module."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from archlang.compiler import is_saved
from archlang.given import network as graph_of

if TYPE_CHECKING:
    import torch
    from torch import fx

    from archlang.given import Address, Declared
    from archlang.graph import Graph
    from archlang.passes.budget import Budget
    from archlang.passes.model import Goal
    from archlang.weights.asked import KeyMapSource, WeightsSource


def load(
    spec: Address | Declared | Graph,
    /,
    *,
    weights: WeightsSource | None = None,
    key_map: KeyMapSource | None = None,
    weights_of: str | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    optimize: Goal | None = None,
    train_memory: str | int | None = None,
    batch: int | None = None,
    **parameters: Any,
) -> fx.GraphModule:
    """Compile a network: `load("specs/resnet.arch:ResNet50", classes=10, device="cuda")`.

    Args:
        spec: a file and the network in it (`file.arch:Network`), or the name of a network of the
            zoo (`"ResNet50"`); a file of `archlang.save` (`"net.safetensors"`), which has its
            own weights and parameters; or what an import, `%%arch` or `archlang.network` gave.
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
        optimize: what to make it fast for. "inference" gives a module that stays in evaluation
            mode, its parameters without gradients; "training" changes how it computes, but no
            weights. None: it equals the hand-written network bit for bit.
        train_memory: what a training step may take at most, with `optimize="training"`: `"8GB"`,
            `"512MiB"`, or bytes. Cheap layers run again in the backward pass, as many as it takes.
            Parameters, gradients, the batch and activations count, the optimiser's state does not.
        batch: how many samples that training step has.
        **parameters: the network's parameters, by name.

    Returns:
        An `nn.Module`, a `torch.fx.GraphModule`, in training mode like any new module. It takes
        the inputs with the batch in front: `(N, 3, 224, 224)`.

    Raises:
        SpecError: the spec has mistakes, the weights cannot be had or do not fit, or a training
            step needs more memory than it may take; its text shows them.
        TypeError: only one of `train_memory` and `batch` is given, or they are not for training.
        ValueError: `optimize` is none of these, or `train_memory` is no amount.
    """
    if optimize is not None:
        from archlang.passes.pipeline import hold_goal

        hold_goal(optimize)
    budget = budget_for(optimize, train_memory, batch, dtype)
    if isinstance(spec, (str, PathLike)) and is_saved(spec):
        from archlang.weights.restoring import load_saved

        options = {"weights": weights, "key_map": key_map, "weights_of": weights_of}
        given = (*parameters, *(name for name, value in options.items() if value is not None))
        saved, network = load_saved(spec, device=device, dtype=dtype, given=given)
        return _optimised(network, saved, optimize, budget)
    return to_module(
        graph_of(spec, **parameters),
        weights=weights,
        key_map=key_map,
        weights_of=weights_of,
        device=device,
        dtype=dtype,
        optimize=optimize,
        budget=budget,
    )


def to_module(
    network: Graph,
    *,
    weights: WeightsSource | None = None,
    key_map: KeyMapSource | None = None,
    weights_of: str | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    optimize: Goal | None = None,
    budget: Budget | None = None,
) -> fx.GraphModule:
    """The module of a graph that is built already; see `load` for the arguments.

    Raises:
        SpecError: the weights cannot be had or do not fit, or a training step does not fit into
            its budget; its text shows why.
        TypeError: `key_map` or `weights_of` without `weights`.
        ValueError: `optimize` is none of these.
    """
    module = _plain(network, weights, key_map, weights_of, device, dtype)
    return _optimised(network, module, optimize, budget)


def budget_for(
    goal: Goal | None,
    train_memory: str | int | None,
    batch: int | None,
    dtype: torch.dtype | None,
) -> Budget | None:
    """What a training step may take; None if nothing is said of it.

    Raises:
        TypeError, ValueError: as for `load`.
    """
    if train_memory is None and batch is None:
        return None
    from archlang.passes.budget import budget_of

    return budget_of(goal, train_memory, batch, dtype)


def _optimised(
    network: Graph, module: fx.GraphModule, goal: Goal | None, budget: Budget | None
) -> fx.GraphModule:
    """A module that nobody has seen yet, made fast for a goal, if there is one."""
    if goal is None:
        return module
    from archlang.backends.optimised import optimised_module

    return optimised_module(network, module, goal, copy=False, budget=budget)


def _plain(
    network: Graph,
    weights: WeightsSource | None,
    key_map: KeyMapSource | None,
    weights_of: str | None,
    device: torch.device | str | None,
    dtype: torch.dtype | None,
) -> fx.GraphModule:
    """The network's module as it is written."""
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
