"""E07: values in a checkpoint that are no numbers to load."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.diagnostics.model import Problem


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
        return (
            "cannot take it" if self.what.startswith("of the type") else "needs tensors with data"
        )

    def help(self) -> str:
        if self.what.startswith("of the type"):
            return "convert it first: state[name] = state[name].to(…)"
        return "pass a state_dict whose values are tensors with data"


@dataclass(frozen=True)
class NotFinite(Problem):
    """Weights that are no numbers: NaN, or infinity.

    A network with one such weight gives NaN for everything, so nothing is loaded. They come from a
    training that diverged, or from a file that was damaged.

    Wrong (shown in words):
        state = torch.load("diverged.pth", weights_only=True)
        archlang.load("ResNet18", weights=state)

    Right (shown in words):
        archlang.load("ResNet18", weights="epoch_12.pth")
        A checkpoint from before the loss became NaN.
    """

    code = "E0706"
    key: str
    bad: int
    all: int
    dtype: str = ""
    """The type in which they would be loaded, if that is what makes them infinite."""

    def message(self) -> str:
        verb = "is" if self.bad == 1 else "are"
        if self.dtype:
            what = f"{self.bad:,} of {self.all:,} values of {self.key!r}"
            return f"{what} {verb} too great for {self.dtype}"
        return (
            f"in the weight {self.key!r} {self.bad:,} of {self.all:,} values {verb} NaN or infinite"
        )

    def label(self) -> str:
        return "would give NaN for every input"

    def help(self) -> str:
        if self.dtype:
            return "load them in a wider type: dtype=torch.float32, or bfloat16"
        return "take an earlier checkpoint, or fetch the file anew"
