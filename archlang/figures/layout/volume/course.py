"""The chain in a panel: its spine, the skips over it, and what leaves and never returns."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.figures.view.model import Panel


@dataclass(frozen=True, slots=True)
class Over:
    """A skip over a row: its lines in order, and the boxes on its way (a W that is learned)."""

    lines: tuple[int, ...]
    tail: int
    head: int
    boxes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """The way from the input to the result, skips, and chains that leave and never return."""

    spine: tuple[int, ...]
    sides: dict[int, tuple[int, ...]]
    """By the box that they leave."""
    skips: tuple[Over, ...]


def course(panel: Panel) -> Course | None:
    """How a panel can stand in rows; None if its branches meet again, or there are too many."""
    flows = [line for line in panel.lines if line.kind == "flow"]
    ends = {end for line in flows for end in (line.tail, line.head)}
    riders = [box.id for box in panel.boxes if box.id not in ends and len(panel.boxes) > 1]
    after: dict[int, list[int]] = {b.id: [] for b in panel.boxes if b.id not in riders}
    for line in flows:
        after[line.tail].append(line.head)
    heads = [line.head for line in flows]
    if len(set(heads)) != len(heads) or len(heads) != len(after) - 1:
        return None
    root = next(iter(set(after) - set(heads)))
    result = next((b.id for b in panel.boxes if not b.nodes), panel.boxes[-1].id)
    before = {line.head: line.tail for line in flows}
    spine = [result]
    while spine[0] != root and len(spine) <= len(panel.boxes):
        spine.insert(0, before[spine[0]])
    skips = _skips(panel, riders)
    return None if skips is None else _with_sides(spine, after, skips)


def _skips(panel: Panel, riders: list[int]) -> tuple[Over, ...] | None:
    """Each skip with the boxes on its way; None if they branch there."""
    lines = [(k, line) for k, line in enumerate(panel.lines) if line.kind != "flow"]
    leaving: dict[int, list[int]] = {rider: [] for rider in riders}
    entering: dict[int, list[int]] = {rider: [] for rider in riders}
    for k, line in lines:
        leaving.get(line.tail, []).append(k)
        entering.get(line.head, []).append(k)
    if any(len(leaving[r]) != 1 or len(entering[r]) != 1 for r in riders):
        return None
    found: list[Over] = []
    for k, line in lines:
        if line.tail not in leaving:
            way = [k]
            while panel.lines[way[-1]].head in leaving and len(way) <= len(riders):
                way += leaving[panel.lines[way[-1]].head]
            boxes = tuple(panel.lines[n].head for n in way[:-1])
            found.append(Over(tuple(way), line.tail, panel.lines[way[-1]].head, boxes))
    return tuple(found)


def _with_sides(
    spine: list[int], after: dict[int, list[int]], skips: tuple[Over, ...]
) -> Course | None:
    place = {box: k for k, box in enumerate(spine)}
    sides: dict[int, tuple[int, ...]] = {}
    for box in spine:
        for first in after[box]:
            if first in place:
                continue
            chain = [first]
            while len(after[chain[-1]]) == 1:
                chain.append(after[chain[-1]][0])
            if after[chain[-1]] or box in sides:
                return None
            sides[box] = tuple(chain)
    forward = all(
        skip.tail in place and skip.head in place and place[skip.tail] < place[skip.head]
        for skip in skips
    )
    return Course(tuple(spine), sides, skips) if forward and not (skips and sides) else None
