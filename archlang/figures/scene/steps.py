"""In which frame of a step-by-step figure each box appears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from archlang.figures.view.model import Box, Panel, View

MOST_FRAMES = 60
"""A lecturer does not click more often than that for one figure."""

_Shown = tuple[Panel, int]
"""A box by its panel and its id."""


def steps(view: View) -> dict[int, dict[int, int]]:
    """For each panel (by its `id`), box id → frame, from 1, in the order of the source.

    The network is revealed box by box; an inset as a whole, right after the first box that it
    unfolds; the panels of a focus one after the other, layer by layer. Where that would be more
    than `MOST_FRAMES`, the boxes of a unit appear together, else those of a stage, else as many
    at a time as it takes.
    """
    order = _focused(view) if view.focus else list(_revealed(view))
    for together in (_each, _by_unit(view), _by_stage):
        frames = [list(group) for _, group in groupby(order, key=lambda shown: together(shown[0]))]
        if len(frames) <= MOST_FRAMES:
            break
    found: dict[int, dict[int, int]] = {id(panel): {} for panel in view.panels}
    for number, frame in enumerate(frames):
        step = number * min(MOST_FRAMES, len(frames)) // len(frames) + 1
        for _, boxes in frame:
            for panel, box in boxes:
                found[id(panel)][box] = step
    return found


_Reveal = tuple[tuple[Panel, Box | None, int], list[_Shown]]
"""What is revealed at once: the panel, its box (None: the whole of it) and a running number."""


def _revealed(view: View) -> Iterator[_Reveal]:
    """The network's boxes in order, and after them the insets that unfold them."""
    insets = list(view.insets)
    number = 0
    for box in _in_order(view.main):
        number += 1
        yield (view.main, view.main.boxes[box], number), [(view.main, box)]
        nodes = set(view.main.boxes[box].nodes)
        for panel in [p for p in insets if any(nodes & set(b.nodes) for b in p.boxes)]:
            insets.remove(panel)
            number += 1
            yield (panel, None, number), [(panel, b.id) for b in panel.boxes]
    for panel in insets:
        number += 1
        yield (panel, None, number), [(panel, b.id) for b in panel.boxes]


def _focused(view: View) -> list[_Reveal]:
    """Every box of every panel."""
    boxes = [(panel, box) for panel in view.panels for box in _in_order(panel)]
    return [
        ((panel, panel.boxes[box], number), [(panel, box)])
        for number, (panel, box) in enumerate(boxes)
    ]


def _each(reveal: tuple[Panel, Box | None, int]) -> object:
    return reveal[2]


def _by_unit(view: View) -> Callable[[tuple[Panel, Box | None, int]], object]:
    homes = {
        (id(panel), box): (id(panel), number)
        for panel in view.panels
        for number, frame in enumerate(panel.frames)
        for box in frame.boxes
    }

    def together(reveal: tuple[Panel, Box | None, int]) -> object:
        panel, box, number = reveal
        return homes.get((id(panel), box.id), number) if box else number

    return together


def _by_stage(reveal: tuple[Panel, Box | None, int]) -> object:
    panel, box, number = reveal
    return (id(panel), box.stage) if box and box.stage else number


def _in_order(panel: Panel) -> list[int]:
    """The boxes so that each follows those it is fed by; pills of results have no place else.

    A W comes right before its sum: it is made to fit what it is added to, so its nodes follow.
    """
    feeds: dict[int, set[int]] = {box.id: set() for box in panel.boxes}
    for line in panel.lines:
        feeds[line.head].add(line.tail)
    order: list[int] = []
    done: set[int] = set()
    waiting = list(feeds)
    while waiting:
        # an output follows what it leaves at once, not after all that is written later
        ready = [b for b in waiting if feeds[b] <= done] or waiting[:1]
        ends = [b for b in ready if not panel.boxes[b].nodes]
        order.append(min(ends or ready))
        done.add(order[-1])
        waiting.remove(order[-1])
    return order
