"""Every layer of the language as .pt2 and as .onnx, but for those that the docs list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

import archlang
from archlang.diagnostics.model import SpecError
from archlang.ops.base import Op
from archlang.ops.registry import layers

LAYERS = [op for name, op in layers().items() if op.example and name != "split"]
NO_ONNX = {"adaptive_maxpool"}
"""What docs/export.md says that ONNX has no operator for."""
QUICK = {"conv", "bn", "upsample", "crop", "maxout"}
every_layer = pytest.mark.parametrize(
    "op",
    [
        pytest.param(op, id=op.name, marks=() if op.name in QUICK else pytest.mark.slow)
        for op in LAYERS
    ],
)


def model_of(op: type[Op], spec: Callable[[str], Path]) -> nn.Module:
    text = f"network T:\n    input {op.example_input}\n    {op.example}\n"
    return archlang.load(spec(text))


@every_layer
def test_layers(op: type[Op], spec: Callable[[str], Path], tmp_path: Path) -> None:
    model = model_of(op, spec)
    done = archlang.export(model, tmp_path / "net.pt2")
    assert done.difference is not None
    assert done.difference.relative <= 1e-5
    if op.name in NO_ONNX:
        with pytest.raises(SpecError, match="E0911"):
            archlang.export(model, tmp_path / "net.onnx")
    else:
        done = archlang.export(model, tmp_path / "net.onnx")
        assert done.difference is not None
        assert done.difference.relative <= 1e-4


def test_the_docs_list_what_onnx_lacks() -> None:
    page = (Path(__file__).parents[2] / "docs/export.md").read_text(encoding="utf-8")
    for name in NO_ONNX:
        assert f"`{name}`" in page
