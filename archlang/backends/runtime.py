"""The modules and functions torch lacks; generated files carry copies of those they use.

Each stands alone, given `torch`, `Tensor`, `nn`, `F` and `Self`; what it uses of the others is
copied with it. None branches on a tensor's values or shape, so that each can be traced, compiled
and exported.
Maps are `NxCxHxW` and the like, batch first.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)


def mean_of(tensors: list[Tensor]) -> Tensor:
    """The mean of tensors of equal shape (up to broadcasting)."""
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total / len(tensors)


def reshape(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Every sample of `x` in the shape `size`."""
    return x.reshape((x.shape[0], *size))


def select(x: Tensor, runs: tuple[tuple[int, int], ...]) -> Tensor:
    """The channels of `x` in the ranges [start, stop), one range after the other."""
    return torch.cat([x[:, start:stop] for start, stop in runs], dim=1)


def maxout(x: Tensor, k: int) -> Tensor:
    """The greatest of every `k` consecutive channels."""
    return torch.unflatten(x, 1, (-1, k)).amax(dim=2)


def crop(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """The centre of `x`, of spatial size `size`; an odd rest stays at the end."""
    for axis, length in enumerate(size, start=2):
        x = x.narrow(axis, (x.shape[axis] - length) // 2, length)
    return x


def crop_like(x: Tensor, like: Tensor, rank: int = 2) -> Tensor:
    """The centre of `x`, of the spatial size of `like`, for `rank` spatial axes."""
    for axis in range(2, 2 + rank):
        length = like.shape[axis]
        x = x.narrow(axis, (x.shape[axis] - length) // 2, length)
    return x


def resize_like(
    x: Tensor, like: Tensor, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`x` interpolated to the spatial size of `like`."""
    return F.interpolate(x, size=like.shape[2:], mode=mode, align_corners=align_corners)


def pad_shortcut(x: Tensor, stride: tuple[int, ...], before: int, after: int) -> Tensor:
    """Every `stride`-th position of `x`, with zero channels before and after its own."""
    x = x[(slice(None), slice(None), *(slice(None, None, step) for step in stride))]
    return F.pad(x, (0, 0) * len(stride) + (before, after))


class Affine(nn.Module):
    """A learned scale and shift for each channel of a map with `rank` spatial axes."""

    def __init__(self, channels: int, rank: int = 2) -> None:
        super().__init__()
        self.shape = (channels,) + (1,) * rank
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.view(self.shape) + self.bias.view(self.shape)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of a map, at every position by itself."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (named so in nn.LayerNorm)
        last = input.movedim(1, -1)
        normal = F.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps)
        return normal.movedim(-1, 1)


class DropPath(nn.Module):
    """Stochastic depth: while training, a whole sample becomes zero with probability `p`.

    A sample is handed to nn.Dropout1d as one channel, which drops channels whole.
    """

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.drop = nn.Dropout1d(p)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x.flatten(1).unsqueeze(1)).reshape(x.shape)


class FrozenBatchNorm(nn.modules.batchnorm._BatchNorm):  # pyright: ignore[reportPrivateUsage]  # the base of all ranks
    """Batch normalisation that stays in evaluation mode as long as its parameters are frozen.

    It normalises by its running statistics and keeps them. `requires_grad_(True)` and then
    `train()` make it an ordinary one; without parameters it stays as it is.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)  # pyright: ignore[reportUnknownMemberType]  # torch leaves out two types
        self.eval()
        # torch.fx calls what says to come from torch.nn, instead of tracing what is in it
        self.__module__ = nn.BatchNorm2d.__module__

    def train(self, mode: bool = True) -> Self:
        return super().train(mode and any(p.requires_grad for p in self.parameters()))


class FrozenBatchNorm1d(FrozenBatchNorm, nn.BatchNorm1d):
    """Frozen batch normalisation of vectors `NxC` and sequences `NxCxL`."""


class FrozenBatchNorm2d(FrozenBatchNorm, nn.BatchNorm2d):
    """Frozen batch normalisation of maps `NxCxHxW`."""


class FrozenBatchNorm3d(FrozenBatchNorm, nn.BatchNorm3d):
    """Frozen batch normalisation of volumes `NxCxDxHxW`."""


class Rbf(nn.Module):
    """Squared distances of a vector to `out` codes of ±1, which are a buffer unless trained."""

    def __init__(self, features: int, out: int, fixed: bool = True) -> None:
        super().__init__()
        # drawn on the CPU from a seed of its own: the same codes on every device, and no other
        # draw is changed by them
        generator = torch.Generator("cpu").manual_seed(0)
        bits = torch.randint(0, 2, (out, features), generator=generator, device="cpu")
        codes = (2 * bits - 1).to(torch.empty(0))
        if fixed:
            self.register_buffer("weight", codes)
        else:
            self.weight = nn.Parameter(codes)

    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(1) - self.weight).square().sum(dim=2)


class ScaledTanh(nn.Module):
    """scale · tanh(slope · x)."""

    def __init__(self, scale: float, slope: float) -> None:
        super().__init__()
        self.scale = scale
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * torch.tanh(self.slope * x)


class Scale(nn.Module):
    """One learned number that everything is multiplied by."""

    def __init__(self, value: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(value))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class SparseConv(nn.Module):
    """A convolution whose filter i sees the channels `table[i]` alone.

    Neighbouring filters that see equally many channels are one grouped convolution, so that there
    is neither a weight nor a multiplication for what is not connected.
    """

    def __init__(
        self,
        table: tuple[tuple[int, ...], ...],
        kernel: tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        runs: list[list[tuple[int, ...]]] = []
        for line in table:
            if runs and len(runs[-1][0]) == len(line):
                runs[-1].append(line)
            else:
                runs.append([line])
        self.channels = [[c for line in run for c in line] for run in runs]
        conv = getattr(nn, f"Conv{len(kernel)}d")
        self.convs = nn.ModuleList(
            conv(
                len(run) * len(run[0]),
                len(run),
                kernel,
                stride=stride,
                padding=padding,
                groups=len(run),
                bias=bias,
            )
            for run in runs
        )

    def forward(self, x: Tensor) -> Tensor:
        pairs = zip(self.convs, self.channels, strict=True)
        parts = [conv(torch.cat([x[:, c : c + 1] for c in seen], dim=1)) for conv, seen in pairs]
        return torch.cat(parts, dim=1)
