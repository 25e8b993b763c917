"""Networks of the zoo as files, against torchvision's own with the same weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision_shim  # noqa: F401  # before torchvision
from torchvision import models

import archlang

from .conftest import by_onnxruntime

NETWORKS = {
    "ResNet18": models.resnet18,
    "GoogLeNet": lambda: models.googlenet(init_weights=False),
    "DenseNet121": models.densenet121,
    "VGG11": models.vgg11,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_against_torchvision(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = NETWORKS[name]().eval()
    model = archlang.load(name, weights=theirs.state_dict())
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        want = theirs(x)
    archlang.export(model, tmp_path / "net.onnx", verify=False)
    (got,) = by_onnxruntime(tmp_path / "net.onnx", x)
    assert (got - want).abs().max() <= 1e-4 * want.abs().max()
    archlang.export(model, tmp_path / "net.pt2", verify=False)
    with torch.no_grad():
        got = torch.export.load(tmp_path / "net.pt2").module()(x)
    assert (got - want).abs().max() <= 1e-5 * want.abs().max()
