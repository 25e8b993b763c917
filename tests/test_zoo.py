"""The zoo: every spec holds, and every published figure is met exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archlang.compiler import check, check_text, graph
from archlang.diagnostics.render.text import render_text
from archlang.graph import Graph, shapes
from archlang.zoo import zoo, zoo_folder

SPECS = sorted(zoo_folder().glob("*.arch"))
FIGURES = Path(__file__).parent / "data" / "architectures.json"

# Entry of architectures.json → the network of the zoo, with the parameters that make it that one.
NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "alexnet": ("AlexNet", {}),
    "vgg11": ("VGG11", {}),
    "vgg11_bn": ("VGG11BN", {}),
    "vgg13": ("VGG13", {}),
    "vgg13_bn": ("VGG13BN", {}),
    "vgg16": ("VGG16", {}),
    "vgg16_bn": ("VGG16BN", {}),
    "vgg19": ("VGG19", {}),
    "vgg19_bn": ("VGG19BN", {}),
    "googlenet": ("GoogLeNet", {}),
    "resnet18": ("ResNet18", {}),
    "resnet34": ("ResNet34", {}),
    "resnet50": ("ResNet50", {}),
    "resnet101": ("ResNet101", {}),
    "resnet152": ("ResNet152", {}),
    "densenet121": ("DenseNet121", {}),
    "densenet161": ("DenseNet161", {}),
    "densenet169": ("DenseNet169", {}),
    "densenet201": ("DenseNet201", {}),
    "lenet5 modern dense, 1x32x32": ("LeNet5", {}),
    "lenet5 1998, sparse C3 and trainable subsampling (trainable parameters)": ("LeNet1998", {}),
    "alexnet two groups, 3x227x227": ("AlexNet2012", {}),
    "alexnet one group, 3x227x227": ("AlexNetOneGroup", {}),
    "zfnet, 3x224x224": ("ZFNet", {}),
    "googlenet true 5x5, biases, no batch norm": ("GoogLeNet2014", {"aux": False}),
    "googlenet true 5x5, biases, no batch norm, with auxiliary classifiers": ("GoogLeNet2014", {}),
    "resnet50 v1 (stride in the first 1x1)": ("ResNet50v1", {}),
    "resnet101 v1": ("ResNet101v1", {}),
    "resnet152 v1": ("ResNet152v1", {}),
    "unet, 1x572x572 -> 2x388x388": ("UNet", {}),
    "unet padded with batch norm, 3 -> 2 channels": ("UNetPadded", {}),
    "cifar resnet option A, depth 20": ("ResNet20", {}),
    "cifar resnet option A, depth 32": ("ResNet32", {}),
    "cifar resnet option A, depth 44": ("ResNet44", {}),
    "cifar resnet option A, depth 56": ("ResNet56", {}),
    "cifar resnet option A, depth 110": ("ResNet110", {}),
    "cifar resnet option A, depth 1202": ("ResNet1202", {}),
    "cifar densenet L=40 k=12": ("DenseNet40k12", {}),
    "cifar densenet-bc L=100 k=12": ("DenseNetBC100k12", {}),
    "cifar densenet-bc L=250 k=24": ("DenseNetBC250k24", {}),
    "cifar densenet-bc L=190 k=40": ("DenseNetBC190k40", {}),
    "nin cifar-10": ("NIN", {}),
}

# What the language promises to hold, whatever else the zoo may have.
PROMISED = """
    LeNet5 LeNet1998 AlexNet AlexNet2012 ZFNet VGG11 VGG13 VGG16 VGG19 VGG11BN VGG13BN VGG16BN
    VGG19BN GoogLeNet GoogLeNet2014 Plain18 Plain34 ResNet18 ResNet34 ResNet50 ResNet101 ResNet152
    ResNet34A ResNet34C ResNet50v1 ResNet101v1 ResNet152v1 PreActResNet18 Plain20 Plain56 ResNet20
    ResNet32 ResNet44 ResNet56 ResNet110 ResNet1202 UNet UNetPadded DenseNet121 DenseNet161
    DenseNet169 DenseNet201 DenseNet40k12 DenseNetBC100k12 Chain SkipChain Highway FractalNet NIN
