"""What became of every tensor of a network, and of every tensor of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Literal, Protocol

from archlang.graph import Graph
from archlang.weights.notes import noted


class HasShape(Protocol):
    """A tensor, or what describes one."""

    @property
    def shape(self) -> Iterable[int]:
        """Its lengths."""
        ...


Status = Literal["loaded", "adapted", "new", "unused"]
STATUSES: tuple[Status, ...] = ("loaded", "adapted", "new", "unused")
NOTE = "archlang_weights"
"""The key under which a module notes its report."""
SHOWN = 8
"""How many tensors of a kind the short text names."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor: of the network, or, where it is unused, of the checkpoint alone."""

    name: str
    """In the network's `state_dict`; for an unused one in the checkpoint."""
    status: Status
    shape: tuple[int, ...]
    source: str = ""
    """The tensor of the checkpoint that it was made of, if any."""
    source_shape: tuple[int, ...] = ()
    reason: str = ""
    """Why it is not simply loaded, in the words of the spec."""
    how: str = ""
    """The way in which it was adapted: `sum`."""
    frozen: bool = False
    """Whether it is not trained."""

    def line(self) -> str:
        """The tensor in words: `conv1.weight 64x3x7x7 → 64x1x7x7: sum (line 6)`."""
        shape = _size(self.shape)
        if self.status == "adapted" and self.source_shape != self.shape:
            shape = f"{_size(self.source_shape)} → {shape}"
        stays = " (frozen, so it stays as it is drawn)" if self.is_stuck else ""
        return f"{self.name} {shape}" + (f": {self.reason}" if self.reason else "") + stays

    @property
    def is_stuck(self) -> bool:
        """Whether it is new and not trained: random numbers for good."""
        return self.status == "new" and self.frozen


@dataclass(frozen=True)
class Report:
    """Which tensors of a network were loaded, adapted or freshly made, and which were left over."""

    network: str
    base: str
    """The network that the weights are of: itself, or one that it derives from."""
    origin: str
    """Where the weights come from, in words."""
    entries: tuple[Entry, ...]
    """The network's tensors in the order of its `state_dict`, then the unused ones."""
    notes: tuple[str, ...] = ()
    """What else has to be known to use the weights."""

    def _of(self, status: Status) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if e.status == status)

    @property
    def loaded(self) -> tuple[Entry, ...]:
        """Tensors that are equal to those of the checkpoint."""
        return self._of("loaded")

    @property
    def adapted(self) -> tuple[Entry, ...]:
        """Tensors that were made to fit, as the spec says."""
        return self._of("adapted")

    @property
    def new(self) -> tuple[Entry, ...]:
        """Tensors that are freshly initialised."""
        return self._of("new")

    @property
    def unused(self) -> tuple[Entry, ...]:
        """Tensors of the checkpoint that the network has no place for."""
        return self._of("unused")

    @property
    def frozen(self) -> tuple[Entry, ...]:
        """Tensors that are not trained, wherever they come from."""
        return tuple(e for e in self.entries if e.frozen)

    def as_json(self) -> dict[str, Any]:
        """Everything, in lists and dictionaries that `json` can write."""
        counts = {status: len(self._of(status)) for status in STATUSES}
        return {
            "network": self.network,
            "base": self.base,
            "weights": self.origin,
            "counts": counts | {"frozen": len(self.frozen)},
            "notes": list(self.notes),
            "tensors": [_plain(e) for e in self.entries],
        }

    def text(self, every: bool = False) -> str:
        """A page to read; with `every` tensor of each kind, not just the first few."""
        derived = f", derived from {self.base}" if self.base != self.network else ""
        lines = [f"{self.network}{derived}; weights: {self.origin}"]
        for status in STATUSES:
            lines += _section(status, self._of(status), every)
        notes = [f"  note    {note}" for note in self.notes]
        return "\n".join([*lines, *self._frozen_lines(), *notes])

    def _frozen_lines(self) -> list[str]:
        if not self.frozen:
            return []
        parts = dict.fromkeys(e.name.partition(".")[0] for e in self.frozen)
        return [f"  {'frozen':8}{_counted(self.frozen)}, in {', '.join(parts)}"]

    def __str__(self) -> str:
        return self.text()


def wholly_loaded(graph: Graph, tensors: Mapping[str, HasShape], origin: str) -> Report:
    """The report of a network whose tensors are all there, under its own names."""

    def entry(name: str, shape: tuple[int, ...]) -> Entry:
        frozen = bool(graph.owner_of(name).frozen)
        return Entry(name, "loaded", shape, name, shape, frozen=frozen)

    entries = tuple(entry(name, tuple(value.shape)) for name, value in tensors.items())
    return Report(graph.name, graph.name, origin, entries)


def weights_report(model: object) -> Report:
    """What became of every tensor when a model was loaded with `weights=`.

    Args:
        model: what `archlang.load` gave, or a copy of it.

    Raises:
        ValueError: it was not loaded with weights by archlang.
    """
    report = noted(model, NOTE)
    if not isinstance(report, Report):
        raise ValueError("there is no report: this is no model of archlang.load(…, weights=…)")
    return report


def _section(status: Status, entries: Sequence[Entry], every: bool) -> list[str]:
    """The lines of one kind. What is loaded is as expected: a count says enough."""
    if not entries:
        return []
    head = f"  {status:8}{_counted(entries)}"
    if status == "loaded" and not every:
        return [head]
    shown = entries if every else entries[:SHOWN]
    lines = [head, *(f"    {e.line()}" for e in shown)]
    rest = len(entries) - len(shown)
    return [*lines, f"    … and {rest} more"] if rest else lines


def _counted(entries: Sequence[Entry]) -> str:
    numbers = sum(prod(e.shape) for e in entries)
    return f"{len(entries)} tensor{'' if len(entries) == 1 else 's'}, {numbers:,} numbers"


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "1"


def _plain(entry: Entry) -> dict[str, Any]:
    return dict(_fields(entry))


def _fields(entry: Entry) -> Iterator[tuple[str, Any]]:
    for name, value in asdict(entry).items():
        if name == "source_shape" and not entry.source:
            yield name, None
        else:
            yield name, list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]  # shapes
