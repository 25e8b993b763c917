"""Where insets find room: beside a network, below it, and below columns of it that end early."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from archlang.figures.geometry import Rect

_STEP = 4.0
"""How finely the lower edge of a network is known, in points across."""

Spot = tuple[float, float]
"""The upper left corner of something packed."""


class Skyline:
    """The lower edge of all that has its place, from left to right; y runs downwards."""

    def __init__(self, width: float, between: float) -> None:
        self.width = width
        self.between = between
        self._spans: list[tuple[float, float, float]] = []
        """Left, right, bottom: what is free begins below all of those that overlap."""

    def copy(self) -> Skyline:
        """The same, to try something."""
        other = Skyline(self.width, self.between)
        other._spans = list(self._spans)
        return other

    def stand(self, rects: Iterable[Rect]) -> None:
        """What stands there already: its lower edge, joined to flat pieces."""
        count = int(self.width / _STEP) + 1
        edge = [0.0] * count
        for rect in rects:
            for k in range(
                max(0, int(rect.x / _STEP)), min(count - 1, int(rect.right / _STEP)) + 1
            ):
                edge[k] = max(edge[k], rect.bottom)
        starts = [k for k in range(count) if not k or edge[k] != edge[k - 1]]
        for k, after in pairwise([*starts, count]):
            self._spans.append((k * _STEP, after * _STEP, edge[k]))

    def spot(self, w: float, h: float, limit: float) -> Spot | None:
        """The highest place within `limit` for a card, and of those the leftmost."""
        lefts = {0.0, *(r + self.between for _, r, _ in self._spans), limit - w}
        spots = [(self._floor(x, w), x) for x in lefts if 0 <= x <= limit - w + 0.01]
        best = min(spots, default=None)
        return None if best is None else (best[1], best[0])

    def take(self, x: float, y: float, w: float, h: float) -> None:
        """A card in its place."""
        self._spans.append((x, x + w, y + h))

    def _floor(self, x: float, w: float) -> float:
        low, high = x - self.between, x + w + self.between
        under = [bottom for left, right, bottom in self._spans if left < high and low < right]
        bottom = max(under, default=0.0)
        return bottom + self.between if bottom else 0.0


def packed(
    ground: Skyline, sizes: Sequence[tuple[float, float]], limit: float
) -> list[Spot] | None:
    """Where cards go within a width, the tallest first; None if one is wider than that."""
    skyline = ground.copy()
    found: dict[int, Spot] = {}
    for k in sorted(range(len(sizes)), key=lambda k: -sizes[k][1]):
        w, h = sizes[k]
        spot = skyline.spot(w, h, limit)
        if spot is None:
            return None
        skyline.take(*spot, w, h)
        found[k] = spot
    return [found[k] for k in range(len(sizes))]
