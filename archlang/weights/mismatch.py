"""What to say of weights that are of none of the networks they could be of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archlang.diagnostics.catalog.weights import KeysDiffer, ShapesDiffer
from archlang.diagnostics.model import Problem
from archlang.ops.base import Shape
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import current_name
from archlang.weights.references import COUNTER, Match, Reference
from archlang.weights.wrappers import PREFIXES


def shapes_differ(found: Match) -> Problem:
    """Weights with the names of a network, but made for another size of it."""
    wanted = found.reference.shapes
    differing = {k: s for k, s in found.shapes.items() if s is not None and s != wanted[k]}
    key, *others = differing
    network = found.reference.graph.name
    return ShapesDiffer(
        key,
        differing[key],
        wanted[key],
        tuple(others),
        network,
        found.reference.base is not None,
    )


def lacking(found: Match, own: Mapping[str, Shape]) -> Problem:
    """Weights that lack what is needed."""
    reference = found.reference
    missing = [k for k in reference.shapes if k not in found.names and k in own]
    plain = [k for k in missing if not k.endswith(COUNTER)]
    scheme = reference.schemes[found.scheme]
    return KeysDiffer(
        network=reference.graph.name,
        missing=tuple(scheme[key] for key in plain or missing),
        unexpected=(),
        keys=found.scheme,
    )


def keys_differ(seen: Sequence[Reference], checkpoint: Checkpoint) -> Problem:
    """Weights with names that none of the networks has, told of the one that comes closest."""
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
    for prefix in PREFIXES:
        if {key.removeprefix(prefix) for key in state} in schemes:
            return prefix
    for key, value in state.items():
        if isinstance(value, Mapping) and set(value) in schemes:  # pyright: ignore[reportUnknownArgumentType]  # of anything
            return key
    return ""
