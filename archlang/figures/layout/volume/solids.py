"""How large a tensor is drawn as a box in space: its width, height and depth, in points.

The scales are sublinear, so that 3 and 2048 channels, 7 and 224 pixels can be seen side by side:

- width: `3 + 1.7 · channels^0.4`, the same in all figures;
- height and depth: from 8 up to the tallest slab of the figure, with the square root of the number
  of rows and of columns;
- a vector is a bar whose height follows `features^0.35`.

The direction of depth runs up to the right, as in the oblique projection of PlotNeuralNet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from archlang.figures.view.model import Box

_HEADS = frozenset({"conv", "linear", "pool"})
_BANDS = frozenset({"norm", "activation"})
"""Layers that keep the shape and are shown as bands; dropout does nothing once it is trained."""
_FLATTEST = 8.0
"""Height of a slab of a single row, nearly."""
_BAR, _BAR_DEPTH, _SIGNAL_DEPTH = 8.0, 14.0, 16.0
_LONGEST = 4096
"""A bar of so many features is as tall as the tallest slab, if none is longer."""
SLANT = (0.3, 0.22)
"""How far a unit of depth goes to the right and up."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Solid:
    """A tensor as a box in space: sizes of its front face, and how far its back face lies off.

    `before` and `after`: families of layers that keep its shape, as bands at its left and right.
    """

    shape: Shape
    family: str
    w: float
    h: float
    dx: float
    dy: float
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def channels(self) -> str:
        """The label of its width; of a bar, that of its height."""
        return str(self.shape[0]) if self.shape else "1"

    @property
    def space(self) -> str:
        """The label of its height and depth; empty for a vector."""
        return "×".join(map(str, self.shape[1:]))


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of one figure: its finest resolution and longest vector, and the tallest slab."""

    finest: int
    longest: int
    tallest: float

    @classmethod
    def of(cls, boxes: Iterable[Box], tallest: float) -> Scale:
        """The scale that shows the largest tensor of some boxes `tallest` points high."""
        shapes = [shape for box in boxes for _, shape, *_ in _pieces(box)]
        finest = max((max(shape[1:]) for shape in shapes if len(shape) > 1), default=1)
        longest = max((prod(shape) for shape in shapes if len(shape) < 2), default=1)
        return cls(finest, max(longest, _LONGEST), tallest)

    def extent(self, size: int) -> float:
        """Height (or depth, along its direction) for a number of rows or columns."""
        return _FLATTEST + (self.tallest - _FLATTEST) * (size / self.finest) ** 0.5

    def length(self, features: int) -> float:
        """Height of the bar of a vector."""
        return _FLATTEST + (self.tallest - _FLATTEST) * (features / self.longest) ** 0.35


def breadth(channels: int) -> float:
    """Width of a slab of so many channels."""
    return 3.0 + 1.7 * channels**0.4


def solids(box: Box, scale: Scale) -> list[Solid]:
    """What is drawn for a box: its slab, and a bar behind it where it ends in a vector.

    Merges and results are no tensors of their own: empty.
    """
    return [
        _solid(shape, family, before, after, scale) for family, shape, before, after in _pieces(box)
    ]


def shown(box: Box) -> set[str]:
    """The families whose colours are seen in what is drawn for a box."""
    pieces = _pieces(box)
    if not pieces:
        return {box.family}
    return {f for family, _, before, after in pieces for f in (family, *before, *after)}


_Piece = tuple[str, Shape, tuple[str, ...], tuple[str, ...]]


def _pieces(box: Box) -> list[_Piece]:
    """Family, shape and bands of each tensor that is drawn for a box."""
    if not box.nodes or box.family == "merge":
        return []
    if not box.layers:
        return [(box.family, box.shape, (), ())]
    families = [family for family, _ in box.layers]
    head = next((k for k, family in enumerate(families) if family in _HEADS), 0)
    shape, bands = box.layers[head][1], list[str]()
    before = tuple(family for family in families[:head] if family in _BANDS)
    found: list[_Piece] = [(box.family, shape, before, ())]
    for family, new in box.layers[head + 1 :]:
        last = found[-1]
        if new != shape and not _same(new, shape):
            found.append((family, new, (), ()))
            bands = []
        elif new != shape:
            found[-1] = (last[0], new, last[2], tuple(bands))
        elif family in _BANDS:
            bands.append(family)
            found[-1] = (last[0], last[1], last[2], tuple(bands))
        shape = new
    return found


def _same(vector: Shape, tensor: Shape) -> bool:
    """Whether reshaping only took away sizes of 1."""
    return [n for n in vector if n > 1] == [n for n in tensor if n > 1]


def _solid(
    shape: Shape, family: str, before: tuple[str, ...], after: tuple[str, ...], scale: Scale
) -> Solid:
    if len(shape) < 2:
        w, h, depth = _BAR, scale.length(prod(shape)), _BAR_DEPTH
    else:
        w, h = breadth(shape[0]), scale.extent(shape[-2] if len(shape) > 2 else shape[1])
        depth = scale.extent(shape[-1]) if len(shape) > 2 else _SIGNAL_DEPTH
    return Solid(shape, family, w, h, depth * SLANT[0], depth * SLANT[1], before, after)
