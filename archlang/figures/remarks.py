"""What to tell the one who asked for a figure: what it leaves out, whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archlang.figures.options import FITS, Options, ViewName
from archlang.figures.scene.compose import best, smallest_text
from archlang.figures.scene.model import Scene
from archlang.figures.view.build import views
from archlang.graph import Graph

_SMALLER: dict[ViewName, tuple[ViewName, ...]] = {
    "layers": ("blocks", "overview"), "blocks": ("overview",), "overview": (),
}  # fmt: skip


def remarks(graph: Graph, options: Options, scene: Scene) -> Iterator[str]:
    """A line for each thing that may not be as it was meant, with a way out."""
    yield from scene.notes
    fit = options.place
    size = smallest_text(scene, fit)
    if size < fit.readable:
        place = f"a {fit.name} slide" if fit.readable > 9 else f"a page for {fit.name}"
        yield (
            f"the smallest text is {size:.1f} pt on {place}, and {fit.readable:g} can be read; "
            f"{_way_out(graph, options)}"
        )


def _way_out(graph: Graph, options: Options) -> str:
    """The view, or else the place, that would do."""
    smaller = () if options.focus else _SMALLER[options.view]
    # what is accented changes no size, and may not show in a smaller view
    options = replace(options, highlight=())
    others = [replace(options, view=name, depth=None) for name in smaller]
    # a larger page rather than a slide, for what is to be printed
    alike = sorted(FITS.values(), key=lambda f: f.readable != options.place.readable)
    others += [replace(options, fit=fit.name) for fit in alike if fit.name != options.fit]
    for other in others:
        size = smallest_text(best(views(graph, other), other), other.place)
        if size >= other.place.readable:
            word = "view" if other.view != options.view else "fit"
            return f"--{word} {getattr(other, word)} gives {size:.1f}"
    if options.focus:
        return "--focus PATH draws a unit of it alone"
    if any(node.scope.unit.kind == "block" for node in graph.nodes):
        return "--focus BLOCK draws one block alone"
    return "layers that are put into blocks fold"
