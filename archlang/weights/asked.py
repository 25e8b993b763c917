"""From what a user asks for to a checkpoint in names that a network may know."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Protocol, TypeAlias

from archlang.diagnostics.model import Label, SpecError
from archlang.graph import Graph, Pretrained
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.torchvision import COUNTERPARTS

DEFAULT = "DEFAULT"


class WeightsEnum(Protocol):
    """A member of one of torchvision's enumerations: `ResNet50_Weights.IMAGENET1K_V2`."""

    @property
    def url(self) -> str:
        """Where the file lies."""
        ...


WeightsSource: TypeAlias = Mapping[str, object] | str | PathLike[str] | WeightsEnum
KeyMapSource: TypeAlias = Mapping[str, str] | str | PathLike[str]


def checkpoint_for(
    graph: Graph, weights: WeightsSource, key_map: KeyMapSource | None = None
) -> Checkpoint:
    """The weights that are asked for, for a network.

    Args:
        graph: the network. `"DEFAULT"` are the weights that it declares, or else torchvision's
            best for the network of the zoo that it is, or derives from.
        weights: where they come from; see `archlang.load`.
        key_map: for each tensor of the network (or of one it derives from) its name there.

    Raises:
        SpecError: they cannot be had, or the map does not fit them.
    """
    from archlang.weights.sources import read_weights

    if isinstance(weights, str) and weights == DEFAULT and graph.pretrained is not None:
        checkpoint = _declared(graph, graph.pretrained)
    else:
        checkpoint = read_weights(weights, builders(graph))
    if key_map is None:
        return checkpoint
    from archlang.weights.keys.mapfile import KeyMap

    return KeyMap.read(key_map).rename(checkpoint)


def _declared(graph: Graph, pretrained: Pretrained) -> Checkpoint:
    """The weights that a network declares; what is wrong with them is shown where it does."""
    from archlang.weights.sources import read_declared

    try:
        return read_declared(pretrained.kind, pretrained.source, builders(graph))
    except SpecError as error:
        at = pretrained.span
        moved = [d.moved(Label(at, d.primary.text)) for d in error.diagnostics]
        raise SpecError(moved) from None


def builders(graph: Graph) -> tuple[str, ...]:
    """The functions of `torchvision.models` that build the network, or one it derives from."""
    names = (graph.name, *(base.name for base in graph.bases))
    return tuple(dict.fromkeys(COUNTERPARTS[n] for n in names if n in COUNTERPARTS))
