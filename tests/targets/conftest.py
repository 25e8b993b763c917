"""What the tests of the targets share: a small network, and files as somebody else reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

SMALL = """\
block Unit(C):
    conv(C, 3x3) -> bn + x -> relu

network Small:
    input 3x16x16
    conv(8, 3x3) -> relu
    Unit(8)
    gap -> flatten
    fc(5)
"""
NAMED = """\
network Two:
    input left: 3x8x8
    input right: 3x8x8
    a = left -> conv(4, 3x3) -> relu
    b = right -> conv(4, 3x3)
    output sums = a + b
    output both = a ++ b
"""


@pytest.fixture
def spec(tmp_path: Path) -> Callable[[str], Path]:
    """Write a spec, and give its path."""

    def write(text: str) -> Path:
        path = tmp_path / "net.arch"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def by_onnxruntime(path: Path, *inputs: Tensor) -> list[Tensor]:
    """What onnxruntime gives."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    named = {v.name: x.numpy() for v, x in zip(session.get_inputs(), inputs, strict=True)}
    return [torch.from_numpy(np.asarray(y)) for y in session.run(None, named)]
