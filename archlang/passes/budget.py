"""What a training step may take in memory, as it is asked for."""

from __future__ import annotations

from typing import Any

from archlang.record import Record
from archlang.sizes_of_memory import parse_bytes

_FEWEST = 1024**2
"""Bytes from which on a bare number is taken for bytes."""


class Budget(Record):
    """The memory that a training step of so many samples may take."""

    memory: int
    """In bytes."""
    batch: int
    """How many samples at once."""
    dtype: Any = None
    """Floating-point type of parameters and activations, a `torch.dtype`; None: float32."""


def budget_of(
    goal: object, train_memory: str | int | None, batch: int | None, dtype: Any = None
) -> Budget | None:
    """The budget that the arguments of `archlang.load` ask for; None where they ask for none.

    Raises:
        TypeError: one of `train_memory` and `batch` is missing, they are not for training, or they
            are of another type.
        ValueError: the memory is no amount, or there is no sample.
    """
    if train_memory is None and batch is None:
        return None
    if train_memory is None or batch is None:
        missing = 'train_memory="8GB"' if train_memory is None else "batch=32"
        raise TypeError(f"train_memory and batch go together: add {missing}")
    if goal != "training":
        raise TypeError('train_memory is for training: add optimize="training"')
    if isinstance(batch, bool) or not isinstance(batch, int):  # pyright: ignore[reportUnnecessaryIsInstance]  # people pass anything
        raise TypeError(f"batch is a number of samples, not {batch!r:.60}")
    if batch < 1:
        raise ValueError(f"a batch has at least one sample, not {batch}")
    return Budget(_amount(train_memory), batch, dtype)


def _amount(memory: object) -> int:
    if isinstance(memory, str):
        return parse_bytes(memory)
    if isinstance(memory, bool) or not isinstance(memory, int):
        raise TypeError(f'train_memory is an amount such as "8GB", not {memory!r:.60}')
    if memory < 1:
        raise ValueError(f"train_memory is at least one byte, not {memory}")
    # nothing can be trained in so few bytes: a unit was forgotten, and the text says so
    return memory if memory >= _FEWEST else parse_bytes(str(memory))
