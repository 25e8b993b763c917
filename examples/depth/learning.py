"""Training of one network, epoch by epoch, as He et al. did it; it can be kept and gone on with."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import SGD

import archlang
from comparisons import Trial
from mnist import Data, Split, shifted

EVALUATED = 500
"""Images that run through a network at once where nothing is learned."""


@dataclass(frozen=True)
class Recipe:
    """What all networks have in common; but for the scale, that of He et al. 2015, section 4.2."""

    size: int = 14
    """Of the images, in pixels."""
    images: int = 300
    """Of each digit, to train on."""
    epochs: int = 30
    batch: int = 64
    momentum: float = 0.9
    decay: float = 1e-4
    """Weight decay."""
    shift: int = 2
    """By how many pixels an image is moved at most, at random: what a random crop does."""
    looks: int = 5
    """After how many epochs the network is evaluated, each time."""

    def drops(self, epoch: int) -> int:
        """How often the learning rate was divided by 10 up to an epoch, counted from 0.

        He et al. do so at half and at three quarters of the training.
        """
        return (2 * epoch >= self.epochs) + (4 * epoch >= 3 * self.epochs)


@dataclass(frozen=True)
class Epoch:
    """What was seen in an epoch; errors go from 0 to 1."""

    loss: float | None
    """Mean cross-entropy of the images trained on, while training; none if it is not finite."""
    error: float
    """The training error: of those same images, each by the weights it was met with."""
    still: float | None
    """Error of all training images, unshifted, after the epoch, with running statistics."""
    test: float | None
    """Error of the test images, likewise; neither is looked at in every epoch."""


class Training:
    """A network on its way. Equal seeds give equal numbers, wherever it is interrupted."""

    def __init__(self, trial: Trial, recipe: Recipe, device: str = "cpu") -> None:
        """Build the network, initialised by the seed."""
        self.trial, self.recipe, self.device = trial, recipe, device
        torch.manual_seed(trial.seed)
        network = archlang.load(trial.spec, channels=1, size=recipe.size)
        self.model = network.to(device, memory_format=torch.channels_last)
        self.optimiser = SGD(
            self.model.parameters(), trial.rate, recipe.momentum, weight_decay=recipe.decay
        )
        self.epochs: list[Epoch] = []
        self.seconds = 0.0

    @property
    def finished(self) -> bool:
        """Whether there is no epoch left."""
        return len(self.epochs) >= self.recipe.epochs

    def epoch(self, data: Data) -> Epoch:
        """Train for another epoch."""
        begin = perf_counter()
        loss, error = self._learn(data.train)
        done = len(self.epochs) + 1
        look = done % self.recipe.looks == 0 or done == self.recipe.epochs
        still = self.error(data.train) if look else None
        test = self.error(data.test) if look else None
        self.epochs.append(Epoch(loss, error, still, test))
        self.seconds += perf_counter() - begin
        return self.epochs[-1]

    def error(self, split: Split) -> float:
        """Of the network as it is, from 0 to 1."""
        self.model.eval()
        wrong = 0
        with torch.inference_mode():
            for images, digits in zip(*(part.split(EVALUATED) for part in split), strict=True):
                wrong += int((self.model(images).argmax(1) != digits).sum())
        return round(wrong / len(split.digits), 6)

    def state(self) -> dict[str, Any]:
        """All that has to be kept to go on."""
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "seconds": self.seconds,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        self.seconds = state["seconds"]

    def _learn(self, split: Split) -> tuple[float | None, float]:
        """One pass over the images in a new order: mean loss, and error."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.trial.rate * 0.1 ** self.recipe.drops(len(self.epochs))
        self.model.train()
        total, wrong, seen = 0.0, 0, 0
        for images, digits in self._batches(split):
            scores = self.model(images)
            loss = cross_entropy(scores, digits)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            seen += len(digits)
            total += loss.item() * len(digits)
            wrong += int((scores.detach().argmax(1) != digits).sum())
        mean = total / seen
        return (round(mean, 6) if math.isfinite(mean) else None), round(wrong / seen, 6)

    def _batches(self, split: Split) -> list[tuple[Tensor, Tensor]]:
        """Full batches; order and shifts follow from seed and epoch, whatever the network is."""
        number, batch, most = len(split.digits), self.recipe.batch, self.recipe.shift
        draw = torch.Generator().manual_seed(1000 * self.trial.seed + len(self.epochs))
        order = torch.randperm(number, generator=draw).to(self.device)
        by = torch.randint(-most, most + 1, (number, 2), generator=draw).to(self.device)
        images, digits = shifted(split.images, by)[order], split.digits[order]
        full = number // batch * batch
        return list(zip(images[:full].split(batch), digits[:full].split(batch), strict=True))
