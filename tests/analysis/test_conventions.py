"""Counts as torchinfo, fvcore, ptflops and torch itself make them, against these very tools."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision_shim import torchvision

from archlang.analysis.conventions import counts
from archlang.compiler import graph
from archlang.graph import Graph
from archlang.loading import to_module
from archlang.ops.registry import layers

TWINS = {
    "ResNet18": "resnet18",
    "ResNet50": "resnet50",
    "VGG11": "vgg11",
    "VGG16": "vgg16",
    "AlexNet": "alexnet",
    "GoogLeNet": "googlenet",
    "DenseNet121": "densenet121",
}
QUICK = {"ResNet18", "AlexNet", "GoogLeNet", "DenseNet121"}
FUNCTIONS = {
    # torchvision calls relu as a function in every BasicConv2d, ours is a module
    "GoogLeNet": lambda c: c.kinds["relu"] // 2,
    # there the last relu and the pooling behind it, of 1024 maps of 7 x 7
    "DenseNet121": lambda _: 2 * 1024 * 7 * 7,
}
"""What ptflops counts once in torchvision's model, and twice in ours, where it is a module."""


def torchinfo_count(model: nn.Module, x: torch.Tensor) -> int:
    import torchinfo

    return torchinfo.summary(model, input_data=x, verbose=0, device="cpu").total_mult_adds


def fvcore_count(model: nn.Module, x: torch.Tensor) -> int:
    import fvcore.nn as fvcore

    logging.getLogger("fvcore").setLevel(logging.ERROR)
    found = fvcore.FlopCountAnalysis(model, x).unsupported_ops_warnings(False)
    return int(found.uncalled_modules_warnings(False).total())


def ptflops_count(model: nn.Module, x: torch.Tensor, backend: str = "pytorch") -> int:
    import ptflops  # which imports torchvision, so not before the shim

    changed = functional.interpolate, functional.upsample  # it forgets to put these back
    try:
        found, _ = ptflops.get_model_complexity_info(
            model, tuple(x.shape[1:]), print_per_layer_stat=False, as_strings=False, backend=backend
        )
    finally:
        functional.interpolate, functional.upsample = changed
    return found


def aten_count(model: nn.Module, x: torch.Tensor) -> int:
    return ptflops_count(model, x, "aten")


def torch_count(model: nn.Module, x: torch.Tensor) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    return counter.get_total_flops()


ORACLES = {
    "torchinfo": torchinfo_count,
    "fvcore": fvcore_count,
    "ptflops": ptflops_count,
    "ptflops, aten": aten_count,
    "torch": torch_count,
}


def ours(network: Graph) -> dict[str, int]:
    found = {count.convention.tool: count.total for count in counts(network)}
    assert found.pop("archlang") == network.macs
    return found


def theirs(model: nn.Module, network: Graph) -> dict[str, int]:
    x = torch.zeros(1, *network.nodes[network.inputs[0]].shape)
    return {tool: oracle(model.eval(), x) for tool, oracle in ORACLES.items()}


def named(*names: str, quick: set[str]) -> list[object]:
    return [n if n in quick else pytest.param(n, marks=pytest.mark.slow) for n in names]


@pytest.mark.parametrize("name", named(*TWINS, quick=QUICK))
def test_torchvision_models_are_counted_as_the_tools_do(name: str) -> None:
    network = graph(name)
    options = {"init_weights": False} if name == "GoogLeNet" else {}
    model = getattr(torchvision.models, TWINS[name])(**options)
    expected = ours(network)
    assert len(set(expected.values())) >= 4, "the tools count the same, so nothing is tested"
    if name in FUNCTIONS:
        (count,) = (c for c in counts(network) if c.convention.tool == "ptflops")
        expected["ptflops"] -= FUNCTIONS[name](count)
    assert theirs(model, network) == expected


