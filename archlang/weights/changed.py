"""Whether a network is still what it was when its weights were saved: tensors alone do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.graph import Graph, Node
from archlang.ops.base import Op
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.origin import NoSuchNetworkError
from archlang.weights.saved import is_of_save, origin_in

_SHOWN = 3


def changed_since(checkpoint: Checkpoint, graph: Graph) -> Iterator[str]:
    """What differs between a network and the spec that its weights were saved with, in words.

    Only a file of `archlang.save` holds a spec. One that cannot be used says nothing here: its
    tensors are looked at by themselves.
    """
    before = _saved_network(checkpoint) if is_of_save(checkpoint.metadata) else None
    if before is None:
        return
    then, now = _layers(before), _layers(graph)
    paths = dict.fromkeys((*then, *now))
    changed = [p for p in paths if _op(then, p) != _op(now, p)]
    for path in changed[:_SHOWN]:
        yield f"{path}: {_said(then, path)} when the weights were saved, {_said(now, path)} here"
    if len(changed) > _SHOWN:
        yield f"and {len(changed) - _SHOWN} more layers are not what they were then"


def _op(layers: Mapping[str, Node], path: str) -> Op | None:
    return layers[path].op if path in layers else None


def _said(layers: Mapping[str, Node], path: str) -> str:
    op = _op(layers, path)
    return op.label() if op is not None else "nothing"


def _saved_network(checkpoint: Checkpoint) -> Graph | None:
    try:
        return origin_in(checkpoint.metadata, checkpoint.origin).graph("", Diagnostics())
    except (SpecError, NoSuchNetworkError):
        return None


def _layers(graph: Graph) -> dict[str, Node]:
    return {node.path: node for node in graph.nodes if node.role == "layer"}
