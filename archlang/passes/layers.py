"""What passes put in the place of layers: several layers that run as one."""

from __future__ import annotations

from archlang.ops.base import Op, Shape, Style
from archlang.ops.merging import Add
from archlang.ops.reach import Reach, pointwise
from archlang.ops.recipe import Module, Recipe, module


class Fused(Op):
    """A convolution or linear map that also does what follows it, on its result."""

    style = Style(family="conv", label="{layer}")
    weighted = True
    arity = None
    keeps_output = False

    layer: Op
    activation: Op | None = None
    adds: bool = False
    """Whether it takes a second input and adds it, before the activation."""
    overwrites: bool = False
    """Whether it may put its result in the place of what it adds."""
    wide: bool = False
    """Whether weights of its network hold shifts that 16 bits are too short for."""

    def infer(self, *xs: Shape) -> Shape | tuple[Shape, ...]:
        return self.layer.infer(xs[0])

    def params(self, *xs: Shape) -> int:
        return self.layer.params(xs[0])

    def macs(self, *xs: Shape) -> int:
        return self.layer.macs(xs[0])

    def reach(self, *xs: Shape) -> tuple[Reach | None, ...]:
        return (*self.layer.reach(xs[0]), *map(pointwise, xs[1:]))

    def recipe(self, *xs: Shape) -> Recipe:
        plain = self.layer.recipe(xs[0])
        assert isinstance(plain, Module), "a linear layer is a module"
        kind = plain.target.removeprefix("nn.")
        more: list[tuple[str, object]] = []
        if self.activation is not None:
            more.append(("activation", self._activation(xs[0])))
        more += [(name, True) for name in ("adds", "overwrites", "wide") if getattr(self, name)]
        return Module(f"fused.{kind}", plain.args, (*plain.kwargs, *more))  # pyright: ignore[reportArgumentType]  # modules and bools

    def _activation(self, x: Shape) -> Module:
        """The activation's recipe; nobody else sees what it overwrites."""
        assert self.activation is not None
        recipe = self.activation.recipe(self.layer.infer(x))  # pyright: ignore[reportArgumentType]  # of one result
        assert isinstance(recipe, Module), "an activation is a module"
        if not self.activation.works_inplace():
            return recipe
        return Module(recipe.target, recipe.args, (*recipe.kwargs, ("inplace", True)))

    def label(self) -> str:
        parts = [self.layer.label()]
        parts += [Add.style.label] if self.adds else []
        parts += [self.activation.label()] if self.activation else []
        return ", ".join(parts)


class Clip(Op):
    """What is left of a batch norm and a relu before a convolution: each channel's threshold."""

    style = Style(family="activation", label="clip")
    inplace = True

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return module("fused.Clip", xs[0][0], len(xs[0]) - 1)
