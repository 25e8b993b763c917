"""What a comparison of two networks gives: totals of both sides, and the changes between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from archlang.ops.base import Shape

Sort = Literal["came", "went", "changed", "shape", "rewired", "moved", "renamed"]
"""came, went: a layer or block is there in one network alone. changed: other arguments or another
kind. shape: the same layer, but its result has another shape. rewired: it takes another tensor.
moved: equal, but in another place. renamed: only its path is another one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A layer or block in one of the networks."""

    path: str
    kind: str
    """The layer's name in the language, or the block's."""
    text: str
    """As the language writes it."""
    shapes: tuple[Shape, ...]
    """Its results, without the batch, channels first."""
    params: int
    macs: int
    file: str
    line: int
    """Where it is written, or used; lines count from 1."""

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
    order: float = field(default=0.0, compare=False)
    """Where it stands among the others."""

    @property
    def place(self) -> Place:
        """Where it is now, or was."""
        place = self.after or self.before
        assert place is not None, "a change has at least one side"
        return place

    def as_json(self) -> dict[str, Any]:
        """The change as an object of `archlang diff --format json`."""
        return {
            "sort": self.sort,
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """One of the two networks in numbers."""

    name: str
    file: str
    parameters: dict[str, object]
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
    """A part that people name (`layer3`), on both sides; None where it is on one alone."""

    name: str
    before: Place | None
    after: Place | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Two networks compared."""

    before: Totals
    after: Totals
    changes: tuple[Change, ...]
    """By block: blocks that came, went or were changed are one change each, whatever is in them."""
    layers: tuple[Change, ...]
    """The same layer by layer."""
    stages: tuple[Stage, ...]
    """The stages in which anything changed."""
    outputs: tuple[str, ...]
    """Outputs that came, went, changed their shape or are taken elsewhere, in words."""

    @property
    def same(self) -> bool:
        """Whether they are the same architecture under the same names."""
        return not self.layers and not self.outputs


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | str | bool | None) else str(value)
