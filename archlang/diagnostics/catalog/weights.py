"""E07: weights that do not fit the network they are loaded into."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.diagnostics.model import Problem

_SHOWN = 4
"""How many keys a message lists of each kind."""


@dataclass(frozen=True)
class KeysDiffer(Problem):
    """The names in a state_dict are not those of the network's parameters.

    Weights are loaded whole or not at all: every parameter of the network must be there under its
    name, and nothing else. The names are the network's own, as `state_dict()` of the loaded module
    gives them, or torchvision's, for the networks of the zoo that torchvision has too.

    Wrong (shown in words):
        archlang.load("ResNet18", weights=torchvision.models.resnet50().state_dict())
        The units of a ResNet18 have two convolutions, those of a ResNet50 three.

    Right (shown in words):
        archlang.load("ResNet18", weights=torchvision.models.resnet18().state_dict())
    """

    code = "E0701"
    network: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    keys: str = "its own"
    """Whose names were expected: "its own" or "torchvision's"."""
    wrapped: str = ""
    """What all keys begin with, or the key that holds the weights, if that is all that is wrong."""

    def message(self) -> str:
        return f"the weights are not those of {self.network}: their names differ"

    def label(self) -> str:
        if not self.missing:
            return f"lacks {len(self.unexpected)} of what the weights hold"
        return f"has {len(self.missing)} parameters and buffers that the weights lack"

    def notes(self) -> tuple[str, ...]:
        listed = (("missing", self.missing), ("not in the network", self.unexpected))
        facts = [f"{what}: {_some(keys)}" for what, keys in listed if keys]
        return (*facts, f"compared with {self.keys} names")

    def help(self) -> str:
        if self.wrapped.endswith("."):
            return f"every name begins with {self.wrapped!r}: take that off"
        if self.wrapped:
            return f"the weights lie under {self.wrapped!r}: pass what it holds"
        return (
            "pass a state_dict of the same network, built with the same parameters "
            "(classes=…, for instance)"
        )


@dataclass(frozen=True)
class ShapesDiffer(Problem):
    """A weight has another shape than the parameter it is meant for.

    The names fit, so it is the same kind of network, but it was built with other parameters:
    another number of classes, most often. Nothing is loaded then.

    Wrong (shown in words):
        archlang.load("ResNet18", classes=10, weights=torchvision.models.resnet18().state_dict())
        The weights are those of 1000 classes.

    Right (shown in words):
        model = archlang.load("ResNet18", weights=torchvision.models.resnet18().state_dict())
        model.fc1 = torch.nn.Linear(512, 10)
    """

    code = "E0702"
    key: str
    got: tuple[int, ...]
    want: tuple[int, ...]
    others: tuple[str, ...] = ()
    """Further keys whose shapes differ."""

    def message(self) -> str:
        got, want = _shape(self.got), _shape(self.want)
        return f"the weight {self.key!r} is {got}, but the network's is {want}"

    def label(self) -> str:
        return f"its {self.key} is {_shape(self.want)}"

    def notes(self) -> tuple[str, ...]:
        return (f"other shapes too: {_some(self.others)}",) if self.others else ()

    def help(self) -> str:
        return (
            "build the network as the weights were made (classes=…, for instance), load them, and "
            "then put a new layer in the place of the one that differs"
        )


@dataclass(frozen=True)
class NoTensors(Problem):
    """A state_dict with values that are no numbers to load.

    Every value must be a tensor that has data. What was built on the device `meta` has shapes
    alone, so its state_dict cannot be loaded into a network that is to compute.

    Wrong (shown in words):
        with torch.device("meta"):
            reference = torchvision.models.resnet18()
        archlang.load("ResNet18", weights=reference.state_dict())

    Right (shown in words):
        reference = torchvision.models.resnet18()
        archlang.load("ResNet18", weights=reference.state_dict())
    """

    code = "E0703"
    key: str
    what: str

    def message(self) -> str:
        return f"the weight {self.key!r} is {self.what}"

    def label(self) -> str:
        return "needs tensors with data"

    def help(self) -> str:
        return "pass a state_dict whose values are tensors with data"


def _some(keys: tuple[str, ...]) -> str:
    shown = ", ".join(keys[:_SHOWN])
    return f"{shown}, and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else shown


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "a single number"
