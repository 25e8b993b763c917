"""Counts the memory of tensors as long as they live; works on torch's meta device too."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveStorages(TorchDispatchMode):
    """While it is entered, sees all memory that is taken; what is given back it sees ever after.

    Args:
        known: tensors whose memory is not counted, such as parameters.
    """

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # torch has no type
        self.alive = 0
        """Bytes that are alive now, besides what was known."""
        self.known = {address_of(tensor) for tensor in known}
        self._watched: dict[int, weakref.ref[Any]] = {}

    def note(self, tensor: torch.Tensor) -> None:
        """Count a tensor's storage as long as it lives, unless it is counted or known."""
        address = address_of(tensor)
        if address in self.known or address in self._watched:
            return
        storage = tensor.untyped_storage()
        size = storage.nbytes()
        self._watched[address] = weakref.ref(storage, lambda _: self._forget(address, size))
        self.alive += size
        self.taken(address)

    def note_all(self, values: Any) -> None:
        """Count all tensors of a result."""
        for leaf in tree_leaves(values):
            if isinstance(leaf, torch.Tensor):
                self.note(leaf)

    def _forget(self, address: int, size: int) -> None:
        del self._watched[address]
        self.alive -= size
        self.given_back(address)

    def taken(self, address: int) -> None:
        """A storage was counted."""

    def given_back(self, address: int) -> None:
        """A storage is alive no more."""

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.note_all(result)
        return result


def address_of(tensor: torch.Tensor) -> int:
    """Tells storages apart; those on the meta device have no address of data."""
    return tensor.untyped_storage()._cdata  # pyright: ignore[reportPrivateUsage]  # the only one
