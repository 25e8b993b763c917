"""Several results under their names."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from functools import cache
from typing import Any

from torch import Tensor, nn


@cache
def output_type(title: str, names: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """The named tuple of a network's results; the same class for the same names."""
    kind = namedtuple(title, names)  # pyright: ignore[reportUntypedNamedTuple]  # known only here
    # No module has the class under its name, so results are pickled by what makes the class.
    kind.__reduce__ = lambda self: (_restored, (title, names, *self))
    return kind


def _restored(title: str, names: tuple[str, ...], *values: Any) -> tuple[Any, ...]:
    return output_type(title, names)(*values)


class Outputs(nn.Module):
    """Gives a network's results as a named tuple: all while training, else the regular ones.

    If just one regular result is left in evaluation, it comes by itself, as torchvision does it.
    """

    def __init__(self, title: str, names: Sequence[str], training: Sequence[str]) -> None:
        super().__init__()
        self.title = title
        self.names = tuple(names)
        self.regular = tuple(n for n in names if n not in training)
        self._make_types()

    def _make_types(self) -> None:
        # made beforehand: a call that torch.compile traces had better not make classes
        self.whole_type = output_type(self.title, self.names)
        self.regular_type = output_type(self.title, self.regular)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("whole_type", "regular_type")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # pyright: ignore[reportUnknownMemberType]  # torch has no type
        self._make_types()

    def forward(self, *values: Tensor) -> Any:
        """The results, in the order of the names."""
        if self.training:
            return self.whole_type(*values)
        chosen = [v for n, v in zip(self.names, values, strict=True) if n in self.regular]
        return chosen[0] if len(chosen) == 1 else self.regular_type(*chosen)
