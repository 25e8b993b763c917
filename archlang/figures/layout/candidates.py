"""All ways worth trying to lay out the panels of a view."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from archlang.figures.layout.arcs import in_a_row
from archlang.figures.layout.clear import untitled
from archlang.figures.layout.columns import GUTTER, Columns, grounds
from archlang.figures.layout.graphviz import DotGraph, DotLayout, layouts
from archlang.figures.layout.opened import opened
from archlang.figures.layout.place import Placement, received, request
from archlang.figures.layout.ushape import UShape
from archlang.figures.layout.volume import volumes
from archlang.figures.layout.weave import GAP, woven
from archlang.figures.options import Options
from archlang.figures.view.model import Panel, View

LARGE = 20
"""A network of more boxes may be cut into columns where a skip has begun."""
_SHORT = 10
"""A network of so many boxes may stand in one row."""
_MOST_COLUMNS = 12
_KEEP_STAGES = 50.0
_LETTERED = 15.0
"""Between boxes whose lines carry letters."""
_CLOSE, _NARROW = 14.0, 26.0
"""Between boxes, and between columns, where room is short."""


def candidates(
    view: View, options: Options, *, tight: bool = False
) -> tuple[list[Placement], list[Placement]]:
    """The network in all ways worth trying, and each inset. `tight`: where room is short, boxes
    and columns stand closer, and stages have no grounds.

    Raises:
        DrawingError: there is no Graphviz.
    """
    if options.style == "volume":
        return [*volumes(view.main, options.place)], []
    if view.focus:
        main, *insets = _placed(view, _LETTERED)
        return [m for m in [main] if m is not None], [p for p in insets if p is not None]
    shape = UShape(view.main, tight=tight)
    gap = _CLOSE if tight else GAP
    main, *insets = _placed(view, gap, main=not shape.fits)
    if main is None:
        return [_u(view.main, tight)], [p for p in insets if p is not None]
    columns = Columns(
        main,
        forks=len(view.main.boxes) > LARGE,
        keep=_KEEP_STAGES,
        gutter=_NARROW if tight else GUTTER,
    )
    mains = [m for m in map(columns.broken, range(1, _MOST_COLUMNS + 1)) if m is not None]
    if not view.main.frames and not tight:
        for main in mains:
            main.grounds = grounds(main)
    return [*_level(view.main, gap), *mains], [p for p in insets if p is not None]


def _u(panel: Panel, tight: bool) -> Placement:
    """The U, with less room between its parts if they do not run into each other so."""
    placement = UShape(panel, tight=tight).placement()
    rects = [placement.whole(i) for i in placement.rects]
    if tight and any(a.overlaps(b) for a, b in combinations(rects, 2)):
        return UShape(panel).placement()
    return placement


def _level(panel: Panel, gap: float) -> list[Placement]:
    """A short network from left to right in one row."""
    if len(panel.boxes) > _SHORT or panel.frames:
        return []
    row = woven(panel, common=False, turned=True, gap=gap)
    return [row] if row is not None else []


def _placed(view: View, gap: float, *, main: bool = True) -> list[Placement | None]:
    """Each panel in its place, the network first (`main`: if it is wanted). Graphviz is asked
    about those that are no strands."""
    found: list[Placement | None] = []
    asked: list[tuple[int, DotGraph]] = []
    for k, panel in enumerate(view.panels):
        common = view.focus or panel is view.main
        placed = in_a_row(panel) if panel.arcs else None
        if not panel.arcs and (k or main):
            placed = woven(panel, common, gap=gap)
            if placed is None:
                asked.append((k, replace(request(panel, common), ranksep=gap)))
        found.append(placed)
    panels = [*view.panels]
    for (k, graph), answer in zip(asked, layouts([graph for _, graph in asked]), strict=True):
        found[k] = _titled(panels[k], graph, answer, common=view.focus or not k)
    return found


def _titled(panel: Panel, graph: DotGraph, answer: DotLayout, common: bool) -> Placement:
    """Graphviz's answer; with more room where the title of a frame would lie over another one."""
    placement = received(panel, answer, common)
    crowded = untitled(placement, grounds(placement))
    if crowded:
        wider = replace(request(panel, common, crowded), ranksep=graph.ranksep)
        (answer,) = layouts([wider])
        placement = received(panel, answer, common)
    return opened(placement)


def lower(placement: Placement) -> Placement:
    """An inset in two columns where it is a tall chain."""
    bounds, panel = placement.bounds, placement.panel
    tall = bounds.h > 200 and bounds.h > 1.5 * bounds.w
    chain = not panel.arcs and len(panel.lines) < len(panel.boxes)
    return (Columns(placement).broken(2) or placement) if tall and chain else placement


def turned(placement: Placement, *, tight: bool = False) -> Placement:
    """An inset from left to right.

    Raises:
        DrawingError: there is no Graphviz, and it is needed.
    """
    panel = placement.panel
    if panel.arcs:
        return placement
    found = woven(panel, common=False, turned=True, gap=_CLOSE if tight else GAP)
    return found or _lying(panel)


def _lying(panel: Panel) -> Placement:
    """Graphviz's answer for boxes lying on their sides, set upright again."""
    asked = request(panel, common=False)
    (answer,) = layouts([replace(asked, sizes=[(h, w) for w, h in asked.sizes])])
    upright = DotLayout(
        [(y, x) for x, y in answer.centres], [[(y, x) for x, y in r] for r in answer.routes]
    )
    return received(panel, upright, common=False)
