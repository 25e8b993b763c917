"""The networks that weights may have been made for: a network itself, and those it derives from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from archlang.graph import Graph
from archlang.semantics.bases import Base
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import COUNTERPARTS, current_name, key_map

Shape = tuple[int, ...]
COUNTER = ".num_batches_tracked"
"""Batch norms count batches since PyTorch 0.4.1; older files lack it, and nothing depends on it."""


@dataclass(frozen=True)
class Reference:
    """A network, and the names that its tensors may have in a checkpoint."""

    graph: Graph
    level: int
    """0: the network that is loaded; 1: the one it derives from; and so on."""
    shapes: Mapping[str, Shape]
    """Of each tensor of its `state_dict`."""
    schemes: Mapping[str, Mapping[str, str]] = field(repr=False)
    """Whose names ("its own", "torchvision's") → for each tensor its name there."""
    dropped: tuple[str, ...] = ()
    """Arguments that the derivation sets, and that are left at their defaults here."""
    base: Base | None = None


@dataclass(frozen=True)
class Match:
    """A checkpoint, read as the weights of a reference: for each tensor the name there."""

    reference: Reference
    scheme: str
    names: Mapping[str, str]
    """Without the counters that the checkpoint lacks."""


def references(
    graph: Graph, own: Mapping[str, Shape], checkpoint: Checkpoint
) -> Iterator[Reference]:
    """The network itself, then the networks it derives from, the nearest first.

    Each base comes as the derivation calls it, and with arguments left at their defaults: each
    alone, then all of them. `ResNet50(classes=10)` is trained from weights of `ResNet50`.
    """
    yield Reference(graph, 0, own, _schemes(graph, own, checkpoint))
    for level, base in enumerate(graph.bases, start=1):
        for dropped in _variants(base):
            built = base.graph(without=dropped)
            if built is not None:
                shapes = shapes_of(built)
                schemes = _schemes(built, shapes, checkpoint)
                yield Reference(built, level, shapes, schemes, dropped, base)


def _variants(base: Base) -> Iterator[tuple[str, ...]]:
    names = tuple(base.arguments)
    yield ()
    if len(names) > 1:
        yield from ((name,) for name in names)
    if names:
        yield names


def shapes_of(graph: Graph) -> dict[str, Shape]:
    """The shapes of a network's `state_dict`, without making one."""
    from archlang.backends.fx import to_fx

    state = to_fx(graph, device="meta").state_dict()
    return {key: tuple(value.shape) for key, value in state.items()}


def _schemes(
    graph: Graph, shapes: Mapping[str, Shape], checkpoint: Checkpoint
) -> dict[str, dict[str, str]]:
    schemes = {"its own": {key: key for key in shapes}}
    for builder in dict.fromkeys((COUNTERPARTS.get(graph.name, ""), checkpoint.builder)):
        theirs = _torchvision_names(graph, shapes, builder) if builder else None
        if theirs is not None:
            schemes.setdefault("torchvision's", theirs)
    return schemes


def _torchvision_names(
    graph: Graph, shapes: Mapping[str, Shape], builder: str
) -> dict[str, str] | None:
    """For each key of ours the one of torchvision; None where there is no such map."""
    paths = key_map(graph, builder)
    if paths is None:
        return None
    split = {key: key.rpartition(".") for key in shapes}
    if any(path not in paths for path, _, _ in split.values()):
        return None
    return {key: f"{paths[path]}.{name}" for key, (path, _, name) in split.items()}


def match(reference: Reference, checkpoint: Checkpoint) -> Match | None:
    """The checkpoint as the weights of a reference; None if its names are not of that network."""
    given = {current_name(name): name for name in checkpoint.tensors}
    for scheme, names in reference.schemes.items():
        present = {key: given[name] for key, name in names.items() if name in given}
        missing = names.keys() - present.keys()
        if len(present) == len(given) and _only_counters(missing, names):
            return Match(reference, scheme, present)
    return None


def _only_counters(missing: set[str], names: Mapping[str, str]) -> bool:
    """Whether all that is missing are the counters of batches, and all of them."""
    counters = {key for key in names if key.endswith(COUNTER)}
    return not missing or missing == counters
