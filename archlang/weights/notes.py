"""What a GraphModule remembers of where it comes from, through copies and pickles."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

_ATTRIBUTE = "_archlang_notes"


def note(module: nn.Module, key: str, value: object) -> None:
    """Note something in a GraphModule.

    Copying a GraphModule keeps of its own attributes `meta` alone, and pickling all but that; what
    is noted in a layer survives both.
    """
    meta: dict[str, Any] = module.__dict__.setdefault("meta", {})
    meta[key] = value
    for layer in islice(module.children(), 1):
        layer.__dict__.setdefault(_ATTRIBUTE, {})[key] = value


def noted(module: object, key: str) -> Any:
    """What was noted under a key; None if nothing was, or the module is no GraphModule."""
    return next((notes[key] for notes in _notes(module) if key in notes), None)


def _notes(module: object) -> Iterator[dict[str, Any]]:
    from torch.fx import GraphModule

    if not isinstance(module, GraphModule):
        return  # made of parts of ours, perhaps, but something else
    yield module.meta
    for layer in islice(module.children(), 1):
        yield layer.__dict__.get(_ATTRIBUTE, {})
