"""Weights into a network: all that the spec asks for, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, fx, nn

from archlang.backends.fx import to_fx
from archlang.diagnostics.catalog.weights import CannotFit
from archlang.graph import Graph
from archlang.weights.adapting import adapted
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import NOTES
from archlang.weights.plan import MisfitError, Plan, plan
from archlang.weights.problems import about_network
from archlang.weights.references import shapes_of
from archlang.weights.report import Entry, Report
from archlang.weights.values import first_bad


def load_weights(
    module: nn.Module, graph: Graph, checkpoint: Checkpoint, weights_of: str | None = None
) -> Report:
    """Load weights into the module of a graph, in place; what is new keeps its values.

    Args:
        module: what `to_fx` made of the graph, with memory of its own.
        graph: the network.
        checkpoint: the weights, under names of the network's own or of torchvision's: its own, or
            those of a network that it derives from.
        weights_of: the name of that network, where it could be several.

    Raises:
        SpecError: what differs was not asked for in the spec, or a value is no number (E07…). The
            module is as it was.
    """
    own = module.state_dict()
    planned = _planned(graph, {k: tuple(v.shape) for k, v in own.items()}, checkpoint, weights_of)
    values = _values(graph, planned, checkpoint, own)
    module.load_state_dict(own | values)
    return _report(graph, planned, checkpoint)


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
        checkpoint: as for `load_weights`.
        weights_of: as for `load_weights`.
        device: where the parameters are made; by default torch's default device.
        dtype: floating-point type of the parameters.

    Raises:
        SpecError: as for `load_weights`.
    """
    planned = _planned(graph, shapes_of(graph), checkpoint, weights_of)
    place = torch.device(device) if device is not None else torch.get_default_device()
    module = to_fx(graph, device=place, dtype=dtype, fresh=planned.fresh)
    own = module.state_dict()
    if dict(module.named_buffers()).keys() - own.keys():
        # some layer has a buffer that state_dict does not hold, so all has to be made
        module = to_fx(graph, device=place, dtype=dtype)
        own = module.state_dict()
    values = _values(graph, planned, checkpoint, own)
    copied = None if place.type == "meta" else place
    placed = {key: _placed(value, own[key], copied) for key, value in values.items()}
    module.load_state_dict(own | placed, assign=True)
    return module, _report(graph, planned, checkpoint)


def _planned(
    graph: Graph,
    own: Mapping[str, tuple[int, ...]],
    checkpoint: Checkpoint,
    weights_of: str | None,
) -> Plan:
    try:
        return plan(graph, own, checkpoint, weights_of)
    except MisfitError as misfit:
        raise about_network(graph, misfit.problem) from None


def _values(
    graph: Graph, planned: Plan, checkpoint: Checkpoint, own: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors to load, by the network's names, each of the shape it must have."""
    used = [e for e in planned.entries if e.source]
    problem = first_bad(checkpoint.tensors, ((e.source, own[e.name].dtype) for e in used))
    if problem is not None:
        raise about_network(graph, problem)
    return {e.name: _value(graph, e, checkpoint) for e in used}


def _value(graph: Graph, entry: Entry, checkpoint: Checkpoint) -> Tensor:
    given = cast(Tensor, checkpoint.tensors[entry.source]).detach()
    if entry.status != "adapted":
        return given
    made = adapted(entry.how, given, entry.shape)
    if made is None:
        problem = CannotFit(entry.name, entry.how, entry.source_shape, entry.shape)
        raise about_network(graph, problem)
    return made


def _placed(value: Tensor, like: Tensor, device: torch.device | None) -> Tensor:
    """What becomes the parameter; without a device the very tensor."""
    return value.to(device=device, dtype=like.dtype, copy=device is not None)


def _report(graph: Graph, planned: Plan, checkpoint: Checkpoint) -> Report:
    base = planned.reference.graph.name
    notes = NOTES.get(checkpoint.builder, ())
    return Report(graph.name, base, checkpoint.origin, planned.entries, notes)
