"""Steps that all processes take together: what fails in one of them fails in all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torch import distributed

from archlang.diagnostics.model import SpecError

T = TypeVar("T")


def in_group() -> bool:
    """Whether this process is one of several that are joined, or a group of its own."""
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """The number of this process, from 0 on."""
    return distributed.get_rank() if in_group() else 0


def world() -> int:
    """How many processes there are."""
    return distributed.get_world_size() if in_group() else 1


def everywhere(work: Callable[[], T]) -> list[T]:
    """Do something in each process; what each of them got, by rank.

    Raises:
        SpecError: it failed in one of them: the same in all, so that none waits for another.
    """
    result, error = _tried(work)
    if world() == 1:
        results: list[Any] = [(result, error)]
    else:
        results = [None] * world()
        distributed.all_gather_object(results, (result, error))  # pyright: ignore[reportUnknownMemberType]  # torch does not say
    for _, problem in results:
        if problem is not None:
            raise problem
    return [value for value, _ in results]


def by_first(work: Callable[[], T]) -> T:
    """Let the first process do something, and tell the others what it got.

    Raises:
        SpecError: it failed, and so it does in all of them.
    """
    result, error = _tried(work) if rank() == 0 else (None, None)
    if world() > 1:
        told: list[Any] = [(result, error)]
        distributed.broadcast_object_list(told, 0)
        ((result, error),) = told
    if error is not None:
        raise error
    return result  # pyright: ignore[reportReturnType]  # without an error there is one


def _tried(work: Callable[[], T]) -> tuple[T | None, SpecError | None]:
    try:
        return work(), None
    except SpecError as error:
        return None, error
