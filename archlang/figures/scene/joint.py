"""The step-by-step figure of two networks: what is the same part of both appears at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from archlang.figures.scene.steps import steps
from archlang.figures.view.model import Panel
from archlang.figures.view.twins import Twins

Steps = dict[int, dict[int, int]]
"""For each panel (by its `id`), box id → frame."""


def joint_steps(twins: Twins) -> tuple[Steps, Steps]:
    """The frames of both networks, counted together.

    Each network keeps its own order. Parts that both have are anchors; between two of them the
    networks go on side by side, and the one with less to show waits for the other.
    """
    left, right = (steps(view) for view in twins.views)
    anchors = [(0, 0), *_rising(sorted(_meetings(twins, left, right)))]
    ends = tuple(
        max(f for boxes in side.values() for f in boxes.values()) for side in (left, right)
    )
    clocks: tuple[dict[int, int], dict[int, int]] = ({0: 0}, {0: 0})
    now = 0
    for before, after in pairwise([*anchors, (ends[0] + 1, ends[1] + 1)]):
        longest = max(b - a for a, b in zip(before, after, strict=True))
        for clock, start, end in zip(clocks, before, after, strict=True):
            clock.update({start + k: now + k for k in range(1, end - start)} | {end: now + longest})
        now += longest
    first, second = (
        {panel: {box: clock[f] for box, f in boxes.items()} for panel, boxes in side.items()}
        for side, clock in zip((left, right), clocks, strict=True)
    )
    return first, second


def _meetings(twins: Twins, left: Steps, right: Steps) -> Iterator[tuple[int, int]]:
    """When each network shows what both have."""
    panels: list[tuple[Panel, Panel, dict[int, int]]] = [
        (twins.views[0].main, twins.views[1].main, twins.main.pairs)
    ]
    panels += [(a, b, pairs) for (a, b), pairs in twins.insets if a is not None and b is not None]
    for a, b, pairs in panels:
        for i, j in pairs.items():
            yield left[id(a)][i], right[id(b)][j]


def _rising(meetings: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those that follow one another in both networks."""
    last = (0, 0)
    for meeting in meetings:
        if meeting[0] > last[0] and meeting[1] > last[1]:
            yield meeting
            last = meeting
