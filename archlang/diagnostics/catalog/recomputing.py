"""E0905: a training step that does not fit into memory."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.diagnostics.model import Problem
from archlang.sizes_of_memory import bytes_text


@dataclass(frozen=True)
class OverBudget(Problem):
    """A training step that needs more memory than it may take, whatever is computed again.

    `train_memory` is what parameters, gradients, the batch and all that the backward pass needs
    may take at one time. Layers can run again in the backward pass so that their results need not
    be kept, but what is left must fit: the parameters and their gradients do not get smaller, and
    the inputs of what runs again have to be kept.

    Wrong (shown in words):
        archlang.load("DenseNet121", optimize="training", train_memory="1GB", batch=256)
        The results of 256 images that have to be kept take more than that.

    Right (shown in words):
        archlang.load("DenseNet121", optimize="training", train_memory="1GB", batch=16)
    """

    code = "E0905"
    network: str
    budget: int
    batch: int
    plain: int
    """The bytes that are needed where nothing is computed again."""
    least: int
    """The fewest bytes that it can be done with."""
    parameters: int
    """Of these the parameters, buffers and gradients, which do not depend on the batch."""
    fits: int = 0
    """The largest batch that would fit; 0 for none."""

    def message(self) -> str:
        return (
            f"a training step of {self.network} with {_samples(self.batch)} does not fit into "
            f"{bytes_text(self.budget)}"
        )

    def label(self) -> str:
        return f"needs at least {bytes_text(self.least)}"

    def notes(self) -> tuple[str, ...]:
        return (
            f"without computing anything again it takes {bytes_text(self.plain)}",
            f"parameters, buffers and gradients alone take {bytes_text(self.parameters)}, "
            "whatever the batch",
        )

    def help(self) -> str:
        if self.fits:
            return f"{_samples(self.fits)} at once would fit: batch={self.fits}"
        if self.parameters >= self.budget:
            return "no batch is small enough: its parameters have to be divided over devices"
        return "no batch that it can be trained with is small enough: allow it more memory"


def _samples(number: int) -> str:
    return "one sample" if number == 1 else f"{number} samples"
