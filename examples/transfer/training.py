"""Pretraining, and training of the derived networks in the ways that are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR

import archlang
from digits import Split, few

SPEC = Path(__file__).with_name("digits.arch")


@dataclass(frozen=True)
class Method:
    """A way to a network for the new digits, and the learning rates that it is trained with."""

    name: str
    network: str
    """Its name in the spec."""
    pretrained: bool
    head: float
    """Learning rate of the head."""
    body: float | None
    """Learning rate of what else is trained, if anything is."""

    @property
    def rates(self) -> dict[str, float]:
        """Learning rates by path."""
        return {"fc": self.head} | ({} if self.body is None else {"*": self.body})


METHODS = (
    Method("from scratch", "FineTuned", pretrained=False, head=3e-2, body=3e-2),
    Method("fine-tuned", "FineTuned", pretrained=True, head=1e-2, body=1e-3),
    Method("last stage", "LastStage", pretrained=True, head=1e-2, body=1e-3),
    Method("head only", "HeadOnly", pretrained=True, head=3e-2, body=None),
)
PRETRAINING = Method("pretraining", "Digits", pretrained=False, head=3e-3, body=3e-3)


@dataclass(frozen=True)
class Recipe:
    """What all methods have in common."""

    epochs: int = 8
    """Of pretraining."""
    updates: int = 200
    """Of training on the new digits."""
    batch: int = 25
    watches: int = 10
    """How often the accuracy is looked at in a run that is followed."""


@dataclass(frozen=True)
class Moment:
    """How far a run is: its accuracy on test images after some updates, and the loss then."""

    update: int
    epoch: float
    loss: float
    accuracy: float


def build(method: Method, seed: int, weights: Path | None = None) -> nn.Module:
    """The network of a method: new, or with what fits of a checkpoint; by the seed."""
    torch.manual_seed(seed)
    spec = f"{SPEC}:{method.network}"
    if not method.pretrained:
        return archlang.load(spec)
    return archlang.load(spec, weights=weights, weights_of=PRETRAINING.network)


def pretrain(known: Split, recipe: Recipe, seed: int) -> nn.Module:
    """A network that tells the known digits apart."""
    model = build(PRETRAINING, seed)
    updates = recipe.epochs * len(known.classes) // recipe.batch
    for _ in train(model, known, PRETRAINING, updates=updates, batch=recipe.batch, seed=seed):
        pass
    return model


def transfer(
    method: Method,
    new: Split,
    held_out: Split,
    *,
    labels: int,
    seed: int,
    recipe: Recipe,
    weights: Path,
    watched: bool = False,
) -> tuple[nn.Module, list[Moment]]:
    """Train a method's network on as many labels of each new digit.

    Returns:
        The network, and how it came there; the last moment is the result, and the only one, unless
        the run is watched.
    """
    model = build(method, seed, weights)
    chosen = few(new, labels, seed)
    updates, batch = recipe.updates, min(recipe.batch, len(chosen.classes))
    looks = max(1, updates // recipe.watches) if watched else updates
    moments = [_moment(0, batch, chosen, held_out, model)] if watched else []
    moments += [
        _moment(done, batch, chosen, held_out, model)
        for done in train(model, chosen, method, updates=updates, batch=batch, seed=seed)
        if done % looks == 0 or done == updates
    ]
    return model, moments


def train(
    model: nn.Module, split: Split, method: Method, *, updates: int, batch: int, seed: int
) -> Iterator[int]:
    """Train with AdamW and a cosine schedule; after each update, the number of those done."""
    optimiser = AdamW(archlang.param_groups(model, method.rates))
    schedule = CosineAnnealingLR(optimiser, updates)
    for done, indices in zip(range(1, updates + 1), _batches(split, batch, seed), strict=False):
        model.train()
        loss = cross_entropy(model(split.images[indices]), split.classes[indices])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        yield done


def evaluate(model: nn.Module, split: Split) -> tuple[float, float]:
    """Mean cross-entropy, and accuracy from 0 to 1."""
    model.eval()
    with torch.inference_mode():
        scores = model(split.images)
    loss = cross_entropy(scores, split.classes).item()
    return loss, (scores.argmax(1) == split.classes).float().mean().item()


def _moment(update: int, batch: int, chosen: Split, held_out: Split, model: nn.Module) -> Moment:
    loss, _ = evaluate(model, chosen)
    _, accuracy = evaluate(model, held_out)
    return Moment(update, update * batch / len(chosen.classes), round(loss, 6), round(accuracy, 6))


def _batches(split: Split, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Indices of full batches without end, in a new order in every epoch."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(split.classes), generator=generator)
        yield from order[: len(order) // size * size].split(size)
