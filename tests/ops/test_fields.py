"""What a layer takes: types, ranges, defaults; and that layers are values."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from archlang.diagnostics.catalog import shapes as problems
from archlang.diagnostics.model import Mistake, Problem
from archlang.ops.activation import LeakyRelu, Prelu
from archlang.ops.base import Dims, Op, Shape
from archlang.ops.classic import Rbf, SparseConv
from archlang.ops.convolution import Conv, DepthwiseConv, SeparableConv, UpConv
from archlang.ops.initial import KaimingNormal
from archlang.ops.linear import FullyConnected
from archlang.ops.merging import WithConstant
from archlang.ops.normalisation import BatchNorm, GroupNorm, InstanceNorm
from archlang.ops.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from archlang.ops.recipe import module
from archlang.ops.regularisation import Dropout, Dropout2d
from archlang.ops.resampling import Crop, CropLike, PadShortcut, Upsample
from archlang.ops.reshaping import Pad, Permute, PixelShuffle, Reshape, Select, Split


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Conv, {"out": True}),
        (Conv, {"out": 0}),
        (Conv, {"out": 8.0}),
        (Conv, {"out": "8"}),
        (Conv, {"out": 8, "bias": 1}),
        (Conv, {"out": 8, "kernel": (3, True)}),
        (Conv, {"out": 8, "pad": "valid"}),
        (Conv, {"out": 8, "pad": -1}),
        (Conv, {"out": 8, "filters": 8}),
        (Conv, {"out": 8, "init": "kaiming"}),
        (Conv, {}),
        (Dropout, {"p": 1.5}),
        (Dropout, {"p": True}),
        (LeakyRelu, {"slope": float("nan")}),
        (BatchNorm, {"eps": 0.0}),
        (BatchNorm, {"eps": float("inf")}),
        (SparseConv, {"out": 1, "table": ()}),
        (SparseConv, {"out": 1, "table": ((),)}),
    ],
)
def test_wrong_arguments_are_refused(kind: type[Op], arguments: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        kind(**arguments)


def test_integers_pass_as_floats() -> None:
    assert Dropout(p=1).p == 1.0


def test_equal_layers_are_one_value() -> None:
    init = KaimingNormal(mode="fan_out")
    one = Conv(out=8, kernel=Dims((3, 3)), init=init)
    assert one == Conv(out=8, kernel=(3, 3), init=KaimingNormal(mode="fan_out"))
    assert len({one, Conv(out=8, kernel=(3, 3), init=init), Conv(out=8)}) == 2
    with pytest.raises(ValidationError):
        one.out = 9  # pyright: ignore[reportAttributeAccessIssue]: what is tested


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Conv, ["out", "kernel", "stride", "pad", "dilation", "groups", "bias"]),
        (UpConv, ["out", "kernel", "stride", "pad", "output_pad"]),
        (DepthwiseConv, ["kernel", "stride", "pad", "dilation", "multiplier", "bias"]),
        (SeparableConv, ["out", "kernel", "stride", "pad", "dilation", "bias"]),
        (MaxPool, ["kernel", "stride", "pad", "dilation", "ceil"]),
        (AvgPool, ["kernel", "stride", "pad", "ceil", "count_pad"]),
        (FullyConnected, ["out", "bias", "init"]),
    ],
)
def test_fields_stand_in_the_order_they_take(kind: type[Op], first: list[str]) -> None:
    assert list(kind.model_fields)[: len(first)] == first


@pytest.mark.parametrize(
    ("op", "xs", "problem"),
    [
        (Conv(out=8), ((10,),), problems.NeedsMap),
        (Conv(out=8, kernel=5, pad=0), ((3, 4, 4),), problems.KernelTooLarge),
        (Conv(out=8, kernel=2), ((3, 4, 4),), problems.EvenKernelNeedsPadding),
        (Conv(out=8, kernel=(3, 3)), ((3, 4),), problems.WrongRank),
        (Conv(out=8, groups=2), ((3, 4, 4),), problems.GroupsDoNotDivide),
        (Conv(out=8, kernel=9, padding_mode="reflect"), ((3, 4, 4),), problems.BadSetting),
        (UpConv(out=8, output_pad=2), ((3, 4, 4),), problems.BadSetting),
        (UpConv(out=8, pad=4), ((3, 4, 4),), problems.BadSetting),
        (FullyConnected(out=8), ((3, 4, 4),), problems.NeedsVector),
        (Rbf(out=8), ((3, 4, 4),), problems.NeedsVector),
        (MaxPool(kernel=3, pad=2), ((3, 8, 8),), problems.BadSetting),
        (AvgPool(kernel=7), ((3, 4, 4),), problems.KernelTooLarge),
        (GroupNorm(groups=32), ((48, 4, 4),), problems.DoesNotDivide),
        (InstanceNorm(), ((3, 1, 1),), problems.BadSetting),
        (Prelu(channels=4), ((3, 1, 1),), problems.BadSetting),
        (Dropout2d(), ((3, 8),), problems.BadSetting),
        (Reshape(size=(3, 5)), ((16,),), problems.ReshapeDiffers),
        (Reshape(size=(-1, 5)), ((16,),), problems.ReshapeDiffers),
        (Reshape(size=(-1, -1)), ((16,),), problems.BadSetting),
        (Permute(order=(0, 1)), ((3, 8, 8),), problems.BadSetting),
        (PixelShuffle(r=2), ((6, 8, 8),), problems.DoesNotDivide),
        (Pad(amount=8, mode="reflect"), ((3, 8, 8),), problems.BadSetting),
        (Pad(amount=((1, 2),)), ((3, 8, 8),), problems.WrongRank),
        (Split(parts=2), ((3, 8, 8),), problems.DoesNotDivide),
        (Split(parts=(2, 2)), ((3, 8, 8),), problems.BadSetting),
        (Select(channels=(0, 3)), ((3, 8, 8),), problems.BadSetting),
        (Upsample(mode="bilinear"), ((3, 8),), problems.BadSetting),
        (Upsample(align_corners=True), ((3, 8),), problems.BadSetting),
        (Crop(size=9), ((3, 8),), problems.BadSetting),
        (CropLike(), ((3, 4, 4), (3, 8, 8)), problems.NothingFits),
        (PadShortcut(channels=2), ((3, 4, 4),), problems.NothingFits),
        (SparseConv(out=1, table=((7,),)), ((3, 4, 4),), problems.BadSetting),
        (SparseConv(out=2, table=((0,),)), ((3, 4, 4),), problems.BadSetting),
    ],
)
def test_misfits_say_what_is_wrong(op: Op, xs: tuple[Shape, ...], problem: type[Problem]) -> None:
    with pytest.raises(Mistake) as caught:
        op.infer(*xs)
    assert isinstance(caught.value.problem, problem)
    assert caught.value.problem.help()


def test_recipes_leave_out_what_torch_assumes() -> None:
    assert Conv(out=8, kernel=1).recipe((3, 4, 4)) == module("nn.Conv2d", 3, 8, 1)
    assert BatchNorm().recipe((3, 4, 4)) == module("nn.BatchNorm2d", 3)
    assert MaxPool(kernel=2).recipe((3, 4)) == module("nn.MaxPool1d", 2)


@pytest.mark.parametrize(
    ("op", "label"),
    [
        (Conv(out=64, kernel=(3, 3), stride=2), "3×3 conv, 64, /2"),
        (Conv(out=128, kernel=3, groups=32), "3×3 conv, 128, groups 32"),
        (Conv(out=64, kernel=3, groups=64, stride=2), "3×3 depthwise conv, 64, /2"),
        (Conv(out=64, kernel=3, dilation=2), "3×3 conv, 64, dilation 2"),
        (AdaptiveAvgPool(size=6), "avg pool to 6×6"),
        (WithConstant(symbol="+", value=-2.0), "· − 2"),
        (WithConstant(symbol="-", value=1, reverse=True), "1 − ·"),
        (UpConv(out=64), "2×2 upconv, 64, ×2"),
        (MaxPool(kernel=3, stride=2), "3×3 max pool, /2"),
        (Upsample(scale=2), "upsample, ×2"),
        (Dropout(p=0.2), "dropout, 0.2"),
    ],
)
def test_labels_read_as_in_papers(op: Op, label: str) -> None:
    assert op.label() == label


def test_the_layers_are_known_without_torch() -> None:
    script = "import sys, archlang.ops.registry as r; r.layers(); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
