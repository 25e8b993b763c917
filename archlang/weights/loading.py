"""Weights into a network, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from archlang.diagnostics.catalog.weights import KeysDiffer, NoTensors, ShapesDiffer
from archlang.diagnostics.model import Diagnostic, Problem, SpecError
from archlang.graph import Graph
from archlang.weights.torchvision import key_map

_PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""


def load_weights(
    module: nn.Module,
    graph: Graph,
    state: Mapping[str, Tensor],
    device: torch.device | str | None = None,
) -> None:
    """Load a `state_dict` into the module of a graph.

    A module with memory of its own gets the numbers copied into it. One built on the device `meta`
    gets copies on `device`, of its own types, as its parameters; without a device it takes over
    the very tensors, and shares their memory.

    Args:
        module: what `to_fx` made of the graph.
        graph: the network.
        state: all of its parameters and buffers, each under the network's own name, or each under
            torchvision's, where torchvision has the network.
        device: where the parameters of a module on `meta` shall be.

    Raises:
        SpecError: names or shapes differ, or a value has no data (E0701, E0702, E0703). The module
            is as it was.
    """
    own = module.state_dict()
    values = _matched(graph, own, state)
    problem = _first_misfit(own, values)
    if problem is not None:
        raise _error(graph, problem)
    if any(tensor.is_meta for tensor in own.values()):
        values = {key: _placed(value, own[key], device) for key, value in values.items()}
        module.load_state_dict(values, assign=True)
    else:
        module.load_state_dict(values)


def _placed(value: Tensor, like: Tensor, device: torch.device | str | None) -> Tensor:
    """What becomes the parameter: detached, so that its source keeps its own gradient settings."""
    return value.detach().to(device=device, dtype=like.dtype, copy=device is not None)


def _matched(
    graph: Graph, own: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The state under the network's own names."""
    if state.keys() == own.keys():
        return dict(state)
    theirs = _torchvision_names(graph, own)
    if theirs is not None and set(state) == set(theirs.values()):
        return {key: state[name] for key, name in theirs.items()}
    raise _error(graph, _keys_differ(graph, own, theirs, state))


def _torchvision_names(graph: Graph, own: Iterable[str]) -> dict[str, str] | None:
    """For each key of ours the one of torchvision; None where there is no such map."""
    paths = key_map(graph)
    if paths is None:
        return None
    split = {key: key.rpartition(".") for key in own}
    if any(path not in paths for path, _, _ in split.values()):
        return None
    return {key: f"{paths[path]}.{name}" for key, (path, _, name) in split.items()}


def _keys_differ(
    graph: Graph,
    own: Mapping[str, Tensor],
    theirs: Mapping[str, str] | None,
    state: Mapping[str, object],
) -> KeysDiffer:
    """The problem, told in the names that come closer."""
    schemes = {"its own": dict.fromkeys(own)}
    if theirs is not None:
        schemes["torchvision's"] = dict.fromkeys(theirs.values())
    keys, want = min(schemes.items(), key=lambda item: len(item[1].keys() ^ state.keys()))
    return KeysDiffer(
        network=graph.name,
        missing=tuple(key for key in want if key not in state),
        unexpected=tuple(key for key in state if key not in want),
        keys=keys,
        wrapped=_wrapping(state, [set(names) for names in schemes.values()]),
    )


def _wrapping(state: Mapping[str, object], schemes: list[set[str]]) -> str:
    """The prefix of all names, or the key under which the weights lie; empty if it is neither."""
    for prefix in _PREFIXES:
        if {key.removeprefix(prefix) for key in state} in schemes:
            return prefix
    for key, value in state.items():
        if isinstance(value, Mapping) and set(value) in schemes:  # pyright: ignore[reportUnknownArgumentType]
            return key
    return ""


def _first_misfit(own: Mapping[str, Tensor], values: Mapping[str, object]) -> Problem | None:
    differing: list[str] = []
    for key, value in values.items():
        if not isinstance(value, Tensor):
            return NoTensors(key=key, what=f"no tensor but of the type {type(value).__name__}")
        if value.is_meta:
            return NoTensors(key=key, what='on the device "meta", where there are no numbers')
        if value.shape != own[key].shape:
            differing.append(key)
    if not differing:
        return None
    key, *others = differing
    got = values[key]
    assert isinstance(got, Tensor)
    return ShapesDiffer(key, tuple(got.shape), tuple(own[key].shape), tuple(others))


def _error(graph: Graph, problem: Problem) -> SpecError:
    at = graph.root.span
    assert at is not None, "a network is declared somewhere"
    return SpecError([Diagnostic.of(problem, at)])
