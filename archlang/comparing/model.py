"""What a comparison of two networks gives: totals of both sides, and the changes between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from archlang.ops.base import Shape

Sort = Literal["came", "went", "changed", "rewired", "moved", "shape", "renamed"]
"""came, went: a layer or block is there in one network alone. changed: other arguments, another
kind, another block. rewired: it takes another tensor. moved: equal, but in another place.
shape: the same layer on other shapes, or with arguments that follow from those of its block.
renamed: only its path is another one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A layer or block in one of the networks."""

    path: str
    kind: str
    """The layer's name in the language, or the block's."""
    text: str
    """As the language writes it."""
    written: str
    """As the spec writes it, where that is a layer on one line."""
    shapes: tuple[Shape, ...]
    """Its results, without the batch, channels first."""
    params: int
    macs: int
    file: str
    line: int
    """Where it is written, or used; lines count from 1."""
    column: int

    def as_json(self) -> dict[str, Any]:
        """The place as an object of `archlang diff --format json`."""
        return {
            "path": self.path,
            "kind": self.kind,
            "text": self.text,
            "shapes": [list(shape) for shape in self.shapes],
            "params": self.params,
            "macs": self.macs,
            "file": self.file,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `before` is None for what came, `after` for what went."""

    sort: Sort
    before: Place | None
    after: Place | None
    note: str = ""
    """More words: where a rewired layer takes its inputs from."""
    inside: bool = False
    """Whether it lies in a block that is a change itself, which counts its parameters and MACs."""
    order: float = field(default=0.0, compare=False)
    """Where it stands among the others."""

    @property
    def place(self) -> Place:
        """Where it is now, or was."""
        place = self.after or self.before
        assert place is not None, "a change has at least one side"
        return place

    @property
    def params(self) -> int:
        """How many parameters more there are by it."""
        return 0 if self.inside else _more(self.before, self.after, "params")

    @property
    def macs(self) -> int:
        """How many MACs more there are by it."""
        return 0 if self.inside else _more(self.before, self.after, "macs")

    def as_json(self) -> dict[str, Any]:
        """The change as an object of `archlang diff --format json`."""
        return {
            "sort": self.sort,
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
            "note": self.note,
            "inside": self.inside,
        }


def _more(before: Place | None, after: Place | None, cost: Literal["params", "macs"]) -> int:
    return (getattr(after, cost) if after else 0) - (getattr(before, cost) if before else 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """One of the two networks in numbers."""

    name: str
    file: str
    parameters: dict[str, object]
    """The constants it was built with (`classes=10`)."""
    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    params: int
    """Trainable parameters."""
    frozen: int
    """Parameters that are not trained."""
    macs: int
    """Multiplications for one sample, in evaluation."""
    depth: int
    """Weighted layers on the longest path to the main output."""
    layers: int
    """Steps, the inputs left out."""

    def as_json(self) -> dict[str, Any]:
        """The side as an object of `archlang diff --format json`."""
        return {
            "name": self.name,
            "file": self.file,
            "parameters": {name: _plain(value) for name, value in self.parameters.items()},
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "outputs": {name: list(shape) for name, shape in self.outputs.items()},
            "params": self.params,
            "frozen": self.frozen,
            "macs": self.macs,
            "depth": self.depth,
            "layers": self.layers,
        }


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the network's own body (`layer3`), on both sides; None where it is on one alone."""

    before: Place | None
    after: Place | None

    @property
    def costs(self) -> bool:
        """Whether it has parameters or MACs on any side; a pool or an activation has none."""
        return any(place.params or place.macs for place in (self.before, self.after) if place)

    def as_json(self) -> dict[str, Any]:
        """The stage as an object of `archlang diff --format json`."""
        return {
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Two networks compared."""

    before: Totals
    after: Totals
    changes: tuple[Change, ...]
    """What was changed; a block that came, went or was replaced is one, whatever is in it."""
    follows: tuple[Change, ...]
    """Layers that are the same, on other shapes or under another path."""
    stages: tuple[Stage, ...]
    """The parts of the body that cost or give something else."""
    outputs: tuple[str, ...]
    """Outputs that came, went, or are taken elsewhere, in words."""

    @property
    def same(self) -> bool:
        """Whether they are the same architecture under the same paths."""
        return not (self.changes or self.follows or self.outputs)

    def as_json(self) -> dict[str, Any]:
        """The comparison as an object of `archlang diff --format json`."""
        return {
            "same": self.same,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "changes": [change.as_json() for change in self.changes],
            "follows": [change.as_json() for change in self.follows],
            "stages": [stage.as_json() for stage in self.stages],
            "outputs": list(self.outputs),
        }


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str | bool | None) else str(value)
