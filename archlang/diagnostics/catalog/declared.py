"""E07: what a spec says of weights: where they come from, and how they are made to fit."""

from __future__ import annotations

from archlang.diagnostics.model import Problem


class CannotAdapt(Problem):
    """`adapt` for something whose weights cannot be made to fit.

    `adapt` makes the filters of a convolution fit another number of input channels, or keeps the
    weights of a layer that was replaced (`keep`). What has no weights, or is made of several
    layers, cannot be adapted; name the layers in it.

    Wrong:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> relu -> gap -> flatten -> fc(10)

        network N from Base:
            input 1x8x8
            adapt relu1: sum

    Right:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> relu -> gap -> flatten -> fc(10)

        network N from Base:
            input 1x8x8
            adapt conv1: sum
    """

    code = "E0705"
    path: str
    what: str
    """What is there instead: `relu has no weights`."""

    def message(self) -> str:
        return f"the weights of {self.path!r} cannot be adapted: {self.what}"

    def help(self) -> str:
        return "name a convolution, such as conv1; archlang summary lists the paths"


class BadDeclaration(Problem):
    """A `weights` line in a form that there is not.

    A network names the weights that were trained for it by torchvision's name for them, or by an
    address with the hash of the file behind it. Nothing is loaded unless somebody asks for it:
    `archlang.load(…, weights="DEFAULT")`. A spec never names a file on a disk.

    Wrong:
        use ResNet50 from "zoo/resnet.arch"

        network N from ResNet50:
            weights timm "resnet50.a1_in1k"

    Right:
        use ResNet50 from "zoo/resnet.arch"

        network N from ResNet50:
            weights torchvision "ResNet50_Weights.IMAGENET1K_V2"
    """

    code = "E0721"
    written: str
    kind: str
    suggestion: str | None = None
    name: bool = False
    """Whether a name of torchvision's was to be read."""

    def message(self) -> str:
        if self.kind:
            return f"{self.kind!r} is no source of weights"
        if self.name:
            return f"{self.written!r} is no name of weights"
        return f"{self.written!r} is no address of weights"

    def notes(self) -> tuple[str, ...]:
        return (
            'there are: weights torchvision "ResNet50_Weights.IMAGENET1K_V2"',
            'and: weights "https://…/net.safetensors#sha256=…"',
        )

    def help(self) -> str:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        if self.kind or self.name or "/" in self.written or self.written.startswith("."):
            return "a file is given to archlang.load(…, weights=…), or to --weights"
        if "." in self.written and "/" not in self.written:
            return f'for torchvision\'s weights write: weights torchvision "{self.written}"'
        return "an address begins with https://"


class DeclaredTwice(Problem):
    """A network that declares its weights more than once, or not among its own lines.

    `weights` belongs at the top level of a network's body, once.

    Wrong:
        use ResNet50 from "zoo/resnet.arch"

        network N from ResNet50:
            weights torchvision "ResNet50_Weights.IMAGENET1K_V1"
            weights torchvision "ResNet50_Weights.IMAGENET1K_V2"

    Right:
        use ResNet50 from "zoo/resnet.arch"

        network N from ResNet50:
            weights torchvision "ResNet50_Weights.IMAGENET1K_V2"
    """

    code = "E0722"
    network: str

    def message(self) -> str:
        return f"{self.network} declares its weights a second time"

    def help(self) -> str:
        return "keep one line; others can be given to archlang.load(…, weights=…)"


class UnknownWay(Problem):
    """A way to adapt weights that there is not.

    Wrong:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> gap -> flatten -> fc(10)

        network N from Base:
            input 1x8x8
            adapt conv1: average

    Right:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> gap -> flatten -> fc(10)

        network N from Base:
            input 1x8x8
            adapt conv1: mean
    """

    code = "E0723"
    name: str
    suggestion: str | None
    known: tuple[str, ...]

    def message(self) -> str:
        return f"there is no way {self.name!r} to adapt weights"

    def notes(self) -> tuple[str, ...]:
        return (f"there are: {', '.join(self.known)}",)

    def help(self) -> str:
        return f"did you mean {self.suggestion}?" if self.suggestion else "see docs/weights.md"
