"""What two sequences have in common for certain: the pairs in every longest common subsequence."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Alignment(NamedTuple):
    """The length of the longest common subsequences, and the pairs that all of them share."""

    length: int
    pairs: list[tuple[int, int]]


def align(fits: NDArray[np.bool_]) -> Alignment:
    """Align two sequences by order.

    A pair (i, j) that k pairs precede at most, and that L - k - 1 can follow, lies on a longest
    common subsequence of length L, and there it is pair number k. So it lies on all of them if it
    is the only one that can have this number.

    Args:
        fits: (n, m), whether element i of the one sequence may be paired with j of the other.
    """
    before = _longest(fits)[:-1, :-1]
    after = _longest(fits[::-1, ::-1])[:-1, :-1][::-1, ::-1]
    length = int(np.max(before + after + fits, where=fits, initial=0))
    rows, columns = np.nonzero(fits & (before + after + 1 == length))
    numbers = before[rows, columns]
    alone = np.bincount(numbers, minlength=length)[numbers] == 1
    return Alignment(length, list(zip(rows[alone].tolist(), columns[alone].tolist(), strict=True)))


def _longest(fits: NDArray[np.bool_]) -> NDArray[np.int32]:
    """(n + 1, m + 1): the length of the longest common subsequence of the first i and the first j.

    The recurrence of Wagner and Fischer (1974), a row at a time: what the row above and the
    diagonal give, and then the maximum from left to right.
    """
    lengths = np.zeros((fits.shape[0] + 1, fits.shape[1] + 1), np.int32)
    for i, row in enumerate(fits):
        above = np.maximum(lengths[i, 1:], lengths[i, :-1] + row)
        np.maximum.accumulate(above, out=lengths[i + 1, 1:])
    return lengths