"""


def figures() -> dict[str, dict[str, Any]]:
    """Every entry of architectures.json by its name."""
    document = json.loads(FIGURES.read_text(encoding="utf-8"))
    groups = [group for group in document.values() if isinstance(group, dict)]
    return {name: entry for group in groups for name, entry in group.items()}


def ready() -> list[str]:
    """The networks that can be built without setting a parameter."""
    return [name for name in zoo() if name not in GENERAL]


GENERAL = {"ResNet", "PreActResNet", "ResNetCifar", "VGG", "Inceptions", "DenseNet", "DenseCifar"}
"""Networks that others are made from."""


def built(name: str, **parameters: Any) -> Graph:
    """A network of the zoo."""
    return graph(f"{zoo()[name]}:{name}", **parameters)


def test_every_promised_network_is_there() -> None:
    assert sorted(set(PROMISED.split()) - set(zoo())) == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_holds(path: Path) -> None:
    found = check(path)
    assert found == [], render_text(found)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_names_its_paper(path: Path) -> None:
    comments = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    assert any(year in " ".join(comments) for year in map(str, range(1980, 2030)))


def test_every_figure_is_mapped() -> None:
    assert set(NAMES) == set(figures())


@pytest.mark.parametrize("entry", figures())
def test_figure_is_met(entry: str) -> None:
    name, parameters = NAMES[entry]
    network = built(name, **parameters)
    figure = figures()[entry]
    assert network.params == figure["params"]
    if "macs" in figure:
        assert network.macs == figure["macs"]
    if "input" in figure:
        assert network.nodes[network.inputs[0]].shape == tuple(figure["input"])


def test_googlenet_without_its_auxiliary_classifiers() -> None:
    assert built("GoogLeNet", aux=False).params == 6_624_904


@pytest.mark.parametrize("name", ready())
def test_paths_are_unique(name: str) -> None:
    network = built(name)
    owners: dict[str, int] = {}
    for node in network.nodes:
        first = owners.setdefault(node.path, node.id)
        same = network.nodes[first]
        # only `shared` puts two nodes at one path, and then both use the same parameters
        assert first == node.id or (same.op is node.op and shapes(same) == shapes(node)), node.path
    weighted = [n.path for n in network.owners if n.op.params(*shapes(n))]
    inner = [p for p in weighted if any(q.startswith(f"{p}.") for q in weighted)]
    assert inner == []


@pytest.mark.parametrize("name", ["ResNet50", "VGG16", "GoogLeNet", "DenseNet121", "AlexNet"])
def test_classes_can_be_set(name: str) -> None:
    assert built(name, classes=10).outputs[0].tensor.shape == (10,)


@pytest.mark.parametrize("name", ["ResNet18", "PreActResNet18", "GoogLeNet", "DenseNet121"])
def test_input_can_be_set(name: str) -> None:
    network = built(name, channels=1, size=96)
    assert network.nodes[network.inputs[0]].shape == (1, 96, 96)
    assert network.outputs[0].tensor.shape == (1000,)


@pytest.mark.parametrize(("size", "out"), [(572, 388), (188, 4), (700, 516)])
def test_unet_takes_other_sizes(size: int, out: int) -> None:
    assert built("UNet", H=size, W=size).outputs[0].tensor.shape == (2, out, out)


@pytest.mark.parametrize("size", [16, 64, 208])
def test_padded_unet_gives_a_map_as_large_as_its_image(size: int) -> None:
    shape = built("UNetPadded", H=size, W=size).outputs[0].tensor.shape
    assert shape == (2, size, size)


@pytest.mark.parametrize("length", [1, 3, 100])
@pytest.mark.parametrize("name", ["Chain", "SkipChain"])
def test_chain_has_one_weight_a_layer(name: str, length: int) -> None:
    network = built(name, L=length)
    assert network.params == network.depth == length + 1


def test_auxiliary_outputs_are_there_only_with_their_classifiers() -> None:
    auxiliary = {
        name: [o.name for o in built(name).outputs if o.training]
        for name in ("GoogLeNet", "GoogLeNetInference", "ResNet18")
    }
    assert auxiliary == {
        "GoogLeNet": ["aux1", "aux2"],
        "GoogLeNetInference": [],
        "ResNet18": [],
    }


@pytest.mark.parametrize(
    ("spec", "right", "wrong"),
    [
        ("resnet", "conv(4 * C, 1x1)", "conv(2 * C, 1x1)"),
        ("vgg", "[2, 2, 3, 3, 3]", "[2, 2, 3, 3, 4]"),
        ("googlenet", "inception4c = Module(128,", "inception4c = Module(129,"),
        ("densenet", "assert params == 7_978_856", "assert params == 7_978_857"),
        ("lenet", "[0, 1, 2, 3, 4, 5]", "[0, 1, 2, 3, 4]"),
        ("unet", "upconv(64)", "upconv(65)"),
        ("nin", "160, 96)", "160, 97)"),
    ],
)
def test_canary_one_changed_number_fails_an_assertion(spec: str, right: str, wrong: str) -> None:
    text = (zoo_folder() / f"{spec}.arch").read_text("utf-8")
    assert right in text
    assert "E0510" in {d.code for d in check_text(text.replace(right, wrong, 1))}
