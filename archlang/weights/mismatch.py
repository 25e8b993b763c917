"""What to say of weights that are of none of the networks they could be of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archlang.diagnostics.catalog.weights import KeysDiffer, NoTensors, ShapesDiffer
from archlang.diagnostics.model import Problem
from archlang.graph import Graph
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import current_name
from archlang.weights.references import COUNTER, Match, Reference, Shape, match

_PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""


def misfit(graph: Graph, seen: Sequence[Reference], checkpoint: Checkpoint) -> Problem:
    """The problem, told of the network and the names that come closest."""
    matches = [m for m in (match(r, checkpoint) for r in seen) if m is not None]
    if matches:
        return _shapes_differ(
            min(matches, key=lambda m: len(_differing(m, checkpoint))), checkpoint
        )
    return _keys_differ(graph, seen, checkpoint)


def _differing(found: Match, checkpoint: Checkpoint) -> dict[str, Shape]:
    """For each tensor of another shape than the network's the shape it has."""
    result: dict[str, Shape] = {}
    for key, name in found.names.items():
        shape = getattr(checkpoint.tensors[name], "shape", None)
        if shape is not None and tuple(shape) != found.reference.shapes[key]:
            result[key] = tuple(shape)
    return result


def _shapes_differ(found: Match, checkpoint: Checkpoint) -> Problem:
    for name, value in checkpoint.tensors.items():
        if not hasattr(value, "shape"):
            return NoTensors(key=name, what=f"no tensor but of the type {type(value).__name__}")
    differing = _differing(found, checkpoint)
    key, *others = differing
    reference = found.reference
    want, network = reference.shapes[key], reference.graph.name
    return ShapesDiffer(key, differing[key], want, tuple(others), network)


def _keys_differ(graph: Graph, seen: Sequence[Reference], checkpoint: Checkpoint) -> Problem:
    given = {current_name(name): name for name in checkpoint.tensors}
    candidates = [(r, s, names) for r in seen for s, names in r.schemes.items()]
    reference, scheme, names = min(candidates, key=lambda c: len(set(c[2].values()) ^ given.keys()))
    want = dict.fromkeys(names.values())
    missing = tuple(key for key in want if key not in given)
    without_counters = tuple(key for key in missing if not key.endswith(COUNTER))
    return KeysDiffer(
        network=reference.graph.name,
        missing=without_counters or missing,
        unexpected=tuple(name for key, name in given.items() if key not in want),
        keys=scheme,
        wrapped=_wrapping(checkpoint.tensors, [set(c[2].values()) for c in candidates]),
        bases=tuple(dict.fromkeys(r.graph.name for r in seen)) if len(seen) > 1 else (),
    )


def _wrapping(state: Mapping[str, object], schemes: list[set[str]]) -> str:
    """The prefix of all names, or the key under which the weights lie; empty if it is neither."""
    for prefix in _PREFIXES:
        if {key.removeprefix(prefix) for key in state} in schemes:
            return prefix
    for key, value in state.items():
        if isinstance(value, Mapping) and set(value) in schemes:  # pyright: ignore[reportUnknownArgumentType]  # of anything
            return key
    return ""
