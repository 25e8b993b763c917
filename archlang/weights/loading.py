"""Weights into a network: all that the spec asks for, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, fx

from archlang.backends.fx import renew, to_fx
from archlang.diagnostics.catalog.weights import CannotFit
from archlang.diagnostics.model import Problem
from archlang.graph import Graph
from archlang.weights.adapting import adapted
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import NOTES
from archlang.weights.plan import MisfitError, Plan, plan
from archlang.weights.problems import about_network
from archlang.weights.report import Entry, Report
from archlang.weights.values import not_finite, unloadable


def with_weights(
    graph: Graph,
    checkpoint: Checkpoint,
    weights_of: str | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> tuple[fx.GraphModule, Report]:
    """The module of a graph with weights; only what is new is initialised, the rest is copied.

    On the device `meta` the module takes over the very tensors of the checkpoint, uncopied,
    wherever they are, and what is new stays without memory.

    Args:
        graph: the network.
        checkpoint: the weights, under names of the network's own or of torchvision's: its own, or
            those of a network that it derives from.
        weights_of: the name of that network, where it could be several.
        device: where the parameters are made; by default torch's default device.
        dtype: floating-point type of the parameters.

    Raises:
        SpecError: what differs was not asked for in the spec, or a value is no number (E07…).
    """
    try:
        return _with_weights(graph, checkpoint, weights_of, device, dtype)
    except MisfitError as misfit:
        raise about_network(graph, misfit.problem) from None


def _with_weights(
    graph: Graph,
    checkpoint: Checkpoint,
    weights_of: str | None,
    device: torch.device | str | None,
    dtype: torch.dtype | None,
) -> tuple[fx.GraphModule, Report]:
    """Built without memory first: initial values would only be overwritten."""
    place = torch.device(device) if device is not None else torch.get_default_device()
    module = to_fx(graph, device="meta", dtype=dtype)
    own = module.state_dict()
    planned = plan(graph, {k: tuple(v.shape) for k, v in own.items()}, checkpoint, weights_of)
    _hold_loadable(planned, checkpoint, own)
    if dict(module.named_buffers()).keys() - own.keys():
        # some layer has a buffer that state_dict does not hold, so all has to be made
        module = to_fx(graph, device=place, dtype=dtype)
    else:
        renew(module, graph, planned.fresh, place, dtype)
    _fill(module, planned, checkpoint, None if place.type == "meta" else place)
    base, notes = planned.reference.graph.name, NOTES.get(checkpoint.builder, ())
    return module, Report(graph.name, base, checkpoint.origin, planned.entries, notes)


def _hold_loadable(planned: Plan, checkpoint: Checkpoint, own: Mapping[str, Tensor]) -> None:
    for entry in _taken(planned):
        problem = unloadable(entry.source, checkpoint.tensors[entry.source], own[entry.name].dtype)
        _refuse(problem)


def _fill(
    module: fx.GraphModule, planned: Plan, checkpoint: Checkpoint, device: torch.device | None
) -> None:
    """Put the tensors into a module that nobody has seen yet.

    Each is looked at right after it was copied, while it is at hand in the processor's caches.
    """
    values = module.state_dict()
    for entry in _taken(planned):
        given = cast(Tensor, checkpoint.tensors[entry.source]).detach()
        value = _value(entry, given)
        # without a device the very tensor; what was adapted is a new one already
        copy = device is not None and value is given
        dtype = values[entry.name].dtype
        values[entry.name] = value.to(device=device, dtype=dtype, copy=copy)
        _refuse(not_finite(entry.source, given))
    module.load_state_dict(values, assign=True)


def _taken(planned: Plan) -> list[Entry]:
    return [entry for entry in planned.entries if entry.source]


def _value(entry: Entry, given: Tensor) -> Tensor:
    if entry.status != "adapted":
        return given
    made = adapted(entry.how, given, entry.shape)
    if made is None:
        raise MisfitError(CannotFit(entry.name, entry.how, entry.source_shape, entry.shape))
    return made


def _refuse(problem: Problem | None) -> None:
    if problem is not None:
        raise MisfitError(problem)
