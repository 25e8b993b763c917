"""Between which places of ours each layer of theirs lies, and what must precede what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Spans(NamedTuple):
    """For each layer of theirs the first and the last of ours that it may be."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, may: NDArray[np.bool_], layers: Sequence[int]) -> Spans:
        """
        Args:
            may: (ours, theirs), what may be the same layer: something for each of `layers`.
        """
        first, last = (np.zeros(may.shape[1], np.int64) for _ in range(2))
        first[layers] = may[:, layers].argmax(0)
        last[layers] = len(may) - 1 - may[::-1, layers].argmax(0)
        return cls(first, last)

    def some_before(self, numbered: Iterable[tuple[tuple[int, ...], int]]) -> bool:
        """Whether a layer comes before one of a lower number, whatever the layers may be.

        Args:
            numbered: layers of theirs, each time with the number that they bear.
        """
        flat = [(layer, number) for layers, number in numbered for layer in layers]
        layers, numbers = np.array(flat, np.int64).T
        ends = np.sort(self.last[layers])
        highest = np.maximum.accumulate(numbers[np.argsort(self.last[layers], kind="stable")])
        over = np.searchsorted(ends, self.first[layers])  # how many are over before each begins
        begun = over > 0
        return bool((highest[over[begun] - 1] > numbers[begun]).any())
