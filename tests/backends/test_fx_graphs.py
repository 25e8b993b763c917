"""Graphs of every form run as what they say, at every legal size, as torch written by hand does."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

import archlang

from .conftest import CLASSIFIER, SEGMENTER, Compile, image

# ── nothing of the example size is baked in ──────────────────────────────────────────────────


def conv(model: nn.Module, path: str, x: Tensor, **options: int) -> Tensor:
    layer = model.get_submodule(path)
    kind = F.conv_transpose2d if isinstance(layer, nn.ConvTranspose2d) else F.conv2d
    return kind(x, layer.weight, layer.bias, **options)


def centre(x: Tensor, like: Tensor) -> Tensor:
    top, left = ((n - m) // 2 for n, m in zip(x.shape[2:], like.shape[2:], strict=True))
    return x[:, :, top : top + like.shape[2], left : left + like.shape[3]]


@pytest.mark.parametrize("size", [(44, 44), (52, 60), (47, 50)])
def test_crop_and_resize_at_any_size(compiled: Compile, size: tuple[int, int]) -> None:
    model = compiled(SEGMENTER)
    x = image(*size, channels=1)
    names = iter([k.removesuffix(".weight") for k in model.state_dict() if k.endswith("weight")])
    e1 = F.relu(conv(model, next(names), x))
    e1 = F.relu(conv(model, next(names), e1))
    e2 = F.relu(conv(model, next(names), F.max_pool2d(e1, 2)))
    e2 = F.relu(conv(model, next(names), e2))
    low = F.relu(conv(model, next(names), F.max_pool2d(e2, 2), padding=1))
    up = conv(model, next(names), low, stride=2)
    up = F.interpolate(up, e2.shape[2:], mode="bilinear")
    y = F.relu(conv(model, next(names), torch.cat([up, e2], 1), padding=1))
    up = conv(model, next(names), y, stride=2)
    y = conv(model, next(names), torch.cat([centre(e1, up), up], 1))
    assert next(names, None) is None
    torch.testing.assert_close(model(x), y)


@pytest.mark.parametrize("size", [(8, 8), (13, 10)])
def test_shortcuts_at_any_size(compiled: Compile, size: tuple[int, int]) -> None:
    model = compiled("""
network N:
    input 4x8x8
    conv(6, 3x3, stride=2) + pad∘x -> relu
    y = identity
    conv(8, 3x3, stride=2) + project∘y
""")
    x = image(*size, channels=4)
    short = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 2))
    y = F.relu(conv(model, "conv1", x, stride=2, padding=1) + short)
    z = conv(model, "conv2", y, stride=2, padding=1) + conv(model, "project1.conv1", y, stride=2)
    torch.testing.assert_close(model(x), z)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("UNetPadded", [(64, 64), (48, 80)]),
        ("ResNet18", [(64, 64), (97, 70)]),
        ("GoogLeNet", [(64, 64), (97, 130)]),
    ],
)
def test_the_zoo_takes_other_sizes(name: str, sizes: list[tuple[int, int]]) -> None:
    model = archlang.load(name).eval()
    for size in sizes:
        with torch.no_grad():
            y = model(image(*size, batch=1))
        assert y.shape[2:] == (size if name == "UNetPadded" else ())


# ── graphs of every form ─────────────────────────────────────────────────────────────────────


def test_shared_layers_several_inputs_and_outputs(compiled: Compile) -> None:
    model = compiled("""
network Twin:
    input left: 6
    input right: 6
    shared tower = fc(4)
    a = left -> tower -> relu
    b = right -> tower -> relu
    output distance = (a - b) -> fc(1)
    output both = a ++ b
""")
    keys = {k for k in model.state_dict() if k.endswith("weight")}
    assert keys == {"tower.weight", "distance.fc1.weight"}
    left, right = torch.randn(2, 6), torch.randn(2, 6)
    result = model(left, right)
    a, b = (F.relu(F.linear(t, model.tower.weight, model.tower.bias)) for t in (left, right))
    assert result._fields == ("distance", "both")
    assert torch.equal(result.both, torch.cat([a, b], 1))
    result.distance.sum().backward()
    assert model.tower.weight.grad is not None
    model.eval()
    assert model(left, right)._fields == ("distance", "both")
    assert torch.equal(model(right=right, left=left).both, result.both), "inputs by name"


def test_split_select_and_constants(compiled: Compile) -> None:
    model = compiled("""
network N:
    input 6x4x4
    a, b, c = x -> split([1, 2, 3])
    d = x -> select([5, 0, 1])
    1 - d * c
    s = identity
    0.5 * (b ++ a) + s - 3
""")
    x = image(4, 4, channels=6)
    a, b, c = x.split([1, 2, 3], 1)
    expected = 0.5 * torch.cat([b, a], 1) + (1 - x[:, [5, 0, 1]] * c) - 3
    assert torch.equal(model(x), expected)


def test_scalar_and_frozen_shortcuts(compiled: Compile) -> None:
    model = compiled("""
network N:
    input 4x6x6
    conv(4, 3x3) + scale(0.5)∘x
    y = relu
    conv(4, 3x3) + scale(2.0, learn=true)∘y
    z = relu
    conv(8, 3x3, stride=2) + fixed(project)∘z
""")
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {n for n, _ in model.named_parameters()} - trained == {"project1.conv1.weight"}
    assert any(n.startswith("scale") for n in trained)
    model(image(6, 6, channels=4)).sum().backward()
    assert model.get_parameter("project1.conv1.weight").grad is None


def test_frozen_layers_are_not_trained(compiled: Compile) -> None:
    text = f"{CLASSIFIER}\nnetwork Tuned from Small:\n    freeze conv1, layer.0\n"
    model = compiled(text, "Tuned")
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad != name.startswith(("conv1.", "layer.0.")), name
