"""In which frame of a step-by-step figure each box appears."""

from __future__ import annotations

from archlang.figures.view.model import Panel, View


def steps(view: View) -> dict[int, dict[int, int]]:
    """For each panel (by its `id`), box id → frame, from 1, in the order of the source.

    The network is revealed box by box; an inset as a whole, right after the first box that it
    unfolds.
    """
    insets = list(view.insets)
    found: dict[int, dict[int, int]] = {id(view.main): {}}
    now = 0
    for box in _in_order(view.main):
        now += 1
        found[id(view.main)][box] = now
        nodes = set(view.main.boxes[box].nodes)
        for panel in [p for p in insets if any(nodes & set(b.nodes) for b in p.boxes)]:
            insets.remove(panel)
            now += 1
            found[id(panel)] = {b.id: now for b in panel.boxes}
    return found | {id(panel): {b.id: now for b in panel.boxes} for panel in insets}


def _in_order(panel: Panel) -> list[int]:
    """The boxes so that each follows those it is fed by; pills of results have no place else."""
    feeds: dict[int, set[int]] = {box.id: set() for box in panel.boxes}
    for line in panel.lines:
        feeds[line.head].add(line.tail)
    order: list[int] = []
    waiting = list(feeds)
    while waiting:
        # an output follows what it leaves at once, not after all that is written later
        ready = [b for b in waiting if feeds[b] <= set(order)] or waiting[:1]
        ends = [b for b in ready if not panel.boxes[b].nodes]
        order.append(min(ends or ready))
        waiting.remove(order[-1])
    return order
