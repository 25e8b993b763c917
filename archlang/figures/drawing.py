"""From a network to its figure."""

from __future__ import annotations

from os import PathLike
from typing import Any

from archlang.figures.comparison import draw_pair
from archlang.figures.errors import DrawingError
from archlang.figures.figure import Figure
from archlang.figures.options import Options
from archlang.figures.remarks import remarks
from archlang.figures.scene.compose import best
from archlang.figures.scene.model import Scene
from archlang.figures.view.build import views
from archlang.figures.writers.svg import write_svg
from archlang.given import Given
from archlang.given import network as graph_of
from archlang.graph import Graph


def draw(
    network: Given,
    path: str | PathLike[str] | None = None,
    *,
    against: Given | None = None,
    steps: bool = False,
    options: Options | None = None,
    **wishes: Any,
) -> Figure:
    """Draw a network: `draw("ResNet50", "resnet50.pdf", view="overview")`.

    Args:
        network: a spec's address, the name of a network of the zoo, or what else
            `archlang.network` takes; its graph, as `archlang.network("ResNet50", classes=10)`
            gives it, where parameters are to be set.
        path: a file to write, its suffix saying the format; None: none.
        against: another network, to be drawn beside it with what differs accented.
        steps: write every frame of the step-by-step figure.
        options: how to draw it.
        **wishes: the same by name: view, focus, depth, fit, style, theme, highlight, opened,
            closed.

    Raises:
        SpecError: a spec has mistakes.
        DrawingError: it cannot be drawn so.
        OSError: the file cannot be written.
    """
    if options is not None and wishes:
        raise TypeError("wishes are part of the options: give one of them")
    figure = _drawn(
        graph_of(network),
        options or _options(wishes),
        None if against is None else graph_of(against),
    )
    if path is not None:
        figure.save(path, steps=steps)
    return figure


def draw_scene(graph: Graph, options: Options | None = None) -> Scene:
    """The figure of a network, everything in its place, for a writer to write.

    Raises:
        DrawingError: it cannot be drawn so, or there is no Graphviz to lay it out.
    """
    options = options or Options()
    return best(views(graph, options), options)


def draw_svg(graph: Graph, options: Options | None = None) -> str:
    """The figure of a network as the text of an SVG file, the same bytes on every run.

    Raises:
        DrawingError: it cannot be drawn so, or there is no Graphviz to lay it out.
    """
    return write_svg(draw_scene(graph, options))


def _drawn(graph: Graph, options: Options, against: Graph | None) -> Figure:
    if against is not None:
        return draw_pair((graph, against), options)
    scene = draw_scene(graph, options)
    return Figure(scene, options.place, list(remarks(graph, options, scene)))


def _options(wishes: dict[str, Any]) -> Options:
    """The options that are asked for by name; where paths go, one or a list of some may stand.

    Raises:
        DrawingError: there is no such option, or no such value of it.
    """
    known = Options.__match_args__
    for name in wishes:
        if name not in known:
            raise DrawingError(f"there is no option {name!r} for figures; {', '.join(known)} are")
    paths = {name: _paths(wishes.get(name, ())) for name in ("highlight", "opened", "closed")}
    return Options(**wishes | paths)


def _paths(asked: Any) -> Any:
    if isinstance(asked, str):
        return (asked,)
    return (*asked,) if isinstance(asked, list) else asked
