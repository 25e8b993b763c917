"""Weights begin as init= says, and without it as torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archlang

from .conftest import Compile

# ── initial weights ──────────────────────────────────────────────────────────────────────────


def test_initial_weights_are_those_that_are_named(compiled: Compile) -> None:
    model = compiled("""
network N:
    input 64x4x4
    a = conv(256, 3x3, init=kaiming)
    b = conv(64, 3x3, init=kaiming(mode="fan_out"))
    c = conv(64, 3x3, init=constant(0.25))
    d = conv(64, 3x3, init=zeros)
    e = conv(256, 3x3, init=xavier)
    f = conv(64, 3x3, init=normal(std=0.02))
    g = gap -> flatten -> fc(64, init=normal(std=3.0, mean=5.0))
""")
    expected = {
        "a": (2 / (64 * 9)) ** 0.5,
        "b": (2 / (64 * 9)) ** 0.5,
        "e": (2 / (64 * 9 + 256 * 9)) ** 0.5,
        "f": 0.02,
    }
    for name, std in expected.items():
        weight = model.get_submodule(name).weight
        assert weight.std().item() == pytest.approx(std, rel=0.02), name
        assert abs(weight.mean().item()) < 0.05 * std, name
    assert torch.all(model.c.weight == 0.25) and torch.all(model.d.weight == 0)
    assert model.g.fc1.weight.mean().item() == pytest.approx(5.0, abs=0.2)
    for name in "abcdef":
        assert torch.all(model.get_submodule(name).bias == 0), name


def test_without_a_name_they_are_those_of_torch(compiled: Compile) -> None:
    model = compiled("network N:\n    input 3x8x8\n    conv(8, 3x3) -> flatten -> fc(4)\n")
    torch.manual_seed(0)
    reference = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Linear(512, 4))
    for ours, theirs in zip(model.parameters(), reference.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", ["ResNet50", "DenseNet121", "VGG11", "GoogLeNet"])
def test_the_zoo_begins_like_torchvision(name: str) -> None:
    from oracle.reference import keys
    from torchvision_shim import torchvision

    from archlang.weights.keys.torchvision import COUNTERPARTS

    extra = {"init_weights": True} if name == "GoogLeNet" else {}
    theirs = getattr(torchvision.models, COUNTERPARTS[name])(**extra).state_dict()
    ours = archlang.load(name)
    for key, other in keys(name, ours).items():
        if not key.endswith("weight"):  # biases start at zero wherever init= is said
            continue
        a, b = ours.state_dict()[key].double(), theirs[other].double()
        if b.numel() < 2 or b.std() == 0 or a.std() == 0:
            assert torch.equal(a, b), key
        elif b.numel() >= 1000:
            rel = 5 / b.numel() ** 0.5  # several standard errors
            assert a.std().item() == pytest.approx(b.std().item(), rel=rel), key
