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
    bases: tuple[str, ...] = ()
    """The networks whose weights would do, where there are several."""

    def message(self) -> str:
        return f"the weights are not those of {self.network}: their names differ"

    def label(self) -> str:
        if not self.missing:
            return f"lacks {len(self.unexpected)} of what the weights hold"
        return f"has {len(self.missing)} parameters and buffers that the weights lack"

    def notes(self) -> tuple[str, ...]:
        listed = (("missing", self.missing), ("not in the network", self.unexpected))
        facts = [f"{what}: {_some(keys)}" for what, keys in listed if keys]
        whose = f"weights of {' or '.join(self.bases)} would do" if self.bases else ""
        return (*facts, f"compared with {self.keys} names", *([whose] if whose else []))

    def help(self) -> str:
        if self.wrapped.endswith("."):
            prefix = f'"{self.wrapped}"'
            return (
                f"every name begins with {self.wrapped!r}: take that off, "
                f"{{k.removeprefix({prefix}): v for k, v in state.items()}}"
            )
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
    another number of classes, most often. Nothing is loaded then. A derived network says what may
    differ, and keeps all that fits.

    Wrong (shown in words):
        archlang.load("ResNet18", classes=10, weights=torchvision.models.resnet18().state_dict())
        The weights are those of 1000 classes.

    Right (shown in words):
        use ResNet18 from "zoo/resnet.arch"
        network Mine from ResNet18(classes=10)

        archlang.load("mine.arch", weights=torchvision.models.resnet18().state_dict())
    """

    code = "E0702"
    key: str
    got: tuple[int, ...]
    want: tuple[int, ...]
    others: tuple[str, ...] = ()
    """Further keys whose shapes differ."""
    network: str = "Base"
    """The network that the weights come closest to."""
    derived: bool = False
    """Whether it is the base of a derived network."""

    def message(self) -> str:
        got, want = _shape(self.got), _shape(self.want)
        return f"the weight {self.key!r} is {got}, but the network's is {want}"

    def label(self) -> str:
        return f"its {self.key} is {_shape(self.want)}"

    def notes(self) -> tuple[str, ...]:
        return (f"other shapes too: {_some(self.others)}",) if self.others else ()

    def help(self) -> str:
        if self.derived:
            return (
                f"derive from {self.network} with the parameters that the weights were made with, "
                "and replace what shall differ"
            )
        return (
            f"to keep what fits, say in a spec what may differ: network Mine from {self.network}"
            "(classes=…), or a replace line in it"
        )


@dataclass(frozen=True)
class NotAskedFor(Problem):
    """A tensor of a derived network has another shape than its base's, and no line asks for it.

    What a derived network changes is freshly initialised, because it says so. A shape that only
    follows from something else (another input, another layer before) would make weights useless
    that nobody meant to give up; so it must be said what becomes of them.

    Wrong (shown in words):
        network Grey from ResNet18:
            input 1x224x224
        The filters of conv1 are for three channels.

    Right (shown in words):
        network Grey from ResNet18:
            input 1x224x224
            adapt conv1: sum
    """

    code = "E0704"
    key: str
    got: tuple[int, ...]
    want: tuple[int, ...]
    network: str
    base: str
    path: str
    channels: bool = False
    """Whether only the number of input channels of a convolution differs."""

    def message(self) -> str:
        got, want = _shape(self.got), _shape(self.want)
        return f"{self.key!r} is {want} in {self.network}, but {got} in the weights of {self.base}"

    def label(self) -> str:
        return "no line here says what becomes of these weights"

    def help(self) -> str:
        if self.channels:
            return (
                f"write  adapt {self.path}: sum  to add up the filters (or mean, repeat, pad), or "
                f"replace {self.path}: …  to begin anew"
            )
        return f"write  replace {self.path}: …  with the layer that shall be learned anew"


@dataclass(frozen=True)
class CannotFit(Problem):
    """`adapt` for weights that this way cannot make fit.

    `sum`, `mean`, `repeat` and `pad` change the number of input channels of a convolution and
    nothing else; `pad` only adds channels. `keep` changes nothing.

    Wrong (shown in words):
        network Small from ResNet18:
            replace conv1: conv(64, 3x3, bias=false)
            adapt conv1: sum
        The filters of the base are 7x7.

    Right (shown in words):
        network Small from ResNet18:
            replace conv1: conv(64, 3x3, bias=false)
    """

    code = "E0724"
    key: str
    how: str
    got: tuple[int, ...] | None
    """The base's; None where the base has nothing there."""
    want: tuple[int, ...]

    def message(self) -> str:
        if self.got is None:
            return f"{self.how} has nothing to make {self.key!r} of: the base has no such weights"
        return f"{self.how} cannot make {_shape(self.got)} fit {self.key!r}, {_shape(self.want)}"

    def label(self) -> str:
        return f"its {self.key} is {_shape(self.want)}"

    def help(self) -> str:
        if self.how == "pad" and self.got and self.got[2:] == self.want[2:]:
            return "pad only adds channels; sum, mean and repeat also take some away"
        return "leave out the adapt line, if the layer shall be learned anew"


@dataclass(frozen=True)
class NothingFits(Problem):
    """Weights of the base of which a derived network has no use at all.

    Every tensor is replaced, or has another shape by an argument of the derivation, so all of the
    network would be freshly initialised. That cannot be meant.

    Wrong (shown in words):
        network Wide from Small(width=64)

        archlang.load("wide.arch", weights="small.pth")
        In Small, every layer is as wide as `width`, and the weights are for 32.

    Right (shown in words):
        archlang.load("wide.arch")
    """

    code = "E0726"
    network: str
    base: str

    def message(self) -> str:
        return f"no tensor of these weights of {self.base} fits {self.network}"

    def label(self) -> str:
        return "all of it would be freshly initialised"

    def help(self) -> str:
        return (
            "load it without weights, or derive with the parameters that the weights were made with"
        )


@dataclass(frozen=True)
class Whose(Problem):
    """Weights that could be of a derived network itself or of its base, and it matters which.

    Both have the same names and shapes. If the weights are the base's, then what the derived
    network replaces is freshly initialised; if they are its own, all of them are loaded. A file
    written by `archlang.save` says whose they are; a `state_dict` does not.

    Wrong (shown in words):
        network Base: …
        network Mine from Base:
            replace fc1: fc(10)

        archlang.load("net.arch:Mine", weights=base.state_dict())

    Right (shown in words):
        archlang.load("net.arch:Mine", weights=base.state_dict(), weights_of="Base")
    """

    code = "E0725"
    network: str
    networks: tuple[str, ...]
    said: str = ""

    def message(self) -> str:
        if self.said:
            return f"these are no weights of {self.said}"
        return f"are these the weights of {' or of '.join(self.networks)}?"

    def notes(self) -> tuple[str, ...]:
        if self.said:
            return (f"they fit {' and '.join(self.networks)}",)
        return ("their names and shapes fit each, but not the same tensors would be new",)

    def help(self) -> str:
        name = self.networks[-1]
        return f'say it: archlang.load(…, weights_of="{name}"), or --weights-of {name}'


def _some(keys: tuple[str, ...]) -> str:
    shown = ", ".join(keys[:_SHOWN])
    return f"{shown}, and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else shown


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "a single number"
