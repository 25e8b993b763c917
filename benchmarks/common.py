"""Fair timing: two ways of doing one thing, in turn, in one process or as whole processes."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Ours against a peer: the median of the ratios of paired runs, with their range."""

    what: str
    ours: float
    peer: float
    ratio: float
    low: float
    high: float
    goal: float

    @classmethod
    def of(cls, what: str, pairs: Sequence[tuple[float, float]], goal: float) -> Ratio:
        """That of paired runs, ours first."""
        ratios = [a / b for a, b in pairs]
        return cls(
            what,
            statistics.median(a for a, _ in pairs),
            statistics.median(b for _, b in pairs),
            statistics.median(ratios),
            min(ratios),
            max(ratios),
            goal,
        )

    def row(self) -> str:
        """A row of a Markdown table."""
        mark = "met" if self.ratio <= self.goal else "**missed**"
        return (
            f"| {self.what} | {self.ours:.4g} | {self.peer:.4g} | {self.ratio:.3f} "
            f"({self.low:.3f}–{self.high:.3f}) | {self.goal:.2f} | {mark} |"
        )


HEADER = (
    "| what | ours | peer | ratio: median (range) | goal | |\n| --- | --- | --- | --- | --- | --- |"
)


def paired(
    what: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    goal: float,
    rounds: int = 7,
    warmup: int = 1,
) -> Ratio:
    """Run both in turn, alternating who is first, and compare round by round (seconds)."""
    for _ in range(warmup):
        ours()
        peer()
    pairs: list[tuple[float, float]] = []
    for i in range(rounds):
        first, second = (ours, peer) if i % 2 == 0 else (peer, ours)
        a, b = seconds(first), seconds(second)
        pairs.append((a, b) if i % 2 == 0 else (b, a))
    return Ratio.of(what, pairs, goal)


def seconds(run: Callable[[], object]) -> float:
    """How long one run takes, the garbage of earlier ones collected."""
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
