"""Networks outside the zoo, written in the language alone, against torchvision's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision_shim import torchvision

from archlang.compiler import check, graph
from archlang.diagnostics.render.text import render_text
from archlang.graph import Graph, shapes
from archlang.ops.merging import Concat

FOLDER = Path(__file__).parent / "networks"
SPECS = sorted(FOLDER.glob("*.arch"))

# Network of tests/networks → the function of torchvision.models that makes the same.
TWINS = {
    "squeezenet:SqueezeNet10": "squeezenet1_0",
    "squeezenet:SqueezeNet11": "squeezenet1_1",
    "mobilenet:MobileNetV2": "mobilenet_v2",
    "mobilenet:MobileNetV3Small": "mobilenet_v3_small",
    "efficientnet:EfficientNetB0": "efficientnet_b0",
    "resnext:ResNeXt50": "resnext50_32x4d",
    "resnext:WideResNet50": "wide_resnet50_2",
    "shufflenet:ShuffleNetV2": "shufflenet_v2_x1_0",
    "convnext:ConvNeXtTiny": "convnext_tiny",
    "mnasnet:MnasNet10": "mnasnet1_0",
}


def built(address: str, **parameters: int) -> Graph:
    """A network of tests/networks: `squeezenet:SqueezeNet10`."""
    file, network = address.split(":")
    return graph(f"{FOLDER / file}.arch:{network}", **parameters)


def on_meta(make: Callable[[], nn.Module]) -> nn.Module:
    """A module without memory or random weights."""
    with torch.device("meta"):
        return make()


def sizes(module: nn.Module) -> list[int]:
    """The parameter counts of the modules that have any of their own, in order of size."""
    own = (sum(p.numel() for p in m.parameters(recurse=False)) for m in module.modules())
    return sorted(n for n in own if n)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_holds(path: Path) -> None:
    found = check(path)
    assert found == [], render_text(found)


@pytest.mark.parametrize(("address", "twin"), TWINS.items(), ids=TWINS.values())
def test_as_many_parameters_as_torchvision(address: str, twin: str) -> None:
    reference = on_meta(lambda: torchvision.models.get_model(twin, weights=None))
    network = built(address)
    assert network.params == sum(p.numel() for p in reference.parameters())


@pytest.mark.parametrize(("address", "twin"), TWINS.items(), ids=TWINS.values())
def test_layer_by_layer_as_large_as_torchvisions(address: str, twin: str) -> None:
    reference = on_meta(lambda: torchvision.models.get_model(twin, weights=None))
    network = built(address)
    own = sorted(n for node in network.owners if (n := node.op.params(*shapes(node))))
    assert own == sizes(reference)


@pytest.mark.parametrize(("address", "twin"), TWINS.items(), ids=TWINS.values())
def test_as_many_multiplications_as_torchvision(address: str, twin: str) -> None:
    reference = on_meta(lambda: torchvision.models.get_model(twin, weights=None)).eval()
    counted: list[int] = []

    def count(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        kernel = module.weight[0].numel() if isinstance(module, nn.Conv2d) else 0
        counted.append(output.numel() * (kernel or inputs[0].shape[-1]))

    for module in reference.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(count)
    reference(torch.empty(1, 3, 224, 224, device="meta"))
    network = built(address)
    scales = [n for n in network.nodes if n.op.params(*shapes(n)) == n.shape[0]]
    extra = sum(n.op.macs(*shapes(n)) for n in scales)  # ConvNeXt's layer scale, no product there
    assert network.macs - extra == sum(counted)


def test_feature_pyramid_has_torchvisions_parameters() -> None:
    from torchvision.ops import FeaturePyramidNetwork

    pyramid = on_meta(lambda: FeaturePyramidNetwork([256, 512, 1024, 2048], 256))
    backbone = on_meta(lambda: torchvision.models.resnet50(weights=None))
    backbone.fc = nn.Identity()
    network = built("fpn:FPN")
    assert network.params == sum(p.numel() for m in (pyramid, backbone) for p in m.parameters())
    maps = {o.name: o.tensor.shape for o in network.outputs}
    assert maps == {f"p{i}": (256, 224 >> i, 224 >> i) for i in range(2, 6)}


def test_feature_pyramid_takes_sizes_that_do_not_halve() -> None:
    maps = [o.tensor.shape[1:] for o in built("fpn:FPN", H=200, W=333).outputs]
    assert maps == [(50, 84), (25, 42), (13, 21), (7, 11)]


def test_nodes_of_unetpp_join_their_whole_row() -> None:
    """Node X(i, j) of the paper sees j maps of its row and one from below."""
    network = built("unetpp:UNetPlusPlus")
    assert network.outputs[0].tensor.shape == (1, 96, 96)
    for i in range(5):
        for j in range(5 - i):
            first = next(n for n in network.nodes if n.path == f"e{i}.{j}.conv1")
            width, below = 32 << i, 64 << i
            came_in = first.inputs[0].shape[0]
            assert came_in == (j * width + below if j else width // 2 if i else 3)
    assert sum(isinstance(n.op, Concat) for n in network.nodes) == 20


def test_towers_of_the_siamese_share_their_parameters() -> None:
    network = built("siamese:Siamese")
    assert len(network.inputs) == 2
    convolutions = [n for n in network.nodes if n.op.name == "conv"]
    assert len(convolutions) == 8
    assert len({n.path for n in convolutions}) == 4
    assert network.params == 38_951_745  # as counted for the network of the paper


def test_squeeze_and_excitation_costs_two_small_layers_a_unit() -> None:
    plain = on_meta(lambda: torchvision.models.resnet50(weights=None))
    units = [m.conv3.out_channels for m in plain.modules() if hasattr(m, "conv3")]
    cost = sum(2 * n * (n // 16) + n // 16 + n for n in units)
    params = sum(p.numel() for p in plain.parameters())
    assert built("resnext:SEResNet50").params == params + cost
