"""Initial weights: what may stand behind `init=`, each with the torch.nn.init call it stands for.

Biases start at zero wherever an initialiser is given; without one, torch's own defaults stay.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["fan_in", "fan_out"]
Nonlinearity = Literal["relu", "leaky_relu", "tanh", "sigmoid", "linear", "selu"]


class Initialiser(BaseModel):
    """Base of the initialisers; `function` is a name in `torch.nn.init`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, strict=True, allow_inf_nan=False
    )

    name: ClassVar[str] = ""
    function: ClassVar[str] = ""

    def arguments(self) -> dict[str, float | str]:
        """Keyword arguments of the torch.nn.init function."""
        return self.model_dump()


class _Kaiming(Initialiser):
    mode: Mode = "fan_in"
    nonlinearity: Nonlinearity = "relu"


class KaimingNormal(_Kaiming):
    """Normal, variance 2/fan (He et al. 2015, arXiv:1502.01852). `kaiming` is the same."""

    name = "kaiming_normal"
    function = "kaiming_normal_"


class Kaiming(KaimingNormal):
    """Normal, variance 2/fan (He et al. 2015, arXiv:1502.01852)."""

    name = "kaiming"


class KaimingUniform(_Kaiming):
    """Uniform, variance 2/fan (He et al. 2015, arXiv:1502.01852)."""

    name = "kaiming_uniform"
    function = "kaiming_uniform_"


class XavierUniform(Initialiser):
    """Uniform, variance 2/(fan_in + fan_out) (Glorot and Bengio 2010). `xavier` is the same."""

    name = "xavier_uniform"
    function = "xavier_uniform_"
    gain: float = 1.0


class Xavier(XavierUniform):
    """Uniform, variance 2/(fan_in + fan_out) (Glorot and Bengio 2010)."""

    name = "xavier"


class XavierNormal(Initialiser):
    """Normal, variance 2/(fan_in + fan_out) (Glorot and Bengio 2010)."""

    name = "xavier_normal"
    function = "xavier_normal_"
    gain: float = 1.0


class Normal(Initialiser):
    """Normal with the given standard deviation."""

    name = "normal"
    function = "normal_"
    std: float = Field(default=0.01, ge=0.0)
    mean: float = 0.0


class TruncNormal(Initialiser):
    """Normal, cut off at `a` and `b`."""

    name = "trunc_normal"
    function = "trunc_normal_"
    std: float = Field(default=0.02, ge=0.0)
    mean: float = 0.0
    a: float = -2.0
    b: float = 2.0


class Uniform(Initialiser):
    """Uniform between `a` and `b`."""

    name = "uniform"
    function = "uniform_"
    a: float = 0.0
    b: float = 1.0


class Constant(Initialiser):
    """Every weight the same."""

    name = "constant"
    function = "constant_"
    val: float


class Zeros(Initialiser):
    """Every weight 0."""

    name = "zeros"
    function = "zeros_"


class Ones(Initialiser):
    """Every weight 1."""

    name = "ones"
    function = "ones_"


class Orthogonal(Initialiser):
    """A (semi-)orthogonal matrix (Saxe et al. 2013, arXiv:1312.6120)."""

    name = "orthogonal"
    function = "orthogonal_"
    gain: float = 1.0


class Dirac(Initialiser):
    """Convolutions that start as the identity."""

    name = "dirac"
    function = "dirac_"


INITIALISERS: dict[str, type[Initialiser]] = {
    kind.name: kind
    for kind in (
        Kaiming,
        KaimingNormal,
        KaimingUniform,
        Xavier,
        XavierUniform,
        XavierNormal,
        Normal,
        TruncNormal,
        Uniform,
        Constant,
        Zeros,
        Ones,
        Orthogonal,
        Dirac,
    )
}
