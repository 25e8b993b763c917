"""The pairs of places in two sequences that are most alike together, both kept in order."""

from __future__ import annotations

from collections.abc import Callable


def best_pairs(n: int, m: int, score: Callable[[int, int], float]) -> list[tuple[int, int]]:
    """The pairs that score most together; a score of 0 or less is no pair.

    Needleman and Wunsch's alignment (1970, doi:10.1016/0022-2836(70)90057-4), without a price
    for gaps: the time goes with n · m.
    """
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in reversed(range(n)):
        for j in reversed(range(m)):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], score(i, j) + best[i + 1][j + 1])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < n and j < m:
        if score(i, j) > 0 and best[i][j] == score(i, j) + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs
