"""Working in place changes nothing: neither results nor gradients."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import archlang
from archlang.analysis.inplace import inplace_nodes
from archlang.backends import fx as backend
from archlang.ops.base import Op
from archlang.ops.registry import layers

LAYERS = sorted(layers().items())


def gradients(model: nn.Module, x: Tensor) -> list[Tensor]:
    """The outputs, the gradient of the input, and those of all parameters."""
    torch.manual_seed(3)
    x = x.clone().requires_grad_()
    before = x.detach().clone()
    results = model(x)
    results = [r.clone() for r in (results if isinstance(results, tuple) else (results,))]
    sum((r * r).sum() for r in results).backward()
    assert torch.equal(x, before), "the input was overwritten"
    found = [*results, x.grad, *(p.grad for p in model.parameters())]
    return [t for t in found if t is not None]


def hold_same(path: str, monkeypatch: pytest.MonkeyPatch, x: Tensor, **options: object) -> None:
    """The same network, working in place where it may and not at all, in both modes."""
    torch.manual_seed(0)
    model = archlang.load(path, **options)
    with monkeypatch.context() as patch:
        patch.setattr(backend, "inplace_nodes", lambda graph: frozenset())
        plain = archlang.load(path, **options)
    plain.load_state_dict(model.state_dict())
    assert not any(getattr(m, "inplace", False) for m in plain.modules())
    for training in (True, False):
        ours = gradients(copy.deepcopy(model).train(training), x)
        theirs = gradients(copy.deepcopy(plain).train(training), x)
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            # not to the last bit: some activations have another formula for what is in place
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("then", ["relu", "x + x", "dropout(0.3)"])
@pytest.mark.parametrize(("name", "layer"), LAYERS)
def test_after_every_layer(
    name: str, layer: type[Op], then: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if then == "x + x":
        body = f"y = {layer.example}\n    y + 2 * y -> relu"
    else:
        body = f"{layer.example} -> {then} -> relu"
    if name == "split":
        after = "relu" if then == "x + x" else then
        body = f"a, b = x -> {layer.example}\n    a -> {after} -> relu\n    relu ++ b ++ x"
    path = tmp_path / "n.arch"
    path.write_text(f"network N:\n    input {layer.example_input}\n    {body}\n")
    sizes = [int(n) for n in layer.example_input.split("x")]
    torch.manual_seed(1)
    hold_same(str(path), monkeypatch, torch.randn(3, *sizes))


@pytest.mark.parametrize("before", ["conv(8, 3x3)", "bn", "sigmoid", "y = conv(8, 1x1)\n    y"])
@pytest.mark.parametrize("layer", [kind.example for _, kind in LAYERS if kind.inplace])
def test_every_layer_that_can(
    layer: str, before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # channel dropouts say which rank they are for
    sizes = {"dropout1d": (9,), "dropout3d": (4, 4, 4)}.get(layer.partition("(")[0], (6, 6))
    body = before.replace("3x3", "3").replace("1x1", "1")
    path = tmp_path / "n.arch"
    size = "x".join(map(str, sizes))
    path.write_text(f"network N:\n    input 8x{size}\n    {body} -> {layer}\n", encoding="utf-8")
    torch.manual_seed(1)
    hold_same(str(path), monkeypatch, torch.randn(3, 8, *sizes))


PATTERNS = {
    "residual": "y = conv(8, 3x3) -> bn -> relu\n    conv(8, 3x3) -> bn + y -> relu",
    "residual, skip first": "y = conv(8, 3x3) -> bn\n    y + (relu -> conv(8, 3x3)) -> relu",
    "sum of one tensor with itself": "y = conv(8, 3x3)\n    y + y -> relu",
    "sum of three": "y = conv(8, 3x3)\n    conv(8, 3x3) + y + x -> relu",
    "sum that broadcasts": "y = conv(8, 1x1)\n    (y -> gap) + y -> relu",
    "sum of a product": "T = conv(8, 3x3) -> sigmoid\n    H = x -> conv(8, 3x3) -> relu\n"
    "    T * H + (1 - T) * x -> relu",
    "squeeze and excitation": "y = conv(8, 3x3) -> relu\n"
    "    y * (gap -> conv(4, 1x1) -> relu -> conv(8, 1x1) -> sigmoid) + x -> relu",
    "used twice": "y = conv(8, 3x3)\n    (y -> relu) ++ (y -> sigmoid)",
    "identity between": "y = conv(8, 3x3)\n    z = y -> identity\n    (z -> relu) + y",
    "dense": "dense 3:\n        bn -> relu -> conv(4, 3x3)",
    "mean of branches": "branch mean:\n        conv(8, 3x3) -> relu\n        relu -> conv(8, 3x3)",
    "shared": "shared f = conv(8, 3x3)\n    y = f -> relu\n    f + y -> relu -> f -> relu",
    "pre-activation": "y = bn -> relu\n    conv(8, 3x3) -> bn -> relu -> conv(8, 3x3) + y",
    "drop path": "conv(8, 3x3) -> bn -> drop_path(0.5) + x -> relu",
    "an output that goes on": "output a = conv(8, 3x3)\n    output b = a -> relu",
    "while training": "y = conv(8, 3x3)\n    output aux = y -> relu -> gap when training\n"
    "    y -> relu -> conv(8, 3x3) + x",
    "crop": "y = conv(8, 3x3)\n    crop∘y + conv(8, 3x3, pad=0) -> relu",
    "scaled": "scale(0.5)∘x + conv(8, 3x3) -> relu",
    "constants": "y = conv(8, 3x3) + 1 -> relu\n    1 - (y + 2) -> relu",
    "a slope below 0": "conv(8, 3x3) -> leaky_relu(-0.5) -> conv(8, 3x3)",
    "negation": "d = conv(8, 3x3)\n    (d -> relu) + (-d -> relu) -> conv(8, 1x1)",
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_in_every_pattern(pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "n.arch"
    path.write_text(f"network N:\n    input 8x9x9\n    {PATTERNS[pattern]}\n", encoding="utf-8")
    torch.manual_seed(1)
    hold_same(str(path), monkeypatch, torch.randn(3, 8, 9, 9))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("ResNet18", "3x64x64"),
        ("ResNet34A", "3x64x64"),
        ("PreActResNet18", "3x64x64"),
        ("GoogLeNet", "3x64x64"),
        ("DenseNet40k12", "3x32x32"),
        ("UNetPadded", "3x32x32"),
        ("LeNet1998", "1x32x32"),
    ],
)
def test_in_the_zoo(name: str, size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    hold_same(name, monkeypatch, torch.randn(2, *(int(n) for n in size.split("x"))))


def test_it_is_used_where_it_can() -> None:
    graph = archlang.network("ResNet50")
    inplace = inplace_nodes(graph)
    kinds = [type(graph.nodes[n].op).__name__ for n in inplace]
    # each of them, as in torchvision
    assert kinds.count("Relu") == 49 and kinds.count("Add") == 16


def test_overwriting_what_is_still_needed_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary: the comparison fails if an overwritten tensor is used again."""
    path = tmp_path / "n.arch"
    body = PATTERNS["used twice"]
    path.write_text(f"network N:\n    input 8x9x9\n    {body}\n", encoding="utf-8")
    relus = frozenset(n.id for n in archlang.network(str(path)).nodes if n.op.name == "relu")
    monkeypatch.setattr(backend, "inplace_nodes", lambda graph: relus)
    with pytest.raises(AssertionError, match="Tensor-likes are not close"):
        hold_same(str(path), monkeypatch, torch.randn(3, 8, 9, 9))
