"""E086: what a summary cannot count or measure of a network."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.diagnostics.model import Problem


@dataclass(frozen=True)
class BatchOfOne(Problem):
    """A batch norm sees one number for each channel, which has no spread to normalise by.

    While training, a batch norm normalises by the statistics of the batch. Behind a global pooling
    or a fully connected layer, a batch of one sample leaves it a single number for each channel;
    torch refuses to train so, and there is nothing to measure.

    Wrong (shown in words):
        archlang summary net.arch --batch 1
        The network ends in `gap -> flatten`, `fc(64) -> bn -> relu`, `fc(10)`.

    Right (shown in words):
        archlang summary net.arch --batch 2
    """

    code = "E0861"
    layer: str

    def message(self) -> str:
        return f"{self.layer} cannot train on a batch of one sample"

    def label(self) -> str:
        return "normalises one number for each channel"

    def help(self) -> str:
        return "use --batch 2 or more"


@dataclass(frozen=True)
class NotMeasurable(Problem):
    """The memory of a network cannot be measured without running it on data.

    `summary --batch` runs the network on torch's meta device, where tensors have shapes but no
    numbers. A layer of a package of yours that looks at the numbers (`.item()`, a mask, an `if` on
    a tensor) cannot run there; nor can a batch so large that its sizes overflow.

    Wrong (shown in words):
        archlang summary my_net.arch --batch 32
        One of its layers ends in `x[x > 0]`.

    Right (shown in words):
        archlang summary my_net.arch
        Everything but the memory needs no run.
    """

    code = "E0862"
    layer: str
    batch: int
    reason: str
    """What torch says of it."""

    def message(self) -> str:
        return f"cannot measure the memory of {self.layer} for a batch of {self.batch:,}"

    def label(self) -> str:
        return "torch cannot run it without data"

    def notes(self) -> tuple[str, ...]:
        return (f"torch says: {self.reason}",)

    def help(self) -> str:
        return "leave out --batch, or make it smaller"
