"""Activations: functions of each number by itself, and softmax, which works along the channels."""

from __future__ import annotations

from typing import ClassVar, Literal

from archlang.diagnostics.catalog.shapes import BadSetting
from archlang.ops.base import Count, Op, Positive, Shape, Style, misfit
from archlang.ops.reach import Reach, pointwise
from archlang.ops.recipe import PassThrough, Recipe, module
from archlang.ops.windows import configured


class _Activation(Op):
    """An activation takes any shape and leaves it. Its output is what most backward passes need."""

    target: ClassVar[str]

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return module(self.target)


class Relu(_Activation):
    """max(0, x) (Nair and Hinton 2010)."""

    name = "relu"
    style = Style(family="activation", label="ReLU")
    example = "relu"
    inplace = True
    target = "nn.ReLU"


class Relu6(_Activation):
    """min(max(0, x), 6) (Howard et al. 2017, arXiv:1704.04861)."""

    name = "relu6"
    style = Style(family="activation", label="ReLU6")
    example = "relu6"
    inplace = True
    target = "nn.ReLU6"


class LeakyRelu(_Activation):
    """x where it is positive, `slope` times x elsewhere (Maas et al. 2013)."""

    name = "leaky_relu"
    style = Style(family="activation", label="leaky ReLU, {slope}")
    example = "leaky_relu(0.1)"
    inplace = True
    target = "nn.LeakyReLU"

    slope: float = 0.01

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(self.target, negative_slope=(self.slope, 0.01))

    def works_inplace(self) -> bool:
        return self.slope >= 0  # else the sign of the result does not tell that of x


class Prelu(_Activation):
    """A leaky_relu that learns its slope (He et al. 2015, arXiv:1502.01852).

    One slope for all channels, or with `channels="each"` one for each; the number of slopes may
    also be written. As many parameters, which start at `slope`.
    """

    name = "prelu"
    style = Style(family="activation", label="PReLU")
    example = 'prelu("each")'
    target = "nn.PReLU"

    channels: Literal["one", "each"] | Count = "one"
    slope: float = 0.25

    def _slopes(self, x: Shape) -> int:
        if isinstance(self.channels, int):
            return self.channels
        return x[0] if self.channels == "each" else 1

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        if self._slopes(x) not in (1, x[0]):
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"{self.channels} slopes do not go with {x[0]} channels",
                    way_out='channels="one", or channels="each"',
                )
            )
        return x

    def params(self, *xs: Shape) -> int:
        return self._slopes(xs[0])

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(
            self.target, num_parameters=(self._slopes(xs[0]), 1), init=(self.slope, 0.25)
        )


class Elu(_Activation):
    """x where positive, `alpha` (exp(x) - 1) elsewhere (Clevert et al. 2015, arXiv:1511.07289)."""

    name = "elu"
    style = Style(family="activation", label="ELU")
    example = "elu"
    inplace = True
    target = "nn.ELU"

    alpha: Positive = 1.0

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(self.target, alpha=(self.alpha, 1.0))


class Selu(_Activation):
    """The elu whose scale keeps mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515)."""

    name = "selu"
    style = Style(family="activation", label="SELU")
    example = "selu"
    inplace = True
    target = "nn.SELU"


class Gelu(_Activation):
    """x times the normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""

    name = "gelu"
    style = Style(family="activation", label="GELU")
    example = "gelu"
    keeps_output = False
    target = "nn.GELU"

    approximate: Literal["none", "tanh"] = "none"

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(self.target, approximate=(self.approximate, "none"))


class Silu(_Activation):
    """x sigmoid(x), also called swish (Elfwing et al. 2017, arXiv:1702.03118)."""

    name = "silu"
    style = Style(family="activation", label="SiLU")
    example = "silu"
    inplace = True
    target = "nn.SiLU"


class Mish(_Activation):
    """x tanh(softplus(x)) (Misra 2019, arXiv:1908.08681)."""

    name = "mish"
    style = Style(family="activation", label="Mish")
    example = "mish"
    inplace = True
    target = "nn.Mish"


class Hardswish(_Activation):
    """x relu6(x + 3) / 6 (Howard et al. 2019, arXiv:1905.02244)."""

    name = "hardswish"
    style = Style(family="activation", label="hard swish")
    example = "hardswish"
    inplace = True
    target = "nn.Hardswish"


class Hardsigmoid(_Activation):
    """relu6(x + 3) / 6, a sigmoid of straight lines (Courbariaux et al. 2015, arXiv:1511.00363)."""

    name = "hardsigmoid"
    style = Style(family="activation", label="hard sigmoid")
    example = "hardsigmoid"
    inplace = True
    target = "nn.Hardsigmoid"


class Hardtanh(_Activation):
    """x, cut off at `low` and `high`."""

    name = "hardtanh"
    style = Style(family="activation", label="hard tanh")
    example = "hardtanh"
    inplace = True
    target = "nn.Hardtanh"

    low: float = -1.0
    high: float = 1.0

    def infer(self, *xs: Shape) -> Shape:
        if self.low >= self.high:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"low={self.low:g} is not below high={self.high:g}",
                    way_out="swap the two",
                )
            )
        return xs[0]

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(self.target, min_val=(self.low, -1.0), max_val=(self.high, 1.0))


class Softplus(_Activation):
    """log(1 + exp(beta x)) / beta, a smooth relu (Dugas et al. 2000)."""

    name = "softplus"
    style = Style(family="activation", label="softplus")
    example = "softplus"
    keeps_output = False
    target = "nn.Softplus"

    beta: Positive = 1.0
    threshold: float = 20.0

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(self.target, beta=(self.beta, 1.0), threshold=(self.threshold, 20.0))


class Sigmoid(_Activation):
    """1 / (1 + exp(-x))."""

    name = "sigmoid"
    style = Style(family="activation", label="sigmoid")
    example = "sigmoid"
    target = "nn.Sigmoid"


class Tanh(_Activation):
    """`scale` tanh(`slope` x); LeNet's is tanh(scale=1.7159, slope=2/3) (LeCun et al. 1998)."""

    name = "tanh"
    style = Style(family="activation", label="tanh")
    example = "tanh(scale=1.7159, slope=2/3)"
    target = "nn.Tanh"

    scale: float = 1.0
    slope: float = 1.0

    def recipe(self, *xs: Shape) -> Recipe:
        if self.scale == self.slope == 1.0:
            return module(self.target)
        return module("runtime.ScaledTanh", self.scale, self.slope)


class Softmax(_Activation):
    """exp(x), scaled to the sum 1 along the channels."""

    name = "softmax"
    style = Style(family="activation", label="softmax")
    example = "softmax"
    example_input = "10"
    target = "nn.Softmax"

    def recipe(self, *xs: Shape) -> Recipe:
        return module(self.target, dim=1)


class LogSoftmax(_Activation):
    """The logarithm of softmax along the channels, as the negative log-likelihood loss wants it."""

    name = "log_softmax"
    style = Style(family="activation", label="log softmax")
    example = "log_softmax"
    example_input = "10"
    target = "nn.LogSoftmax"

    def recipe(self, *xs: Shape) -> Recipe:
        return module(self.target, dim=1)


class Identity(Op):
    """What flows in, unchanged: W = I."""

    name = "identity"
    style = Style(family="skip", label="identity")
    example = "identity"
    idle = True

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return PassThrough()
