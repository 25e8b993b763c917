"""Weights into a network: all that the spec asks for, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, fx

from archlang.backends.fx import renew, to_fx
from archlang.diagnostics.model import Problem
from archlang.graph import Graph
from archlang.problems import about_network
from archlang.weights.adapting import adapted
from archlang.weights.changed import changed_since
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import NOTES
from archlang.weights.plan import MisfitError, Plan, plan
from archlang.weights.references import COUNTER
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
        raise about_network(graph, misfit.problem, misfit.at) from None


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
    return module, _report(graph, planned, checkpoint)


def _report(graph: Graph, planned: Plan, checkpoint: Checkpoint) -> Report:
    notes = NOTES.get(checkpoint.builder, ())
    stuck = sum(entry.is_stuck for entry in planned.entries)
    if stuck:
        notes += (f"{stuck} tensors are new and frozen: they stay as they were drawn at random",)
    notes += tuple(changed_since(checkpoint, planned.reference.graph))
    base = planned.reference.graph.name
    return Report(graph.name, base, checkpoint.origin, planned.entries, notes)


def _hold_loadable(planned: Plan, checkpoint: Checkpoint, own: Mapping[str, Tensor]) -> None:
    for entry in _taken(planned):
        value, wanted = checkpoint.tensors[entry.source], own[entry.name].dtype
        counts = entry.name.endswith(COUNTER)
        _refuse(unloadable(entry.source, value, wanted, counts=counts))


def _fill(
    module: fx.GraphModule, planned: Plan, checkpoint: Checkpoint, device: torch.device | None
) -> None:
    """Put the tensors into a module that nobody has seen yet.

    Each is looked at right after it was copied, while it is at hand in the processor's caches.
    """
    values = module.state_dict()
    for entry in _taken(planned):
        given = cast(Tensor, checkpoint.tensors[entry.source]).detach()
        value = adapted(entry.how, given, entry.shape) if entry.how else given
        dtype = values[entry.name].dtype
        values[entry.name] = placed = _placed(value, device, dtype, copy=value is given)
        _refuse(not_finite(entry.source, given))
        if value is not given or dtype != given.dtype:
            _refuse(not_finite(entry.source, placed, adapted=True))
    module.load_state_dict(values, assign=True)


def _placed(
    value: Tensor, device: torch.device | None, dtype: torch.dtype, *, copy: bool
) -> Tensor:
    """What becomes the parameter: without a device the very tensor, else one of its own, in the
    usual order of memory."""
    if device is None:
        return value.to(dtype)
    return value.to(device=device, dtype=dtype, copy=copy, memory_format=torch.contiguous_format)


def _taken(planned: Plan) -> list[Entry]:
    return [entry for entry in planned.entries if entry.source]


def _refuse(problem: Problem | None) -> None:
    if problem is not None:
        raise MisfitError(problem)
