"""Learning rates for each method, chosen on validation images and seeds that are not reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean

from digits import Digits
from training import METHODS, Method, Recipe, transfer

SEEDS = (100, 101)
LABELS = (2, 20)
BODIES = (1e-3, 3e-3)
HEADS = (3e-3, 1e-2, 3e-2)
SCRATCH = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)


def candidates(method: Method) -> list[Method]:
    """The method with each rate or pair of rates: what is pretrained learns more slowly."""
    if method.body is None:
        return [replace(method, head=rate) for rate in (*HEADS, 1e-1)]
    if not method.pretrained:
        return [replace(method, head=rate, body=rate) for rate in SCRATCH]
    pairs = [(head, body) for head in HEADS for body in BODIES if body < head]
    return [replace(method, head=head, body=body) for head, body in pairs]


def tune(
    new: Digits, recipe: Recipe, checkpoints: dict[int, Path]
) -> Iterator[tuple[Method, float]]:
    """Each candidate with its mean accuracy on validation images, over `SEEDS` and `LABELS`."""
    for method in METHODS:
        for candidate in candidates(method):
            reached = [
                _accuracy(candidate, new, recipe, checkpoints[seed], labels, seed)
                for seed in SEEDS
                for labels in LABELS
            ]
            yield candidate, mean(reached)


def _accuracy(
    method: Method, new: Digits, recipe: Recipe, weights: Path, labels: int, seed: int
) -> float:
    _, moments = transfer(
        method, new.train, new.validation,
        labels=labels, seed=seed, recipe=recipe, weights=weights,
    )  # fmt: skip
    return moments[-1].accuracy
