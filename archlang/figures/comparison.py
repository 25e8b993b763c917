"""From two networks to the figure that shows them beside each other, with what differs accented."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.figures.errors import DrawingError
from archlang.figures.figure import Figure
from archlang.figures.options import Options
from archlang.figures.scene.compose import smallest_text
from archlang.figures.scene.model import Scene
from archlang.figures.scene.pair import Words, best_pair
from archlang.figures.view.captions import count_text
from archlang.figures.view.compare import Difference
from archlang.figures.view.twins import twins
from archlang.graph import Graph


def draw_pair(graphs: tuple[Graph, Graph], options: Options) -> Figure:
    """Two networks side by side.

    Raises:
        DrawingError: they cannot be drawn so.
    """
    _sensible(options)
    names = _names(graphs)
    costs = _against(graphs, names)
    words = Words(names, lambda difference: f"{costs} {_found(difference, names)}")
    scene, said = best_pair(twins(graphs, options), words, options)
    return Figure(scene, options.place, [*_remarks(options, scene)], said)


def _sensible(options: Options) -> None:
    """Raises DrawingError where something is asked for that a comparison cannot show."""
    for asked, name, why in (
        (options.focus, "--focus", "draws one block of one network"),
        (options.highlight, "--highlight", "accents a part, and what differs is accented here"),
        (options.style == "volume", "--style volume", "draws the tensors of one network"),
    ):
        if asked:
            raise DrawingError(f"{name} {why}; a comparison of two networks is drawn without it")


def _names(graphs: tuple[Graph, Graph]) -> tuple[str, str]:
    """What the networks are called; two of one name are told apart by what they were built with."""
    left, right = (graph.root.name for graph in graphs)
    if left != right:
        return left, right
    given = [graph.parameters.items() for graph in graphs]
    own = [", ".join(f"{k}={v}" for k, v in a if (k, v) not in b) for a, b in (given, given[::-1])]
    if own[0] != own[1]:
        left, right = (f"{left} ({o})" if o else left for o in own)
        return left, right
    return left, f"{right} (2)"


def _against(graphs: tuple[Graph, Graph], names: tuple[str, str]) -> str:
    """What the second network costs more or less than the first."""
    a, b = graphs
    facts = [
        _more(b.params - a.params, "parameters"),
        _more(b.macs - a.macs, "MACs"),
        _more(b.depth - a.depth, "layers") if b.depth != a.depth else "as deep",
    ]
    return f"{names[1]} against {names[0]}: {', '.join(facts)}."


def _more(count: int, what: str) -> str:
    one = what.removesuffix("s")
    if not count:
        return f"as many {what}"
    return f"{'+' if count > 0 else '−'}{count_text(abs(count))} {one if abs(count) == 1 else what}"


def _found(main: Difference, names: tuple[str, str]) -> str:
    """What differs, counted: `3 boxes differ, 16 skips only in ResNet34.`"""
    if not main.found:
        return "No difference."
    facts = [_differing(len(main.changed), "box")] if main.changed else []
    for k in (0, 1):
        facts += [f"{_count(len(main.only[k]), 'box')} only in {names[k]}"] if main.only[k] else []
    left, right = main.skips
    if left and right:
        facts.append(_differing(max(left, right), "skip"))
    elif left or right:
        facts.append(f"{_count(left or right, 'skip')} only in {names[left == 0]}")
    if any(main.rewired):
        facts.append(f"{_count(max(main.rewired), 'line')} wired otherwise")
    return f"{', '.join(facts)}."


def _differing(count: int, what: str) -> str:
    return f"{_count(count, what)} {'differs' if count == 1 else 'differ'}"


def _count(count: int, what: str) -> str:
    plural = {"box": "boxes"}.get(what, f"{what}s")
    return f"{count} {what if count == 1 else plural}"


def _remarks(options: Options, scene: Scene) -> Iterator[str]:
    """Whether it can be read, and a way out if not."""
    fit = options.place
    size = smallest_text(scene, fit)
    if size < fit.readable:
        place = f"a {fit.name} slide" if fit.readable > 9 else f"a page for {fit.name}"
        way = "--depth 0" if options.view == "overview" else "--view overview"
        yield (
            f"the smallest text is {size:.1f} pt on {place}, and {fit.readable:g} can be read; "
            f"{way} has fewer boxes"
        )