@pytest.mark.parametrize(
    "name",
    named(
        "GoogLeNet", "DenseNet121", "LeNet5", "LeNet1998", "NIN", "ResNet20", "FractalNet",
        "AlexNet2012", "Highway", "UNet", "ZFNet", "PreActResNet50", "GoogLeNet2014",
        quick={"GoogLeNet", "LeNet1998", "ResNet20", "AlexNet2012", "Highway"},
    ),
)  # fmt: skip
def test_networks_of_the_zoo_are_counted_as_the_tools_do(name: str) -> None:
    network = graph(name, **({"H": 188, "W": 188} if name == "UNet" else {}))
    assert theirs(to_module(network), network) == ours(network)


def build(tmp_path: Path, shape: str, body: str) -> Graph:
    path = tmp_path / "net.arch"
    path.write_text(f"network Net:\n    input x: {shape}\n    {body}\n", encoding="utf-8")
    return graph(str(path))


# split gives several results, which a network cannot end in
@pytest.mark.parametrize("name", sorted(layers().keys() - {"split"}))
def test_every_layer_is_counted_as_the_tools_do(name: str, tmp_path: Path) -> None:
    layer = layers()[name]
    network = build(tmp_path, layer.example_input, layer.example)
    assert theirs(to_module(network), network) == ours(network)


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("8x12", "conv(4, 3) -> upconv(4) -> bn -> upsample(2)"),
        ("8x5x5x5", "conv(4, 3x3x3, groups=2) -> bn -> lrn(3) -> maxpool(2) -> upsample(2) -> gap"),
        ("84", "bn -> ln -> fc(10, bias=false) -> rbf(5, fixed=false)"),
        ("8x12x12", "bn(affine=false) -> bn(track=false) -> bn(track=false, affine=false)"),
        ("8x12x12", 'inorm(affine=true) -> gn(2, affine=false) -> ln(affine=false) -> ln("all")'),
        ("8x12x12", 'ln("all", affine=false) -> lrn(4) -> lppool(2)'),
        ("8x12", 'upsample(2, mode="linear") -> lrn(5) -> lppool(2)'),
        ("8x5x5", 'upsample(1.5, mode="bilinear") -> upsample([1.5, 1.0]) -> upsample(size=5)'),
        ("8x12x12", 'upsample(mode="area", size=4x4) -> upsample(2, mode="nearest-exact")'),
        ("8x12x12", 'conv(4, 3x3, padding_mode="reflect") -> prelu("each") -> relu6 -> silu'),
        ("8x12x12", "gelu -> elu -> leaky_relu -> softmax -> log_softmax"),
        ("8x9x9", "shared f = sepconv(8, 3x3)\n    x -> f -> f -> relu"),
        ("8x9x9", 'a = x -> maxpool(2)\n    1 - x + resize(mode="bilinear")∘a'),
    ],
)
def test_settings_are_counted_as_the_tools_do(shape: str, body: str, tmp_path: Path) -> None:
    network = build(tmp_path, shape, body)
    assert theirs(to_module(network), network) == ours(network)


def test_frozen_layers_are_counted_as_the_tools_do(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(
        "network Net:\n    input 3x8x8\n    a = conv(4, 3x3) -> bn -> relu\n    gap -> flatten\n"
        "    fc(2)\n\nnetwork Tuned from Net:\n    freeze a\n",
        encoding="utf-8",
    )
    network = graph(f"{path}:Tuned")
    assert theirs(to_module(network), network) == ours(network)


def test_what_runs_only_while_training_is_not_counted() -> None:
    with_heads, without = (counts(graph(name)) for name in ("GoogLeNet", "GoogLeNetInference"))
    assert [c.total for c in with_heads] == [c.total for c in without]


def test_kinds_of_layers_add_up() -> None:
    for count in counts(graph("GoogLeNet")):
        assert sum(count.kinds.values()) == count.total
        assert count.kinds["maxpool"] == 0 or count.convention.tool == "ptflops"
