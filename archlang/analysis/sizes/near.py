"""The legal sizes next to a wrong one, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from archlang.analysis.sizes.groups import Asked, Group, companions
from archlang.analysis.sizes.sets import Legal, closest_to


def neighbours(asked: Asked, wanted: Sequence[int], up: bool) -> list[int]:
    """The nearest legal size of each axis below or above; on the other side where none is there.

    Empty where a group has no legal size that is known.
    """
    chosen = dict[int, int]()
    for group in asked.groups:
        own = [wanted[i] for i in group.axes]
        sizes = (_in_boxes if group.box else _on_line)(group, own, up)
        if sizes is None:
            return []
        chosen.update(zip(group.axes, sizes, strict=True))
    return [chosen[i] for i in range(len(wanted))]


def _on_line(group: Group, wanted: Sequence[int], up: bool) -> list[int] | None:
    """The sizes on a line where all, or none, are as large as the wanted ones."""
    if not group.steps:
        return None
    places = [(m - b) / a for m, (a, b) in zip(wanted, group.steps, strict=True)]
    legal = Legal(group.equal)
    below, above = legal.below(floor(min(places))), legal.above(ceil(max(places)))
    n = (below if above is None else above) if up else (above if below is None else below)
    return None if n is None else [a * n + b for a, b in group.steps]


def _in_boxes(group: Group, wanted: Sequence[int], up: bool) -> list[int]:
    """The nearest sizes of the box round the spec's; `up` is False: of the nearest box."""
    rules = [Legal(holds) for holds in group.box]
    if any(rule.minimum is not None for rule in rules):
        return [closest_to(n, rule, up) for n, rule in zip(wanted, rules, strict=True)]
    boxes = [tuple(rule.exceptions for rule in rules)]
    if not up and len(group.ties) == 1:
        boxes += companions(group, group.ties[0]) or []
    clamped = [
        [min(sizes, key=lambda m: abs(m - n)) for n, sizes in zip(wanted, each, strict=True)]
        for each in boxes
    ]
    return min(clamped, key=lambda c: sum((m - n) ** 2 for m, n in zip(c, wanted, strict=True)))
