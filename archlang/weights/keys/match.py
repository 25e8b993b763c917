"""Which tensor of a foreign checkpoint is which of ours, as far as order and shapes tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archlang.weights.keys.alignment import align
from archlang.weights.keys.groups import Group, Shape, Signature, family, fit, groups, is_counter
from archlang.weights.keys.numbering import by_numbers

By: TypeAlias = Literal["order", "shape", "numbers"]
Fits: TypeAlias = NDArray[np.bool_]

MAX_MOVED = 0.25
"""The share of layers that may stand elsewhere than ours for the order of the others to count."""
MAX_TABLE = 10_000_000
"""Pairs of layers up to which two networks are compared; beyond, nothing is matched."""


@dataclass(frozen=True)
class Pair:
    """A tensor of ours, and the one of theirs that it is."""

    ours: str
    theirs: str
    by: By
    """What tells: the order of the layers, a shape that no other layer has, or the numbers in the
    names of a checkpoint that is sorted by name."""
    reshape: Shape | None = None
    """The shape that it has to be brought into, where theirs is a convolution and ours a linear
    layer, or the other way round."""


@dataclass(frozen=True)
class Theirs:
    """A tensor of theirs, and the shape that it has to be brought into where it has another."""

    name: str
    reshape: Shape | None = None


@dataclass(frozen=True)
class Proposal:
    """What is known of a foreign checkpoint: each tensor of ours is in one of the first three."""

    pairs: tuple[Pair, ...]
    ambiguous: Mapping[str, tuple[Theirs, ...]]
    """For each tensor of ours that may be one of several, these; the likeliest first."""
    missing: tuple[str, ...]
    """Tensors of ours that none of theirs fits."""
    unused: tuple[str, ...]
    """Tensors of theirs that fit none of ours."""
    ordered: bool = True
    """Whether the order of theirs was taken to mean anything."""

    @property
    def complete(self) -> bool:
        """Whether each tensor of ours has its own, counters aside: loading does without them."""
        return not self.ambiguous and all(map(is_counter, self.missing))


def propose(own: Mapping[str, Shape], theirs: Mapping[str, Shape]) -> Proposal:
    """Match the tensors of two state_dicts by the order and the shapes of their layers.

    Two layers are a pair if every longest common subsequence of the two sequences of layers has
    it; where theirs are the same from end to end, these are all. What is left between two pairs,
    and then what is left at all, is matched where one layer of ours and one of theirs fit each
    other and nothing else (they were registered in another order). Names are looked at for the
    part of a layer that they stand for, and for signs that they were sorted; if so, the numbers in
    them stand in for the order, as far as shapes bear them out (see `numbering`).

    No pair is wrong as long as theirs has all layers of ours, and those of one shape among
    themselves in our order; two that were swapped cannot be told from two that were not.

    Args:
        own: names with shapes, in the order of the state_dict.
        theirs: the same of the checkpoint.
    """
    ours, others = _comparable(groups(own), groups(theirs))
    fits = _fitting(ours, others)
    order = _order(ours, others, fits)
    matched: dict[int, tuple[int, By]] = {i: (j, "order") for i, j in order.pairs}
    everything = range(len(ours)), range(len(others))
    for rows, columns in (*_gaps(order.pairs, *map(len, everything)), everything):
        taken = {j for j, _ in matched.values()}
        left = [i for i in rows if i not in matched], [j for j in columns if j not in taken]
        alone = _alone(fits, *left)
        matched |= {i: (j, "shape") for i, j in alone if order.allows[i, j]}
    if order.sorted:
        for i, j in by_numbers(ours, others, fits):
            matched.setdefault(i, (j, "numbers"))
    return _proposal(own, theirs, _Matching(ours, others, fits, matched), order.trusted)


def _comparable(ours: list[Group], others: list[Group]) -> tuple[list[Group], list[Group]]:
    """The layers that may have a counterpart. One of counters alone has nothing to go by."""
    common = {g.family for g in ours if g.signature} & {g.family for g in others}
    ours, others = ([g for g in side if g.family in common] for side in (ours, others))
    return (ours, others) if len(ours) * len(others) <= MAX_TABLE else ([], [])


def _fitting(ours: Sequence[Group], others: Sequence[Group]) -> Fits:
    """(ours, theirs): which may be the same layer. Networks repeat themselves, signatures too."""
    (rows, row), (columns, column) = _numbered(ours), _numbered(others)
    table = np.zeros((len(rows), len(columns)), np.bool_)
    kin: dict[Signature, list[int]] = {}
    for j, signature in enumerate(columns):
        kin.setdefault(family(signature), []).append(j)
    for i, signature in enumerate(rows):
        for j in kin.get(family(signature), ()):
            table[i, j] = fit(signature, columns[j])
    return table[np.ix_(row, column)]


def _numbered(side: Sequence[Group]) -> tuple[list[Signature], list[int]]:
    """The distinct signatures, and for each group the number of its own."""
    numbers: dict[Signature, int] = {}
    own = [numbers.setdefault(group.signature, len(numbers)) for group in side]
    return list(numbers), own


class _Order(NamedTuple):
    """What the order of theirs tells."""

    trusted: bool
    """Whether it means anything."""
    pairs: list[tuple[int, int]]
    """The layers that it settles."""
    allows: Fits
    """(ours, theirs): what may be claimed."""
    sorted: bool = False
    """Whether it is that of the names."""


def _order(ours: Sequence[Group], others: Sequence[Group], fits: Fits) -> _Order:
    names = [group.layer for group in others]
    if _sorted_as_text(names):
        return _Order(False, [], fits, sorted=True)
    alignment = align(fits)
    sizes, their_sizes = (Counter(group.family for group in side) for side in (ours, others))
    common = (sizes & their_sizes).total()
    moved = common - alignment.length
    if not moved:  # one lacks layers of the other at most
        return _Order(True, alignment.pairs, fits)
    if (by_name := names == sorted(names)) or moved > MAX_MOVED * common:
        return _Order(False, [], fits, sorted=by_name)
    same = fits & _same_standing(ours, others)
    return _Order(True, [pair for pair in alignment.pairs if same[pair]], same)


def _same_standing(ours: Sequence[Group], others: Sequence[Group]) -> Fits:
    """(ours, theirs): whether both are the same one of equally many of their kind.

    Where some layers were registered elsewhere, the second of three may stand where ours has the
    first; only those that are first, second or third on both sides can be told from their likes.
    """
    (ranks, sizes), (their_ranks, their_sizes) = (
        (np.array(_ranks(side), int), np.array([n[g.family] for g in side], int))
        for side in (ours, others)
        for n in (Counter(group.family for group in side),)
    )
    return (ranks[:, None] == their_ranks) & (sizes[:, None] == their_sizes)


def _ranks(side: Iterable[Group]) -> list[int]:
    """For each group how many of its family precede it."""
    seen: Counter[Signature] = Counter()
    ranks: list[int] = []
    for group in side:
        ranks.append(seen[group.family])
        seen[group.family] += 1
    return ranks


def _sorted_as_text(names: Iterable[str]) -> bool:
    """Whether 10 comes before 2: sorted names are in no order of layers.

    Files in the safetensors format are, and so is what went through some dictionaries.
    """
    last: dict[str, tuple[list[int], str]] = {}
    for name in names:
        numbers = [int(digits) for digits in re.findall(r"[0-9]{1,9}", name)]
        before, text = last.get(pattern := re.sub(r"[0-9]+", "#", name), ([], ""))
        if numbers < before and text < name:
            return True
        last[pattern] = numbers, name
    return False


def _gaps(pairs: list[tuple[int, int]], ours: int, others: int) -> Iterator[tuple[range, range]]:
    """What lies between neighbouring pairs, before the first and behind the last."""
    for (i, j), (k, n) in pairwise([(-1, -1), *pairs, (ours, others)]):
        if k > i + 1 and n > j + 1:
            yield range(i + 1, k), range(j + 1, n)


def _alone(fits: Fits, rows: list[int], columns: list[int]) -> Iterator[tuple[int, int]]:
    """The pairs of which each fits the other and nothing else that is left."""
    left = fits[np.ix_(rows, columns)]
    once = left & (left.sum(1, keepdims=True) == 1) & (left.sum(0, keepdims=True) == 1)
    for i, j in np.argwhere(once).tolist():
        yield rows[i], columns[j]


@dataclass(frozen=True)
class _Matching:
    """The layers of both sides, and for those of ours that are settled the number of theirs."""

    ours: list[Group]
    others: list[Group]
    fits: Fits
    matched: dict[int, tuple[int, By]]

    def pairs(self) -> Iterator[Pair]:
        for i, (j, by) in self.matched.items():
            for name, candidate in _joined(self.ours[i], self.others[j]):
                yield Pair(name, candidate.name, by, candidate.reshape)

    def candidates(self) -> Iterator[tuple[str, tuple[Theirs, ...]]]:
        """For each open tensor of ours those of theirs that are left, the nearest in rank first."""
        taken = {j for j, _ in self.matched.values()}
        rank, their_rank = _ranks(self.ours), _ranks(self.others)
        for i, group in enumerate(self.ours):
            if i in self.matched:
                continue
            fitting = [j for j in np.flatnonzero(self.fits[i]).tolist() if j not in taken]
            fitting.sort(key=lambda j, own=rank[i]: (abs(their_rank[j] - own), j))
            found: dict[str, list[Theirs]] = {}
            for j in fitting:
                for name, candidate in _joined(group, self.others[j]):
                    found.setdefault(name, []).append(candidate)
            yield from ((name, tuple(several)) for name, several in found.items())


def _joined(ours: Group, theirs: Group) -> Iterator[tuple[str, Theirs]]:
    """Each part that both layers have, with its two tensors."""
    for part, name in ours.names.items():
        if part in theirs.names:
            same = ours.shapes[part] == theirs.shapes[part]
            yield name, Theirs(theirs.names[part], None if same else ours.shapes[part])


def _proposal(
    own: Mapping[str, Shape], theirs: Mapping[str, Shape], matching: _Matching, ordered: bool
) -> Proposal:
    pairs = {pair.ours: pair for pair in matching.pairs()}
    open_ = dict(matching.candidates())
    meant = {p.theirs for p in pairs.values()} | {c.name for some in open_.values() for c in some}
    return Proposal(
        pairs=tuple(pairs[name] for name in own if name in pairs),
        ambiguous={name: open_[name] for name in own if name in open_},
        missing=tuple(name for name in own if name not in pairs and name not in open_),
        unused=tuple(name for name in theirs if name not in meant),
        ordered=ordered,
    )
