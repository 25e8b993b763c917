"""How like two boxes of two networks are: by the layers in them, not by what is written on them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import cache, cached_property

from archlang.comparing.alignment import best_pairs
from archlang.figures.view.model import Box
from archlang.graph import Graph, Node
from archlang.ops.base import Op

_FEWEST_IN_COMMON = 0.35
"""Boxes that are less alike than that are not the same part of two networks."""
_TYPES, _LAYERS, _SHAPE, _COUNT = 0.4, 0.3, 0.2, 0.1
"""What kinds of layer, their arguments, the size of the result and the count weigh."""
_BUT_SKIPS, _PILLS = 0.95, 0.5


class Content:
    """What a box of a panel stands for, in a form that can be compared across networks."""

    def __init__(self, graph: Graph, box: Box) -> None:
        self.box = box
        self.nodes = [graph.nodes[n] for n in box.nodes]

    @property
    def copy(self) -> list[Node]:
        """The nodes of its first copy."""
        return self.nodes[: len(self.nodes) // self.box.count]

    @cached_property
    def whole(self) -> str:
        """Equal for boxes of the same layers, wired alike, as often."""
        if not self.nodes:
            return f"{self.box.caption.title} {self.box.caption.under}"
        return f"{self.box.count} of {wired(self.nodes)}"

    @cached_property
    def body(self) -> tuple[str, ...]:
        """Its layers, of all copies, without merges and what leads to them: all but its skips."""
        return tuple(_layer(n) for n in self.nodes if n.role not in ("merge", "match"))

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The layers of a copy with their arguments."""
        return tuple(map(_layer, self.copy))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The kinds of layer of a copy."""
        return tuple(type(n.op).__name__ for n in self.copy)

    @property
    def tokens(self) -> list[str]:
        """What it stands for piece by piece: its layers, or a unit as a whole."""
        if self.box.folded:
            return [self.whole]
        return [f"{node.role} {layer}" for node, layer in zip(self.copy, self.layers, strict=True)]

    def all_but_skips(self, other: Content) -> bool:
        """Whether two units have the same layers as often, whatever their skips."""
        folded = self.box.folded and other.box.folded
        return folded and self.body == other.body and self.box.count == other.box.count


def likeness(a: Content, b: Content) -> float:
    """From 0, nothing in common, to 1: the same."""
    if a.whole == b.whole:
        return 1.0
    if not a.nodes and not b.nodes:
        same = a.box.caption.title == b.box.caption.title
        return _BUT_SKIPS if same else _PILLS
    if a.box.family != b.box.family or not (a.nodes and b.nodes):
        return 0.0
    if a.all_but_skips(b):
        return _BUT_SKIPS
    return (
        _TYPES * _share(a.types, b.types)
        + _LAYERS * _share(a.layers, b.layers)
        + _SHAPE * (a.box.shape == b.box.shape)
        + _COUNT * (a.box.count == b.box.count)
    )


def aligned(left: Sequence[Content], right: Sequence[Content]) -> dict[int, int]:
    """Which box of one panel is which of the other, by their places; both stay in order.

    The alignment of `comparing/alignment.py` with `likeness`.
    """
    if [c.whole for c in left] > [c.whole for c in right]:  # the same pairs whoever comes first
        return {a: b for b, a in aligned(right, left).items()}

    @cache
    def score(i: int, j: int) -> float:
        found = likeness(left[i], right[j])
        return found if found >= _FEWEST_IN_COMMON else 0.0

    return dict(best_pairs(len(left), len(right), score))


def common(left: list[str], right: list[str]) -> list[tuple[int, int]]:
    """The longest common subsequence, as pairs of places."""
    if left > right:
        return [(a, b) for b, a in common(right, left)]
    return best_pairs(len(left), len(right), lambda i, j: float(left[i] == right[j]))


@cache
def _share(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    """How much of two sequences is the same, the same in either order."""
    return SequenceMatcher(None, *sorted((a, b)), autojunk=False).ratio()


def _layer(node: Node) -> str:
    entering = node.shape if node.role == "input" else ""
    frozen = " frozen" if node.frozen else ""
    return f"{_arguments(node.op)}{entering}{frozen}"


def _arguments(op: Op) -> str:
    """A layer with its arguments; how its weights begin is no part of the architecture."""
    fields = (name for name in type(op).model_fields if name != "init")
    return f"{type(op).__name__}({', '.join(f'{n}={getattr(op, n)!r}' for n in fields)})"


def wired(nodes: Sequence[Node]) -> str:
    """Layers with where each takes its input from and whose weights it shares, but no shapes."""
    place: dict[int, int] = {}
    outside: dict[tuple[int, int], int] = {}
    owners: dict[str, int] = {}
    steps: list[str] = []
    for index, node in enumerate(nodes):
        wires = [
            f"{place[t.node]}.{t.port}"
            if t.node in place
            else f"x{outside.setdefault((t.node, t.port), len(outside))}"
            for t in node.inputs
        ]
        place[node.id] = index
        owner = owners.setdefault(node.path, index)
        steps.append(f"{_layer(node)} {node.role} {node.training} {owner} {' '.join(wires)}")
    return "; ".join(steps)
