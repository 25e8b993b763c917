"""The networks that weights may have been made for: a network itself, and those it derives from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from archlang.graph import Graph
from archlang.ops.base import Shape
from archlang.semantics.bases import Base
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import COUNTERPARTS, current_name, key_map

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

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called: by the network that derives from it, and where it is declared."""
        return (self.base.called, self.graph.name) if self.base else (self.graph.name,)


@dataclass(frozen=True)
class Match:
    """A checkpoint, read as the weights of a reference: for each tensor the name there."""

    reference: Reference
    scheme: str
    names: Mapping[str, str]
    """Without those that the checkpoint lacks."""
    shapes: Mapping[str, Shape | None]
    """Of the tensors in the checkpoint, by the reference's names; None for what is no tensor."""

    def lacks_none(self, keys: Iterable[str]) -> bool:
        """Whether all tensors are there, but for counters, of which older files have none."""
        missing = [key for key in keys if key not in self.names]
        counted = any(key.endswith(COUNTER) for key in self.names)
        return all(key.endswith(COUNTER) and not counted for key in missing)


def references(
    graph: Graph, own: Mapping[str, Shape], checkpoint: Checkpoint
) -> Iterator[Reference]:
    """The network itself, then the networks it derives from, the nearest first.

    A base comes as the derivation calls it, or with those of the arguments left at their defaults
    that the weights were made without: `ResNet50(classes=10)` is trained from weights of
    `ResNet50`.
    """
    yield Reference(graph, 0, own, _schemes(graph, own, checkpoint))
    for level, base in enumerate(graph.bases, start=1):
        reference = _closest_variant(base, level, checkpoint)
        if reference is not None:
            yield reference


def _closest_variant(base: Base, level: int, checkpoint: Checkpoint) -> Reference | None:
    """The base with the arguments that fit the weights: one after the other is dropped, as long as
    fewer tensors differ."""
    best = _variant(base, level, (), checkpoint)
    if best is None:
        return None
    while (differing := misfits(best, checkpoint)) > 0:
        left = [name for name in base.arguments if name not in best.dropped]
        tried = [_variant(base, level, (*best.dropped, name), checkpoint) for name in left]
        better = [r for r in tried if r is not None and misfits(r, checkpoint) < differing]
        if not better:
            return best
        best = min(better, key=lambda r: misfits(r, checkpoint))
    return best


def _variant(
    base: Base, level: int, dropped: tuple[str, ...], checkpoint: Checkpoint
) -> Reference | None:
    built = base.graph(without=dropped)
    if built is None:
        return None
    shapes = shapes_of(built)
    return Reference(
        built, level, shapes, _schemes(built, shapes, checkpoint), tuple(sorted(dropped)), base
    )


def misfits(reference: Reference, checkpoint: Checkpoint) -> int:
    """How many tensors stand between a checkpoint and a network: by name, or by shape."""
    given = {current_name(name): name for name in checkpoint.tensors}
    return min(
        _misfits(reference, names, given, checkpoint) for names in reference.schemes.values()
    )


def _misfits(
    reference: Reference,
    names: Mapping[str, str],
    given: Mapping[str, str],
    checkpoint: Checkpoint,
) -> int:
    wanted = {name: key for key, name in names.items() if not key.endswith(COUNTER)}
    present = {name for name in given if not name.endswith(COUNTER)}
    both = wanted.keys() & present
    differing = sum(
        shape_of(checkpoint.tensors[given[name]]) != reference.shapes[wanted[name]] for name in both
    )
    return len(wanted.keys() ^ present) + differing


def shape_of(value: object) -> Shape | None:
    """The shape of a tensor; None for what is none, which is refused when it is loaded."""
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(shape)


def shapes_of(graph: Graph) -> Mapping[str, Shape]:
    """The shapes of a network's `state_dict`, without making one."""
    from archlang.backends.fx import to_fx

    if graph not in _SHAPES:
        state = to_fx(graph, device="meta").state_dict()
        _SHAPES[graph] = {key: tuple(value.shape) for key, value in state.items()}
    return _SHAPES[graph]


_SHAPES: WeakKeyDictionary[Graph, Mapping[str, Shape]] = WeakKeyDictionary()


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
    """The checkpoint as weights of a reference; None if it has names that this network has not.

    It may lack some of its tensors, and have others in another shape: whether they are needed is
    seen when it is planned what to load.
    """
    given = {current_name(name): name for name in checkpoint.tensors}
    for scheme, names in reference.schemes.items():
        present = {key: given[name] for key, name in names.items() if name in given}
        if present and len(present) == len(checkpoint.tensors):
            shapes = {key: shape_of(checkpoint.tensors[name]) for key, name in present.items()}
            return Match(reference, scheme, present, shapes)
    return None
