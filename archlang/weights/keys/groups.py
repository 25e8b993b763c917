"""Tensors of a state_dict put together by the layer they belong to, whatever library named them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]
Signature: TypeAlias = tuple[tuple[str, Shape], ...]
"""The parts of a layer with their shapes: `(("bias", (64,)), ("weight", (64, 3, 7, 7)))`."""

WEIGHT = "weight"
COUNTER = "counter"
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        WEIGHT: ("weight", "kernel", "gamma", "scale", "w"),
        "bias": ("bias", "beta", "offset", "b"),
        "mean": ("running_mean", "moving_mean", "mean"),
        "variance": ("running_var", "running_variance", "moving_variance", "moving_var", "var"),
        COUNTER: ("num_batches_tracked",),
    }
)
"""What the libraries (PyTorch, Keras, Flax, Caffe2) call the parts of a layer, at a name's end."""

_PART_OF = {word: part for part, words in PARTS.items() for word in words}
_END = re.compile(rf"(?:^|[./_])({'|'.join(_PART_OF)})(?::0)?\Z")


@dataclass
class Group:
    """The tensors of one layer."""

    layer: str
    """What their names begin with."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """The name of each part, the counter of a batch norm among them."""
    shapes: dict[str, Shape] = field(default_factory=dict[str, Shape])

    @cached_property
    def signature(self) -> Signature:
        """Its shapes, part by part. A counter is left out: not every library has one."""
        parts = sorted(self.shapes.items())
        return tuple((part, shape) for part, shape in parts if part != COUNTER)

    @cached_property
    def family(self) -> Signature:
        """What all groups that may fit this one have in common."""
        return family(self.signature)


def groups(tensors: Mapping[str, Shape]) -> list[Group]:
    """The layers in the order of their first tensors.

    A tensor whose name ends in no word of `PARTS` is a group of its own. Counters are put aside
    until the rest is in its order, since files that are sorted by type have them in front.
    """
    found: list[Group] = []
    open_: dict[str, Group] = {}
    parts = [(*_split(name), name) for name in tensors]
    for layer, part, name in sorted(parts, key=lambda entry: entry[1] == COUNTER):
        group = open_.get(layer)
        if group is None or part in group.names:
            group = open_[layer] = Group(layer)
            found.append(group)
        group.names[part] = name
        group.shapes[part] = tensors[name]
    return found


def _split(name: str) -> tuple[str, str]:
    """The layer of a tensor and the part that it is."""
    match = _END.search(name)
    return (name[: match.start()], _PART_OF[match[1]]) if match else (name, WEIGHT)


def is_counter(name: str) -> bool:
    """Whether a tensor counts the batches of a batch norm, which nothing depends on."""
    return _split(name)[1] == COUNTER


def family(signature: Signature) -> Signature:
    """The signature with its weight as a matrix: equal for all that may fit."""
    return tuple((part, flattened(shape) if part == WEIGHT else shape) for part, shape in signature)


def fit(a: Signature, b: Signature) -> bool:
    """Whether two layers have the same parts in shapes that fit."""
    return len(a) == len(b) and all(
        part == other and (shape == wanted or (part == WEIGHT and same_numbers(shape, wanted)))
        for (part, shape), (other, wanted) in zip(a, b, strict=True)
    )


def same_numbers(a: Shape, b: Shape) -> bool:
    """Whether one is the kernel of a convolution, the other the matrix of the same linear layer.

    A convolution that spans its whole map multiplies it flattened, channels first:
    `(4096, 512, 7, 7)` holds the numbers of `(4096, 25088)` in the same order.
    """
    few, many = sorted((a, b), key=len)
    return len(few) == 2 < len(many) and flattened(many) == few


def flattened(shape: Shape) -> Shape:
    """A kernel as a matrix, output by input."""
    return (shape[0], prod(shape[1:])) if len(shape) > 2 else shape
