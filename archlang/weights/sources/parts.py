"""Which part of a checkpoint is meant, where it holds more than weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard, cast

from archlang.diagnostics.catalog.checkpoints import UnknownWeights
from archlang.diagnostics.suggest import closest
from archlang.problems import about
from archlang.weights.checkpoint import Checkpoint

_EXTRA = "_extra_state"
"""What `nn.Module.get_extra_state` of a layer is kept under; it need not be a tensor."""


def select(loaded: object, shown: str, key: str = "") -> Checkpoint:
    """The weights in what a file held: under `key`, or those that alone can be meant.

    Args:
        loaded: what was read.
        shown: the name of the file, for people.
        key: what stood behind `#`; `ema.model` is `model` in `ema`.

    Raises:
        SpecError: there are none, or there are several (E0710).
    """
    if key:
        loaded = _under(loaded, shown, key)
    origin = f"{shown}#{key}" if key else shown
    if _is_state(loaded):
        return Checkpoint(loaded, origin)
    parts = _parts(loaded)
    if len(parts) == 1:
        ((name, state),) = parts.items()
        return Checkpoint(state, f"{shown}#{key}.{name}" if key else f"{shown}#{name}")
    if parts:
        raise about(shown, _several(shown, key, list(parts)))
    if _names_some_tensors(loaded):
        return Checkpoint(loaded, origin)
    raise about(shown, _nothing(loaded, origin))


def _under(loaded: object, shown: str, key: str) -> object:
    """What lies under the key.

    Raises:
        SpecError: nothing does (E0710).
    """
    if isinstance(loaded, Mapping):
        within = cast("Mapping[object, object]", loaded)
        if key in within:
            return within[key]
        head, dot, rest = key.partition(".")
        if dot and isinstance(within.get(head), Mapping):
            return _under(within[head], f"{shown}#{head}", rest)
        raise about(shown, _unknown_key(within, shown, key))
    raise about(shown, _nothing(loaded, shown))


def _is_state(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether it is a mapping of names to tensors, and nothing else."""
    from torch import Tensor

    if not isinstance(value, Mapping) or not value:
        return False
    items = cast("Mapping[object, object]", value).items()
    tensors = sum(isinstance(v, Tensor) for _, v in items)
    return tensors > 0 and all(
        isinstance(k, str) and (isinstance(v, Tensor) or k.endswith(_EXTRA)) for k, v in items
    )


def _names_some_tensors(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether there are tensors under names, whatever else there is: the network will tell."""
    from torch import Tensor

    if not isinstance(value, Mapping):
        return False
    items = cast("Mapping[object, object]", value).items()
    return any(isinstance(v, Tensor) for _, v in items) and all(
        isinstance(k, str) for k, _ in items
    )


def _parts(loaded: object) -> dict[str, Mapping[str, object]]:
    """The mappings of names to tensors in it.

    One level deeper is looked at only where there are none: what an optimiser keeps is one too.
    """
    within = _named(loaded)
    parts = {name: value for name, value in within.items() if _is_state(value)}
    return parts or {
        f"{outer}.{name}": value
        for outer, inner in within.items()
        for name, value in _named(inner).items()
        if _is_state(value)
    }


def _named(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        return {}
    items = cast("Mapping[object, object]", value).items()
    return {name: part for name, part in items if isinstance(name, str)}


def _several(shown: str, key: str, names: list[str]) -> UnknownWeights:
    inside = f"{key}." if key else ""
    return UnknownWeights(
        why=f"{shown} holds weights more than once",
        known=tuple(f"{shown}#{inside}{name}" for name in names),
        what="they are",
        way=f"say which are meant: {shown}#{inside}{names[0]}",
    )


def _unknown_key(loaded: object, shown: str, key: str) -> UnknownWeights:
    if _is_state(loaded):
        return UnknownWeights(
            why=f"{shown} has nothing under {key!r}: it holds weights alone",
            way=f"leave #{key} away",
        )
    keys = tuple(_named(loaded))
    near = closest(key, keys)
    return UnknownWeights(
        why=f"{shown} has nothing under {key!r}",
        known=keys,
        what="it has",
        suggestion=f"{shown}#{near}" if near else None,
    )


def _nothing(loaded: object, origin: str) -> UnknownWeights:
    """No weights: said in the words of what is there instead."""
    if isinstance(loaded, Mapping) and loaded:
        keys = tuple(map(str, cast("Mapping[object, object]", loaded)))
        return UnknownWeights(
            why=f"{origin} holds no tensors under names",
            known=keys,
            what="it holds",
            way="save the weights: torch.save(model.state_dict(), …)",
        )
    what = "is empty" if isinstance(loaded, Mapping) else f"holds a {type(loaded).__name__}"
    return UnknownWeights(
        why=f"{origin} {what}, no weights under their names",
        way="save the weights: torch.save(model.state_dict(), …)",
    )
