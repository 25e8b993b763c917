"""The layers of a checkpoint whose names are sorted, put in order by the numbers in the names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archlang.weights.keys.groups import Group, Signature
from archlang.weights.keys.spans import Spans

Path: TypeAlias = tuple[str, ...]
Kind: TypeAlias = frozenset[tuple[Signature, int]]
"""The families of the layers in a unit with how many there are of each."""

MAX_CHOICES = 500_000
"""Units and layers of one kind, ours times theirs, up to which they are compared at all."""

_LAST_NUMBER = re.compile(r"([0-9]{1,9})(?=[^0-9]*\Z)")


class ContradictionError(Exception):
    """Shapes and numbers exclude each other: the numbers mean something else."""


def by_numbers(
    ours: Sequence[Group], others: Sequence[Group], fits: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """The pairs that shapes, units and numbers settle together; none if they disagree anywhere.

    A unit is what shares the beginning of a path. Names say nothing of what a unit or a layer is;
    its shapes do, and among several of equal shapes under one parent the numbers, smallest first,
    if there are as many of them in ours. Numbers are believed as far as shapes bear them out:

    - a lower number comes first for certain somewhere in the file under such a parent, or it goes
      along with numbers of which that is known (`bn1`, `bn2` with `conv1`, `conv2`);
    - it never comes later, neither under this parent nor anywhere;
    - a unit that holds numbered units is left before the next begins, so that it is no column of
      a table that ours has in rows.

    What this takes for granted is that numbers which count up where shapes tell do so throughout.

    Args:
        ours: the layers of the network in order.
        others: those of the checkpoint in any order.
        fits: (ours, others), which may be the same layer.
    """
    try:
        return _Search(ours, others, fits).pairs()
    except ContradictionError:
        return []


@dataclass(frozen=True, eq=False)
class _Item:
    """A unit, or a layer by itself."""

    path: Path
    members: tuple[int, ...]
    kind: Kind

    @property
    def parent(self) -> Path:
        return self.path[:-1]

    @cached_property
    def number(self) -> int | None:
        """The last number of its own part of the path."""
        found = _LAST_NUMBER.search(self.path[-1])
        return int(found[1]) if found else None

    @cached_property
    def word(self) -> str:
        """Its part of the path without that number."""
        return _LAST_NUMBER.sub("#", self.path[-1])

    @property
    def run(self) -> tuple[Path, str]:
        """What it shares with those that it is counted with."""
        return self.parent, self.word

    @property
    def counter(self) -> tuple[Path, str]:
        """The same for all parents of one pattern."""
        return _pattern(self.parent), _pattern((self.word,))[0]


class _Table(NamedTuple):
    """What is numbered on two levels: units, and things of one pattern in each of them."""

    outer: Path
    """The pattern of what the units have in common."""
    inner: Path
    """The pattern of the things below the units."""


def _pattern(path: Path) -> Path:
    return tuple(re.sub(r"[0-9]+", "#", part) for part in path)


def _items(side: Sequence[Group], able: Iterable[int]) -> list[_Item]:
    """Units and layers, each with the shortest path that means these layers and no others."""
    units: dict[Path, list[int]] = defaultdict(list)
    for i in able:
        path = tuple(re.split(r"[./]", side[i].layer))
        for end in range(1, len(path) + 1):
            units[path[:end]].append(i)
    distinct: dict[tuple[int, ...], Path] = {}
    for path, members in units.items():
        distinct.setdefault(tuple(members), path)
    return [
        _Item(path, members, frozenset(Counter(side[i].family for i in members).items()))
        for members, path in distinct.items()
    ]


class _Search:
    """Narrows down what each layer of theirs may be until nothing changes."""

    def __init__(
        self, ours: Sequence[Group], others: Sequence[Group], fits: NDArray[np.bool_]
    ) -> None:
        counts, their_counts = (Counter(group.family for group in side) for side in (ours, others))
        able, self._theirs_able = (
            [i for i, g in enumerate(side) if counts[g.family] == their_counts[g.family]]
            for side in (ours, others)
        )
        self._may = np.zeros_like(fits)
        chosen = np.ix_(able, self._theirs_able)
        self._may[chosen] = fits[chosen]
        self._ours: dict[Kind, list[_Item]] = defaultdict(list)
        for item in sorted(_items(ours, able), key=lambda item: item.members):
            self._ours[item.kind].append(item)
        self._layers = {
            o.members[0]: o
            for several in self._ours.values()
            for o in several
            if len(o.members) == 1
        }
        self._theirs = _items(others, self._theirs_able)
        self._runs: dict[tuple[Path, str], list[_Item]] = defaultdict(list)
        for item in sorted(self._theirs, key=lambda item: item.number or 0):
            if item.number is not None:
                self._runs[item.run].append(item)
        self._tables = _tables(self._theirs)
        self._open = list(self._theirs)

    def pairs(self) -> list[tuple[int, int]]:
        """
        Raises:
            ContradictionError: the numbers are at odds with the shapes.
        """
        if not self._theirs_able or self._too_many():
            return []
        left = -1
        while left != (left := int(self._may.sum())):
            self._narrow()
        once = self._may & (self._may.sum(0) == 1) & (self._may.sum(1, keepdims=True) == 1)
        return [(i, j) for i, j in np.argwhere(once).tolist()]

    def _too_many(self) -> bool:
        theirs = Counter(item.kind for item in self._theirs)
        return sum(len(self._ours[kind]) * n for kind, n in theirs.items()) > MAX_CHOICES

    def _narrow(self) -> None:
        if not self._may[:, self._theirs_able].any(0).all():
            raise ContradictionError
        spans = Spans.of(self._may, self._theirs_able)
        proven = {run[0].counter for run in self._runs.values() if _counts_up(run, spans)}
        rows = self._in_rows(spans)
        items = [item for item in self._open if self._stands_alone(item, rows)]
        choices = {item: self._choices(item) for item in items}
        chosen_by = Counter(choice for several in choices.values() for choice in several)
        for item, several in choices.items():
            if len(several) == 1 and chosen_by[several[0]] == 1:
                self._settle(several[0], item)
        for alike in _alike(items, choices):
            slots = choices[alike[0]]
            if alike[0].counter in proven or self._goes_along(alike, slots, proven):
                for own, item in zip(slots, alike, strict=True):
                    self._settle(own, item)

    def _choices(self, item: _Item) -> tuple[_Item, ...]:
        """What it may be of ours, in order."""
        columns = self._may[:, item.members]
        if len(item.members) == 1:
            return tuple(self._layers[i] for i in np.flatnonzero(columns).tolist())
        fitting: list[_Item] = []
        for own in self._ours[item.kind]:
            block = columns[own.members, :]
            if block.any(0).all() and block.any(1).all():
                fitting.append(own)
        return tuple(fitting)

    def _settle(self, own: _Item, item: _Item) -> None:
        """All layers of the one are among those of the other, and no others are."""
        rows, columns = (np.zeros(size, np.bool_) for size in self._may.shape)
        rows[list(own.members)] = columns[list(item.members)] = True
        self._may &= rows[:, None] == columns
        self._open.remove(item)

    def _in_rows(self, spans: Spans) -> set[_Table]:
        """The tables of which shapes show that one unit is over before the next begins.

        That is, a thing precedes one of a lower number, and one of a higher number as well: the
        inner numbers alone do not decide, in neither direction.
        """
        rows: set[_Table] = set()
        for (_, table), entries in self._tables.items():
            inner = [(item.members, item.number or 0) for _, several in entries for item in several]
            if spans.some_before(inner) and spans.some_before([(m, -n) for m, n in inner]):
                rows.add(table)
        return rows

    def _stands_alone(self, item: _Item, rows: set[_Table]) -> bool:
        """Whether it is a layer, or a unit of which no other reading is left."""
        return len(item.members) == 1 or all(
            table in rows
            for (parent, table), entries in self._tables.items()
            if parent == item.parent and any(unit == item.path for unit, _ in entries)
        )

    def _goes_along(
        self, alike: Sequence[_Item], slots: Sequence[_Item], proven: set[tuple[Path, str]]
    ) -> bool:
        """Whether numbers that are proven settle others of the same parent step by step."""
        own = [slot.members[0] for slot in slots]
        for (parent, _), run in self._runs.items():
            if parent != alike[0].parent or run[0].counter not in proven:
                continue
            places = {item.number: self._place(item) for item in run}
            along = [places.get(item.number) for item in alike]
            steps = [
                (min(a, b), max(a, b)) for a, b in zip(along, own, strict=True) if a is not None
            ]
            if len(steps) == len(own) and all(a[1] < b[0] for a, b in pairwise(steps)):
                return True
        return False

    def _place(self, item: _Item) -> int | None:
        """Where a layer stands in ours, if that is settled."""
        rows = np.flatnonzero(self._may[:, item.members[0]])
        return int(rows[0]) if len(rows) == len(item.members) == 1 else None


def _counts_up(run: Sequence[_Item], spans: Spans) -> bool:
    """Whether a lower number comes first for certain.

    Raises:
        ContradictionError: it comes later for certain.
    """
    members = [(item.members, item.number or 0) for item in run]
    if spans.some_before(members):
        raise ContradictionError
    return spans.some_before([(several, -number) for several, number in members])


def _alike(
    items: Sequence[_Item], choices: dict[_Item, tuple[_Item, ...]]
) -> Iterator[list[_Item]]:
    """Several of one kind that are counted together, and may be as many of ours but no others."""
    found: dict[tuple[Path, str, tuple[_Item, ...]], list[_Item]] = defaultdict(list)
    for item in items:
        if item.number is not None and len(choices[item]) > 1:
            found[*item.run, choices[item]].append(item)
    for (*_, slots), several in found.items():
        if len({item.number for item in several}) == len(several) == len(slots):
            yield sorted(several, key=lambda item: item.number or 0)


_Entries: TypeAlias = list[tuple[Path, list[_Item]]]


def _tables(items: Sequence[_Item]) -> dict[tuple[Path, _Table], _Entries]:
    """For each parent the units in it that hold numbered things of the same pattern.

    Two units that hold 1 and 2 each may be the rows of a table or its columns. Layers of a unit
    that has several kinds by name (`conv1`, `bn1`, `conv2`, …) are no table: it is their unit.
    """
    words: dict[Path, set[str]] = defaultdict(set)
    for item in items:
        if len(item.members) == 1:
            words[item.parent].add(item.word)
    found: dict[tuple[Path, _Table], dict[Path, list[_Item]]] = defaultdict(dict)
    for item in items:
        if item.number is None or (len(item.members) == 1 and len(words[item.parent]) > 1):
            continue
        for end in range(1, len(item.path)):
            table = _Table(_pattern(item.path[: end - 1]), _pattern(item.path[end:]))
            units = found[item.path[: end - 1], table]
            units.setdefault(item.path[:end], []).append(item)
    return {
        key: list(units.items())
        for key, units in found.items()
        if len(units) > 1 and len({i.number for several in units.values() for i in several}) > 1
    }
