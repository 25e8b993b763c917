"""What is asked of a plan, checked before anything is counted."""

from __future__ import annotations

from math import isfinite
from typing import Any, cast, get_args

from archlang.diagnostics.suggest import closest
from archlang.distributed.planning.costs import ITEM_SIZES, Dtype, Machine
from archlang.distributed.planning.memory import OPTIMIZERS, Schedule
from archlang.record import Record
from archlang.sizes_of_memory import parse_bytes

SAMPLES = 8
"""Samples of a microbatch where nothing is said of the batch."""
FILL = 4
"""Microbatches for each stage where nothing is said of them: a bubble of a fifth at most."""


class Wanted(Record):
    """What is asked of a plan."""

    stages: int | None = None
    devices: int | None = None
    memory: int | None = None
    """Bytes of a device."""
    batch: int | None = None
    microbatches: int | None = None
    dtype: Dtype = "float32"
    optimizer: str = "adam"
    schedule: Schedule = "1f1b"
    machine: Machine = Machine()
    slack: float = 0.0

    def on(self, devices: int) -> Wanted:
        """The same on other devices."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.record_fields}
        fields["devices"] = devices
        return Wanted(**fields)


def wanted(
    *,
    stages: int | None,
    devices: int | None,
    memory: int | str | None,
    batch: int | None,
    microbatches: int | None,
    dtype: str,
    optimizer: str,
    schedule: str,
    machine: Machine,
    slack: float,
) -> Wanted:
    """The wish that arguments are.

    Raises:
        TypeError: neither stages nor devices are given; or a count is no whole number.
        ValueError: a number is out of its range, or a name is none of those that are known.
    """
    if stages is None and devices is None:
        raise TypeError("say over how many devices: stages=4, or devices=64 with memory=…")
    counts = {"stages": stages, "devices": devices, "batch": batch, "microbatches": microbatches}
    for name, number in counts.items():
        _hold_count(name, number)
    if not (isfinite(slack) and 0 <= slack <= 1):
        raise ValueError(f"slack is a part from 0 to 1, not {slack}")
    machine.holds()
    return Wanted(
        **counts,
        memory=_memory(memory),
        dtype=known("dtype", dtype, ITEM_SIZES),
        optimizer=known("optimizer", optimizer, OPTIMIZERS),
        schedule=known("schedule", schedule, get_args(Schedule)),
        machine=machine,
        slack=slack,
    )


def _hold_count(name: str, number: object) -> None:
    if number is None:
        return
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"{name} is a whole number, not {number!r}")
    if number < 1:
        raise ValueError(f"{name} is 1 or more, not {number}")


def _memory(memory: object) -> int | None:
    if isinstance(memory, str):
        return parse_bytes(memory)
    _hold_count("memory", memory)
    return cast("int | None", memory)


def known(what: str, name: str, names: Any) -> Any:
    """A name, if it is one of those that are known.

    Raises:
        ValueError: it is not; says which may be meant.
    """
    if name in names:
        return name
    near = closest(name, names)
    meant = f"; did you mean {near}?" if near else ""
    raise ValueError(f"{name!r} is no {what}: there are {', '.join(names)}{meant}")
