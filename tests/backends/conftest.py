"""Networks from text, and images for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, fx

import archlang

Compile = Callable[..., fx.GraphModule]


CLASSIFIER = """\
default conv(bias=false)
let W = project(bn)

block Unit(C, stride=1):
    conv(C, 3x3, stride=stride) -> bn -> relu
    conv(C, 3x3) -> bn + W∘x -> relu

network Small(classes=5):
    input 3x16x16
    conv(8, 3x3) -> bn -> relu
    layer = chain:
        Unit(16, stride=2)
        Unit(16)
    output aux = gap -> flatten -> fc(classes) when training
    head = gap -> flatten -> dropout(0.3) -> fc(classes)
"""

SEGMENTER = """\
block Double(C):
    2 * (conv(C, 3x3, pad=0) -> relu)

network Segment:
    input 1x44x44
    e1 = Double(4)
    e2 = maxpool(2x2) -> Double(8)
    maxpool(2x2) -> conv(8, 3x3) -> relu
    resize(mode="bilinear")∘upconv(8) ++ e2 -> conv(8, 3x3) -> relu
    crop∘e1 ++ upconv(4) -> conv(2, 1x1)
"""


def image(*size: int, channels: int = 3, batch: int = 2) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(batch, channels, *size)


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """Loads the network that a text declares, or the one of that name in it."""

    def load(text: str, network: str = "", **options: object) -> fx.GraphModule:
        path = tmp_path / "spec.arch"
        path.write_text(text, encoding="utf-8")
        torch.manual_seed(0)
        return archlang.load(f"{path}:{network}" if network else str(path), **options)

    return load
