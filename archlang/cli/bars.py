"""A distribution of lengths as bars of text: which lengths share a bar, and the bar."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.analysis.path_lengths import Histogram

MOST_BARS = 32
_WIDTH = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SMALL = 1 / 200
"""Of the greatest share: less is no bar that could be seen."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The paths of some lengths together."""

    first: int
    last: int
    """The least and the greatest length that any of them has."""
    count: int
    share: float
    weighed: float
    """Their share where a path is weighed by a factor; 0 without one."""


def bins(histogram: Histogram, most: int = MOST_BARS) -> list[Bin]:
    """The lengths, each alone if they are few. If not, the many that few paths have are one bin at
    either end, and so many beside each other share one that `most` are left in between."""
    pairs = zip(histogram.counts, histogram.shares, _weighed(histogram), strict=True)
    rows = [Bin(k, k, n, share, weight) for (k, n), share, weight in pairs]
    if len(rows) <= most:
        return rows
    floors = _SMALL * max(r.share for r in rows), _SMALL * max(r.weighed for r in rows)
    tall = [i for i, r in enumerate(rows) if r.share >= floors[0] or r.weighed > floors[1]]
    begin, end = tall[0], tall[-1] + 1
    wide = -(-(end - begin) // most)
    groups = [rows[i : min(i + wide, end)] for i in range(begin, end, wide)]
    return [_together(group) for group in (rows[:begin], *groups, rows[end:]) if group]


def _weighed(histogram: Histogram) -> tuple[float, ...]:
    return histogram.weighed or (0.0,) * len(histogram.counts)


def _together(rows: list[Bin]) -> Bin:
    return Bin(
        rows[0].first,
        rows[-1].last,
        sum(row.count for row in rows),
        sum(row.share for row in rows),
        sum(row.weighed for row in rows),
    )


def bar(part: float) -> str:
    """A bar that is a part, from 0 to 1, of the longest one."""
    whole, eighths = divmod(round(8 * _WIDTH * part), 8)
    return ("█" * whole + _EIGHTHS[eighths]).rstrip()
