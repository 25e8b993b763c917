"""How torchvision names the layers of the networks that it and the zoo both have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from archlang.graph import Graph, Node, shapes
from archlang.ops.activation import Identity

COUNTERPARTS: Mapping[str, str] = MappingProxyType(
    {
        "AlexNet": "alexnet",
        **{f"VGG{n}": f"vgg{n}" for n in (11, 13, 16, 19)},
        **{f"VGG{n}BN": f"vgg{n}_bn" for n in (11, 13, 16, 19)},
        "GoogLeNet": "googlenet",
        "GoogLeNetInference": "googlenet",
        **{f"ResNet{n}": f"resnet{n}" for n in (18, 34, 50, 101, 152)},
        **{f"DenseNet{n}": f"densenet{n}" for n in (121, 161, 169, 201)},
    }
)
"""Networks of the zoo and the functions of `torchvision.models` that build the same."""

NOTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "googlenet": (
            "made for images normalised with mean 0.5 and deviation 0.5 in each channel; "
            "torchvision's own network changes over from ImageNet's mean and deviation by itself",
        )
    }
)
"""What has to be known to use the weights of a function of `torchvision.models`."""

Rule: TypeAlias = tuple[str, str | Callable[[re.Match[str]], str]]
"""A pattern for the whole of our path, and what torchvision writes for it."""


def _dense_layer(path: re.Match[str]) -> str:
    """torchvision counts the layers of a dense block from 1."""
    block, layer, kind, number = path.groups()
    name = "norm" if kind == "bn" else "conv"
    return f"features.denseblock{block}.denselayer{int(layer) + 1}.{name}{number}"


def _inception_branch(path: re.Match[str]) -> str:
    """Our six convolutions stand in four branches; the fourth begins with a pool."""
    module, number, kind = path.groups()
    branch = ("1", "2.0", "2.1", "3.0", "3.1", "4.1")[int(number) - 1]
    return f"{module}.branch{branch}.{kind}"


_RESNET: tuple[Rule, ...] = (
    (r"(layer\d\.\d+)\.project1\.conv1", r"\1.downsample.0"),
    (r"(layer\d\.\d+)\.project1\.bn1", r"\1.downsample.1"),
    (r"(layer\d\.\d+\.)?(conv|bn)\d", r"\g<0>"),
    (r"fc1", "fc"),
)
_DENSENET: tuple[Rule, ...] = (
    (r"conv1", "features.conv0"),
    (r"bn1", "features.norm0"),
    (r"denseblock(\d)\.dense1\.(\d+)\.(conv|bn)(\d)", _dense_layer),
    (r"(transition\d)\.bn1", r"features.\1.norm"),
    (r"(transition\d)\.conv1", r"features.\1.conv"),
    (r"bn2", "features.norm5"),
    (r"fc1", "classifier"),
)
_GOOGLENET: tuple[Rule, ...] = (
    (r"(conv\d)\.(conv|bn)1", r"\1.\2"),
    (r"(inception\d[a-e])\.basic_conv([1-6])\.(conv|bn)1", _inception_branch),
    (r"(aux\d)\.basic_conv1\.(conv|bn)1", r"\1.conv.\2"),
    (r"aux\d\.fc\d", r"\g<0>"),
    (r"fc1", "fc"),
)
_RULES = {"resnet": _RESNET, "densenet": _DENSENET, "googlenet": _GOOGLENET}


_OLD_DENSE = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")


def current_name(name: str) -> str:
    """The name that torchvision has for a tensor today.

    The files of its DenseNets are older than its names: `denselayer1.norm.1` is `norm1` now.
    """
    return _OLD_DENSE.sub(r"\1\2.", name)


def key_map(graph: Graph, builder: str | None = None) -> dict[str, str] | None:
    """For each layer with weights its path in the network, and its path in torchvision's.

    The names behind the paths (`weight`, `running_mean`) are the same in both. No two layers have
    one name.

    Args:
        graph: the network.
        builder: the function of `torchvision.models` that builds the same; by default the one of
            the zoo's network of that name.

    Returns:
        None for a network that torchvision does not have, or that is built in another way than
        torchvision's (with the zoo's name, but a spec of its own).
    """
    counterpart = builder or COUNTERPARTS.get(graph.name)
    if counterpart is None:
        return None
    rules = _RULES.get(counterpart.rstrip("0123456789"))
    pairs = list(_counted(graph) if rules is None else _renamed(graph, rules))
    ours, theirs = {a for a, _ in pairs}, {b for _, b in pairs}
    if "" in theirs or not len(ours) == len(theirs) == len(pairs):
        return None
    return dict(pairs)


def _renamed(graph: Graph, rules: tuple[Rule, ...]) -> Iterator[tuple[str, str]]:
    """Each path by the first rule that fits it; an empty name where none does."""
    for node in filter(_has_weights, graph.owners):
        matches = ((re.fullmatch(pattern, node.path), name) for pattern, name in rules)
        found = next(((match, name) for match, name in matches if match), None)
        if found is None:
            yield node.path, ""
        else:
            match, name = found
            yield node.path, name(match) if callable(name) else match.expand(name)


def _counted(graph: Graph) -> Iterator[tuple[str, str]]:
    """AlexNet and VGG are two runs of layers, which torchvision counts, weights or not.

    All up to the last pool are the `features`, and what follows the flattening is the `classifier`.
    """
    layers = [n for n in graph.nodes if n.role == "layer" and not isinstance(n.op, Identity)]
    flat = next((i for i, n in enumerate(layers) if n.op.name == "flatten"), len(layers))
    runs = {"features": layers[:flat], "classifier": layers[flat + 1 :]}
    for name, run in runs.items():
        for i, node in enumerate(run):
            if _has_weights(node):
                yield node.path, f"{name}.{i}"


def _has_weights(node: Node) -> bool:
    return node.op.params(*shapes(node)) > 0
