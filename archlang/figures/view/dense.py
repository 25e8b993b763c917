"""The drawing of a dense block: its first rounds and its last, under the arcs of its skips."""

from __future__ import annotations

from archlang.figures.view.captions import shape_text
from archlang.figures.view.model import Box, Caption, Form, Line, Panel
from archlang.figures.view.panels import Wiring
from archlang.figures.view.units import UNITS, Part, Units
from archlang.graph import Node, Scope

_MOST_ROUNDS = 4
"""Where there are more rounds than that, those between the first two and the last are left out."""


def dense_panel(
    wiring: Wiring, units: Units, dense: Scope, title: Caption
) -> tuple[Panel, list[Part]]:
    """The panel, and the first round as the part whose own inset shows a round.

    Each round reads the concatenation (++) of the block's input and of all rounds before it
    (Huang et al. 2016, arXiv:1608.06993).
    """
    nodes = units.nodes(dense)
    rounds = [s for s in dense.children if s.kind in UNITS and units.nodes(s)]
    merges = [n for n in nodes if n.scope is dense and n.role == "merge"]
    head = f"{title.title} ({title.under})" if title.under else title.title
    count = sum(n.id in {m for m, _ in wiring.skips} for n in merges)
    total = sum((n.id, k) in wiring.skips for n in merges for k in range(len(n.inputs)))
    note = f"{len(rounds)} rounds, {total} dense skips" if count else f"{len(rounds)} rounds"
    inside = {n.id for n in merges}
    operators = {wiring.matching(s) for s in wiring.skips.values() if s.merge in inside} - {""}
    note += f", W = {', '.join(sorted(operators))}" if operators else ""
    panel = Panel(head, note, arcs=True)
    _fill(panel, units, rounds, merges)
    return panel, [Part(tuple(units.nodes(s)), s) for s in rounds[:1]]


def _fill(panel: Panel, units: Units, rounds: list[Scope], merges: list[Node]) -> None:
    entry = _add(panel, Caption("x", under=shape_text(merges[0].inputs[0].shape)), "input", "pill")
    feeds = [entry]
    before = entry
    for index in _shown(len(rounds)):
        if index is None:
            gap = _add(panel, Caption("…"), "input", "pill")
            panel.lines.append(Line(before, gap))
            before = gap
            continue
        last = units.nodes(rounds[index])[-1]
        name = Caption(f"round {index + 1}", under=f"+{last.shape[0]}")
        box = _add(panel, name, "unit", "box", tuple(n.id for n in units.nodes(rounds[index])))
        panel.lines.append(Line(before, box))
        merge = _add(panel, Caption("++"), "merge", "circle", (merges[index].id,))
        panel.lines.append(Line(box, merge))
        panel.lines += [Line(feed, merge, "dense") for feed in feeds]
        feeds.append(box)
        before = merge
    leaving = _add(panel, Caption(shape_text(merges[-1].shape)), "input", "pill")
    panel.lines.append(Line(before, leaving))


def _shown(count: int) -> list[int | None]:
    if count <= _MOST_ROUNDS:
        return list(range(count))
    return [0, 1, None, count - 1]


def _add(panel: Panel, text: Caption, family: str, form: Form, nodes: tuple[int, ...] = ()) -> int:
    panel.boxes.append(Box(len(panel.boxes), text, family, nodes, form=form))
    return panel.boxes[-1].id
