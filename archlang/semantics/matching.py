"""Matching operators: what W is in `W∘Y`, "a kind of product that matches the dimensions".

An operator sees the source Y and the target, the shape of the merge's other operands, and applies
ordinary layers to Y until it fits. For `++` only the size behind the channels has to fit.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from archlang.diagnostics.catalog.shapes import NothingFits
from archlang.diagnostics.model import Mistake
from archlang.graph import Tensor
from archlang.ops.base import Op, Shape
from archlang.ops.convolution import Conv
from archlang.ops.initial import Initialiser
from archlang.ops.linear import FullyConnected
from archlang.ops.resampling import CropLike, Mode, PadShortcut, ResizeLike, Scale
from archlang.record import Record
from archlang.semantics.values import OpKind, Value


class Goal(Record):
    """What an operand has to fit."""

    shape: Shape
    spatial_only: bool
    like: Tensor
    """The operand whose size counts; crop and resize look at it when the network runs."""
    strides: tuple[float, ...] | None
    """How much coarser the target is, from the strides in between; None if unknown."""

    def channels(self, source: Shape) -> int:
        """The number of channels the result must have."""
        return source[0] if self.spatial_only else self.shape[0]

    def met_by(self, shape: Shape) -> bool:
        """Whether a shape fits already."""
        return shape[1:] == self.shape[1:] and (self.spatial_only or shape == self.shape)


class Builder(Protocol):
    """What an operator may do: apply layers, within a scope of its own."""

    def op(self, op: Op, *inputs: Tensor) -> Tensor:
        """Apply one layer."""
        ...

    def layer(self, layer: Value, source: Tensor) -> Value:
        """Apply any layer value; unknown after a mistake."""
        ...

    def scoped(self, name: str) -> Builder:
        """A builder whose layers lie under a path of their own."""
        ...

    def frozen(self) -> Builder:
        """A builder whose layers are not trained."""
        ...


class Matching(BaseModel):
    """Base of the matching operators; the fields are the arguments, in order."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, strict=True, allow_inf_nan=False
    )

    kind: ClassVar[str] = ""

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        """Make `source` fit.

        Raises:
            Mistake: this operator cannot; the message says which one could.
        """
        raise NotImplementedError

    def text(self) -> str:
        """The operator as the language writes it."""
        return self.kind

    def cannot(self, source: Tensor, goal: Goal, reason: str) -> Mistake:
        """The mistake that this operator does not fit here."""
        target = (goal.channels(source.shape), *goal.shape[1:])
        fits = fitting(source.shape, goal)
        return Mistake(
            NothingFits(
                matching=self.kind, source=source.shape, target=target, reason=reason, fits=fits
            )
        )


class IdentityMatch(Matching):
    """W = I: the shapes must be equal already."""

    kind = "identity"

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        if not goal.met_by(source.shape):
            raise self.cannot(source, goal, "the shapes differ")
        return source


class PadMatch(Matching):
    """Subsample by the stride and pad with zero channels (He et al. 2015, option A)."""

    kind = "pad"

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        if goal.met_by(source.shape):
            return source
        strides = matching_strides(source.shape, goal)
        if strides is None:
            raise self.cannot(source, goal, "no stride leads from one size to the other")
        channels = goal.channels(source.shape)
        if channels < source.shape[0]:
            raise self.cannot(source, goal, "there would be fewer channels, not more")
        return build.op(PadShortcut(channels=channels, stride=_compact(strides)), source)


class Project(Matching):
    """A 1x1 convolution where the shapes differ (option B); `always` for everywhere (option C)."""

    kind = "project"

    norm: Any = None
    always: bool = False
    bias: bool = False
    init: Initialiser | None = None
    """As `default conv(…)` says, where the operator is written."""

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        if goal.met_by(source.shape) and not self.always:
            return source
        strides = matching_strides(source.shape, goal)
        if strides is None:
            raise self.cannot(source, goal, "no stride leads from one size to the other")
        inside = build.scoped("project")
        y = inside.op(self._weights(goal.channels(source.shape), strides), source)
        return y if self.norm is None else inside.layer(self.norm, y)

    def text(self) -> str:
        return "project" if self.norm is None else f"project({layer_name(self.norm)})"

    def _weights(self, out: int, strides: tuple[int, ...]) -> Op:
        if not strides:
            return FullyConnected(out=out, bias=self.bias, init=self.init)
        stride = _compact(strides)
        return Conv(out=out, kernel=1, stride=stride, bias=self.bias, init=self.init)


