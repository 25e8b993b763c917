"""The cuts of a row against every way there is to cut it."""

from __future__ import annotations

from itertools import accumulate, combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlang.distributed.planning.partition import Row, most_pieces, partition


@st.composite
def rows(draw: st.DrawFn) -> Row:
    size = draw(st.integers(1, 9))
    costs = draw(st.lists(st.integers(0, 20), min_size=size, max_size=size))
    layers = draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    traffic = draw(st.lists(st.integers(0, 9), min_size=size + 1, max_size=size + 1))
    return Row(
        tuple(accumulate(costs, initial=0)), tuple(accumulate(layers, initial=0)), tuple(traffic)
    )


def every_way(row: Row, pieces: int) -> list[tuple[int, ...]]:
    """All legal ways to cut a row."""
    end = len(row.costs) - 1
    ways = combinations(range(1, end), pieces - 1)
    return [
        way
        for way in ways
        if all(row.layers[b] > row.layers[a] for a, b in pairwise((0, *way, end)))
    ]


def slowest(row: Row, way: tuple[int, ...]) -> int:
    ends = (0, *way, len(row.costs) - 1)
    return max(row.costs[b] - row.costs[a] for a, b in pairwise(ends))


def sent(row: Row, way: tuple[int, ...]) -> int:
    return sum(row.traffic[place] for place in way)


@given(rows(), st.integers(1, 6), st.sampled_from([0.0, 0.1, 1.0]))
def test_the_best_of_all_ways(row: Row, pieces: int, slack: float) -> None:
    ways = every_way(row, pieces)
    if not ways:
        with pytest.raises(ValueError, match="cannot be cut"):
            partition(row, pieces, slack)
        return
    least = min(slowest(row, way) for way in ways)
    allowed = [way for way in ways if slowest(row, way) <= int(least * (1 + slack))]
    found = partition(row, pieces, slack)
    assert found in allowed
    assert sent(row, found) == min(sent(row, way) for way in allowed)


@given(rows())
def test_how_many_pieces_there_can_be(row: Row) -> None:
    possible = [n for n in range(1, len(row.costs)) if every_way(row, n)]
    assert most_pieces(row) == max(possible, default=0)
