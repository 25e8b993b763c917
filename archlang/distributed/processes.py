"""Joining the processes that `torchrun` started, and leaving them when one of them is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from math import isfinite
from typing import Literal

import torch
from torch import distributed
from torch._C._distributed_c10d import (  # torch.distributed has them, undeclared
    HashStore,
    PrefixStore,
    Store,
)
from torch.distributed.rendezvous import rendezvous  # pyright: ignore[reportUnknownVariableType]

from archlang.diagnostics.catalog.distribution_runs import LostProcess, TooFewDevices
from archlang.diagnostics.model import SpecError
from archlang.distributed.watch import end, ending_when_told
from archlang.problems import nowhere
from archlang.record import Record

_SIGNS = (
    "connection closed",
    "connection reset",
    "timed out",
    "timeout",
    "gloo",
    "nccl",
    "tcpstore",
)
"""What torch's messages hold when a process does not answer; gloo's errors have no class."""


class Processes(Record):
    """Those that train together, as one of them sees them."""

    rank: int
    """Its number, from 0 on."""
    world: int
    """How many there are."""
    device: torch.device
    """Where it computes."""

    @property
    def first(self) -> bool:
        """Whether it is the one that speaks for all."""
        return self.rank == 0


@contextmanager
def start(
    device: Literal["cpu", "cuda"] | None = None,
    *,
    timeout: float = 30.0,
    last_checkpoint: Callable[[], str] = str,
) -> Generator[Processes]:
    """Join the group of processes; by itself, without `torchrun`, a process is a group of one.

    If one of them dies or hangs, each of the others says so and ends with exit code 1, at the
    latest after the timeout: nothing that comes after this block is run.

    Args:
        device: "cpu" (they talk by gloo) or "cuda" (by NCCL); None: GPUs where there are any.
        timeout: seconds that one waits for the others.
        last_checkpoint: names the last whole checkpoint, for the message of a process that ends.

    Yields:
        This process's place among them.

    Raises:
        SpecError: there are more processes on this machine than GPUs (E0946).
        RuntimeError: the process is in a group already.
        ValueError: the timeout is no positive number.
    """
    if distributed.is_initialized():
        raise RuntimeError("this process is in a group already: leave that block first")
    if not (isfinite(timeout) and timeout > 0):
        raise ValueError(f"a timeout of {timeout} seconds: it has to be positive and finite")
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    place = _place(kind)
    if world == 1:
        _join(kind, 0, 1, timeout, HashStore())
        try:
            yield Processes(0, 1, place)
        finally:
            distributed.destroy_process_group()
        return

    def lost(why: str) -> str:
        problem = LostProcess(process=rank, why=why, left=last_checkpoint())
        return str(nowhere(problem))

    with ending_when_told(lambda: lost("torchrun tells it to end")):
        try:
            _join(kind, rank, world, timeout, None)
            yield Processes(rank, world, place)
            _leave()
        except RuntimeError as error:
            why = _reason(error)
            if why is None:
                raise
            # NCCL's clean-up would wait for what is lost
            end(lost(why))


def _place(kind: str) -> torch.device:
    """The device of this process.

    Raises:
        SpecError: there are more processes on this machine than GPUs (E0946).
    """
    if kind != "cuda":
        return torch.device(kind)
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    devices = torch.cuda.device_count()
    if here > devices:
        raise nowhere(TooFewDevices(processes=here, devices=devices))
    place = torch.device(kind, int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(place)
    return place


def _join(kind: str, rank: int, world: int, timeout: float, store: Store | None) -> None:
    backend = "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo"
    wait = timedelta(seconds=timeout)
    if store is None:
        # what an earlier group left in torchrun's store would be taken for this one's
        found: tuple[Store, int, int] = next(iter(rendezvous("env://", timeout=wait)))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]  # torch leaves out a type
        store, rank, world = PrefixStore(f"archlang/{len(_LEFT)}", found[0]), *found[1:]
    distributed.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=wait)


_LEFT: list[object] = []
"""Groups that were left. Whatever holds the last reference to a group ends its threads; DDP would
do so while it holds Python's lock, for which one of these threads may be waiting: for ever."""


def _leave() -> None:
    """Leave the group once all have got here."""
    _LEFT.append(distributed.group.WORLD)
    distributed.barrier()  # pyright: ignore[reportUnknownMemberType]  # torch does not say
    distributed.destroy_process_group()


def _reason(error: RuntimeError) -> str | None:
    """Why an error means that a process is lost; None if it does not."""
    text = str(error).lower()
    if isinstance(error, SpecError) or not any(sign in text for sign in _SIGNS):
        return None
    if "timed out" in text or "timeout" in text:
        return "it does not answer in time"
    return "the connection to it is closed"