class Fixed(Matching):
    """Another operator, its weights frozen at their initial value."""

    kind = "fixed"

    inner: Any

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        return self.inner.fit(source, goal, build.frozen())

    def text(self) -> str:
        return f"fixed({self.inner.text()})"


class ScaleMatch(Matching):
    """A scalar W, fixed or learned."""

    kind = "scale"

    value: float
    learn: bool = False

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        if not goal.met_by(source.shape):
            raise self.cannot(source, goal, "the shapes differ")
        return build.op(Scale(value=self.value, learn=self.learn), source)

    def text(self) -> str:
        return f"scale({self.value:g}{', learn=true' if self.learn else ''})"


class CropMatch(Matching):
    """Centre crop to the other operand's size (Ronneberger et al. 2015)."""

    kind = "crop"

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        if len(source.shape) != len(goal.shape):
            raise self.cannot(source, goal, "they have different numbers of axes")
        if any(n < m for n, m in zip(source.shape[1:], goal.shape[1:], strict=True)):
            raise self.cannot(source, goal, "it is smaller than what it has to fit")
        if source.shape[0] != goal.channels(source.shape):
            raise self.cannot(source, goal, "a crop does not change the channels")
        return build.op(CropLike(), source, goal.like)


class ResizeMatch(Matching):
    """Interpolate to the other operand's size."""

    kind = "resize"

    mode: Mode = "nearest"
    align_corners: bool | None = None

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        if len(source.shape) != len(goal.shape):
            raise self.cannot(source, goal, "they have different numbers of axes")
        if source.shape[0] != goal.channels(source.shape):
            raise self.cannot(source, goal, "resizing does not change the channels")
        op = ResizeLike(mode=self.mode, align_corners=self.align_corners)
        return build.op(op, source, goal.like)


class LayerMatch(Matching):
    """Any block or layer, with `target` at hand inside a block."""

    kind = "a layer"

    layer: Any

    def fit(self, source: Tensor, goal: Goal, build: Builder) -> Tensor:
        result: Value = build.layer(self.layer, source)
        if isinstance(result, Tensor) and not goal.met_by(result.shape):
            shape = "x".join(map(str, result.shape))
            raise self.cannot(source, goal, f"it gives {shape}")
        return result

    def text(self) -> str:
        return layer_name(self.layer)


def layer_name(layer: Value) -> str:
    """A layer, block or kind of layer by its name."""
    return layer.op.name if isinstance(layer, OpKind) else getattr(layer, "name", "a layer")


def matching_strides(source: Shape, goal: Goal) -> tuple[int, ...] | None:
    """The stride on each axis that leads from the source's size to the target's; None if none does.

    The strides in between decide; only where they are unknown, the sizes do.
    """
    if len(source) != len(goal.shape):
        return None
    pairs = list(zip(source[1:], goal.shape[1:], strict=True))
    if goal.strides is not None:
        if not all(s == int(s) and s >= 1 for s in goal.strides):
            return None
        strides = tuple(int(s) for s in goal.strides)
        fits = all(-(-n // s) == m for (n, m), s in zip(pairs, strides, strict=True))
        return strides if fits else None
    found = tuple(_stride(n, m) for n, m in pairs)
    return found if all(found) else None  # pyright: ignore[reportReturnType]  # no None is left


def _stride(size: int, target: int) -> int:
    """The smallest stride from one size to the other; 0 if there is none."""
    if target < 1 or target > size:
        return 0
    stride = -(-size // target)
    return stride if -(-size // stride) == target else 0


def fitting(source: Shape, goal: Goal) -> str | None:
    """The operator that would fit, the simplest first; None if none does."""
    if goal.met_by(source):
        return "identity"
    if len(source) != len(goal.shape):
        return None
    if matching_strides(source, goal) is not None and not goal.spatial_only:
        return "project"
    if goal.channels(source) != source[0]:
        return None
    larger = all(n >= m for n, m in zip(source[1:], goal.shape[1:], strict=True))
    return "crop" if larger else "resize"


def _compact(strides: tuple[int, ...]) -> int | tuple[int, ...]:
    return strides[0] if len(set(strides)) == 1 else strides


KINDS: dict[str, type[Matching]] = {
    kind.kind: kind
    for kind in (IdentityMatch, PadMatch, Project, Fixed, ScaleMatch, CropMatch, ResizeMatch)
}
