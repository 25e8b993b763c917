"""The best way to cut a row of steps into pieces: exact, by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from archlang.record import Record


class Row(Record):
    """A row of steps with the places where it may be cut, its two ends included.

    All are by place: what is before it (`costs`, `layers`), and what a cut there lets through.
    """

    costs: tuple[int, ...]
    layers: tuple[int, ...]
    """A piece needs at least one layer."""
    traffic: tuple[int, ...]

    def piece(self, start: int, stop: int) -> int:
        """What the steps between two places cost."""
        return self.costs[stop] - self.costs[start]

    def is_piece(self, start: int, stop: int) -> bool:
        """Whether there is a layer between two places."""
        return self.layers[stop] > self.layers[start]


def most_pieces(row: Row) -> int:
    """Into how many pieces a row can be cut at most; 0 if there is nothing in it."""
    pieces, begun = 0, 0
    for place in range(1, len(row.costs)):
        if row.is_piece(begun, place):
            pieces, begun = pieces + 1, place
    return pieces


def partition(row: Row, pieces: int, slack: float = 0.0) -> tuple[int, ...]:
    """The places to cut at, so that the costliest piece costs least; of these, the least traffic.

    Args:
        row: the steps.
        pieces: how many; at most `most_pieces(row)`.
        slack: how much more than that the costliest piece may cost to save traffic: 0.05 is 5 %.

    Raises:
        ValueError: there are not as many pieces in the row.
    """
    bound = _least_maximum(row, pieces)
    if bound == inf:
        raise ValueError(f"this row cannot be cut into {pieces} pieces")
    return _least_traffic(row, pieces, int(bound * (1 + slack)) if slack else int(bound))


def _least_maximum(row: Row, pieces: int) -> float:
    """The cost of the costliest piece, if that is as low as it can be; infinite if none is legal.

    It is looked for below a bound, somewhat above the mean, that is raised until there is
    something below it: so pieces that are far too long are never looked at.
    """
    total = row.costs[-1] - row.costs[0]
    bound = max(1, total * 6 // (5 * pieces))
    while bound < total:
        if (best := _least_below(row, pieces, bound)) < inf:
            return best
        bound = bound * 3 // 2 + 1
    return _least_below(row, pieces, total)


def _least_below(row: Row, pieces: int, bound: int) -> float:
    """The same, if it is `bound` at most; else infinite."""
    costs, layers = row.costs, row.layers
    best: list[float] = [_or_inf(row, 0, j, bound) for j in range(len(costs))]
    for _ in range(pieces - 1):
        before, best = best, [inf] * len(best)
        for j, (cost, layer) in enumerate(zip(costs, layers, strict=True)):
            least: float = bound + 1
            for i in range(j - 1, 0, -1):
                last = cost - costs[i]  # it only grows, the farther back the piece begins
                if last >= least:
                    break
                if before[i] < least and layers[i] < layer:
                    least = max(last, before[i])
            if least <= bound:
                best[j] = least
    return best[-1]


def _or_inf(row: Row, start: int, stop: int, bound: int) -> float:
    cost = row.piece(start, stop)
    return cost if row.is_piece(start, stop) and cost <= bound else inf


def _least_traffic(row: Row, pieces: int, bound: int) -> tuple[int, ...]:
    """The places with the least traffic in sum, no piece costing more than `bound`."""
    ends = range(len(row.costs))
    fits = [row.is_piece(0, j) and row.piece(0, j) <= bound for j in ends]
    best: list[float] = [0 if fit else inf for fit in fits]
    cuts: list[list[int]] = []
    for _ in range(pieces - 1):
        before, best = best, [inf] * len(best)
        chosen = [0] * len(best)
        for j in ends:
            for i in range(j - 1, 0, -1):
                if row.piece(i, j) > bound:
                    break
                traffic = before[i] + row.traffic[i]
                if row.is_piece(i, j) and traffic < best[j]:
                    best[j], chosen[j] = traffic, i
        cuts.append(chosen)
    return _read_back(cuts, len(row.costs) - 1)


def _read_back(cuts: Sequence[Sequence[int]], end: int) -> tuple[int, ...]:
    places: list[int] = []
    for chosen in reversed(cuts):
        end = chosen[end]
        places.append(end)
    return tuple(reversed(places))
