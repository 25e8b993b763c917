"""From a graph and what is asked to the views that may answer, the fullest first."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.figures.options import Options
from archlang.figures.view.builder import SMALL_NETWORK, Builder, Fold
from archlang.figures.view.focus import focus
from archlang.figures.view.highlight import called, highlight
from archlang.figures.view.model import Caption, View
from archlang.graph import Graph

__all__ = ["Builder", "Fold", "views"]


def views(graph: Graph, options: Options | None = None) -> Iterator[View]:
    """What a figure of a network may show, the fullest first.

    *blocks*: `depth` levels of units are drawn open in the network itself; None: all of a small
    network, none of a large one. Each distinct block that stays folded is unfolded once, in an
    inset. Fuller views come first: then equal layers in a row are folded too, then units in a row
    that differ only in their widths, then variants of a block share one inset. *overview* is the
    same without insets. *layers* opens everything and folds nothing.

    Raises:
        DrawingError: *layers* of a network that has too many; no block or part is called what is
            to be drawn alone or accented.
    """
    options = options or Options()
    wanted = {n.id for path in options.highlight for n in called(graph, path)}
    builder = Builder(graph, wanted, options.opened, options.closed)
    made = focus(builder, options.focus) if options.focus else _made(builder, options)
    for view in made:
        if options.highlight:
            highlight(builder, view, options.highlight)
        yield view


def _made(builder: Builder, options: Options) -> Iterator[View]:
    if options.view == "layers":
        yield builder.layers(options.depth)
        return
    seen: set[tuple[tuple[Caption, int], ...]] = set()
    for depth, fold in _ways(builder.graph, options):
        made = builder.view(depth, fold, insets=options.view == "blocks")
        shown = tuple((b.caption, b.count) for panel in made.panels for b in panel.boxes)
        if shown not in seen:
            seen.add(shown)
            yield made


def _ways(graph: Graph, options: Options) -> Iterator[tuple[int | None, Fold]]:
    """How many levels to open, and how much to fold."""
    yield from ((options.depth, fold) for fold in Fold)
    if options.depth is None and len(graph.nodes) <= SMALL_NETWORK:
        yield from ((0, fold) for fold in Fold)
