"""From a module and its graph to the module of the optimised graph, with the same weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, fx, nn

from archlang.backends.folding import folded
from archlang.backends.fused import Clip
from archlang.backends.fx import to_fx
from archlang.graph import Graph
from archlang.passes.budget import Budget
from archlang.passes.model import Goal
from archlang.passes.pipeline import optimise
from archlang.passes.report import PASSES, PassesReport
from archlang.weights.notes import note, noted
from archlang.weights.origin import META
from archlang.weights.report import NOTE

MEMORY_FORMATS = {3: torch.channels_last, 4: torch.channels_last_3d}
"""The order with the channels last, by the axes of one sample of a map or a volume."""


def optimised_module(
    network: Graph, plain: nn.Module, goal: Goal, *, copy: bool, budget: Budget | None = None
) -> fx.GraphModule:
    """The network's module after the passes for a goal, with the weights of its plain one.

    Args:
        network: the graph, before any pass.
        plain: its module.
        goal: what to optimise for.
        copy: give it tensors of its own; else it takes over those of the plain one.
        budget: what a training step may take.
    """
    done = optimise(network, goal, budget=budget, halves=_in_halves(plain))
    state = plain.state_dict()
    module = _filled(done.graph, state, copy=copy)
    if goal == "inference":
        module.requires_grad_(False).eval()
        module.register_load_state_dict_pre_hook(_refuse_plain)  # pyright: ignore[reportUnknownMemberType]  # torch has no type
    else:
        _take_flags(module, plain)
    if done.graph.channels_last:
        channels_last(module)
    for key in (META, NOTE):
        if (noted_before := noted(plain, key)) is not None:
            note(module, key, noted_before)
    note(module, PASSES, PassesReport(network.name, goal, tuple(done.applied)))
    return module


def _refuse_plain(module: nn.Module, state: Mapping[str, Tensor], prefix: str, *_: object) -> None:
    """Say what is wrong before torch lists every name; some of the weights would even fit."""
    own = {prefix + key for key in module.state_dict()}
    other = next((key for key in state if key.startswith(prefix) and key not in own), None)
    if other is not None:
        raise RuntimeError(
            f"these are not the weights of an optimised model, which has no {other}: load them "
            'into the plain one, and optimise that: fast = archlang.optimize(model, "inference")'
        )


def _in_halves(module: nn.Module) -> bool:
    """Whether a model computes in 16 bits."""
    return any(p.dtype in (torch.bfloat16, torch.float16) for p in module.parameters())


def _filled(graph: Graph, state: Mapping[str, Tensor], *, copy: bool) -> fx.GraphModule:
    """The module of an optimised graph with its weights, and those of what it has absorbed."""
    module = to_fx(graph, device="meta")
    own = module.state_dict()
    if dict(module.named_buffers()).keys() - own.keys():
        # some layer has a buffer that state_dict does not hold, so it has to be made
        some = next(iter(state.values()))
        module = to_fx(graph, device=some.device)
    values = folded(graph, state)
    for key in own:
        if key not in values:
            values[key] = state[key].detach().clone() if copy else state[key]
    module.load_state_dict(values, assign=True)
    for layer in module.modules():
        if isinstance(layer, Clip) and not layer.high.is_meta:
            layer.below = bool(layer.high.isinf().all())
    return module


def _take_flags(module: nn.Module, plain: nn.Module) -> None:
    """Train what the plain one trains, layer by layer."""
    flags = {name: p.requires_grad for name, p in plain.named_parameters()}
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(flags[name])
    module.train(plain.training)
    modes = {path: layer.training for path, layer in _layers(plain).items()}
    for path, layer in _layers(module).items():
        layer.training = modes.get(path, layer.training)


def _layers(module: nn.Module) -> dict[str, nn.Module]:
    return dict(module.named_modules())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # torch leaves it open


def channels_last(module: nn.Module) -> None:
    """Lay the filters of maps and volumes out with the channels last."""
    for parameter in module.parameters():
        if order := MEMORY_FORMATS.get(parameter.dim() - 1):
            parameter.data = parameter.data.contiguous(memory_format=order)
