"""All ways worth trying to lay out the panels of a view."""

from __future__ import annotations

from dataclasses import replace

from archlang.figures.layout.arcs import in_a_row
from archlang.figures.layout.columns import GUTTER, Columns, grounds
from archlang.figures.layout.graphviz import layouts
from archlang.figures.layout.place import Placement, received, request
from archlang.figures.layout.ushape import UShape
from archlang.figures.layout.volume import volumes
from archlang.figures.options import Options
from archlang.figures.view.model import View

LARGE = 20
"""A network of more boxes may be cut into columns where a skip has begun."""
_MOST_COLUMNS = 12
_KEEP_STAGES = 50.0
_CLOSE, _NARROW = 17.0, 26.0
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
        return _whole(view)
    shape = UShape(view.main)
    drawn = [p for p in view.insets if not p.arcs]
    asked = request(view.main, common=True)
    asked = replace(asked, ranksep=_CLOSE) if tight else asked
    answers = layouts([asked, *(request(p, common=False) for p in drawn)])
    found = {
        id(p): received(p, answer, common=False)
        for p, answer in zip(drawn, answers[1:], strict=True)
    }
    insets = [found[id(p)] if id(p) in found else in_a_row(p) for p in view.insets]
    if shape.fits:
        return [shape.placement()], insets
    columns = Columns(
        received(view.main, answers[0], common=True),
        forks=len(view.main.boxes) > LARGE,
        keep=_KEEP_STAGES,
        gutter=_NARROW if tight else GUTTER,
    )
    mains = [columns.broken(k) for k in range(1, _MOST_COLUMNS + 1)]
    for main in mains:
        if main is not None and not view.main.frames and not tight:
            main.grounds = grounds(main)
    return [m for m in mains if m is not None], insets


def _whole(view: View) -> tuple[list[Placement], list[Placement]]:
    """Each panel in one piece, its boxes equally wide."""
    drawn = [p for p in view.panels if not p.arcs]
    answers = iter(layouts([request(p, common=True) for p in drawn]))
    main, *insets = (
        in_a_row(p) if p.arcs else received(p, next(answers), common=True) for p in view.panels
    )
    return [main], insets


def lower(placement: Placement) -> Placement:
    """An inset in two columns where it is a tall chain."""
    bounds = placement.bounds
    tall = not placement.panel.arcs and bounds.h > 200 and bounds.h > 1.5 * bounds.w
    return (Columns(placement).broken(2) or placement) if tall else placement
