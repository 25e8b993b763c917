"""Checkpoints sorted by name: their numbers tell the order where shapes bear them out."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archlang.weights.keys import numbering
from archlang.weights.keys.groups import groups
from archlang.weights.keys.match import Pair, Proposal, propose

Shapes = dict[str, tuple[int, ...]]
Place = tuple[int, ...]
"""Where a layer stands: in which stage, which unit of it, …, which layer of that."""

RANDOM = st.randoms(use_true_random=False)


class Network(NamedTuple):
    """Layers in order, by their place."""

    shapes: dict[Place, tuple[int, ...]]

    def named(self, name: Callable[[Place], str]) -> Shapes:
        return {f"{name(place)}.weight": shape for place, shape in self.shapes.items()}


def tree(place: Place) -> str:
    """The names of ours, or of theirs where they are the same."""
    *units, layer = place
    return ".".join([*(f"{'abc'[i]}{n}" for i, n in enumerate(units)), f"layer{layer}"])


def network(rng: random.Random) -> Network:
    """Stages of units of layers; many of one shape, some of a shape that few others have."""
    sizes = [rng.randint(2, 3) for _ in range(rng.randint(0, 2))] + [rng.randint(1, 4)]
    kinds = [(8, 8), (8, 8, 3, 3), (16, 8)][: rng.randint(1, 3)]
    by_stage = rng.random() < 0.5
    shapes: dict[Place, tuple[int, ...]] = {}
    for place in product(*map(range, sizes)):
        shape = kinds[place[-1] % len(kinds)] if rng.random() < 0.8 else rng.choice(kinds)
        shapes[place] = (shape[0] * (1 + place[0] * by_stage), *shape[1:])
    places = list(shapes)
    for place in (places[0], places[-1], rng.choice(places)):
        if rng.random() < 0.5:
            shapes[place] = (8, rng.choice([1, 3, 5]))
    return Network(shapes)


def hold_right(
    net: Network, own: Callable[[Place], str], foreign: Callable[[Place], str]
) -> Proposal:
    """What is claimed from the names sorted, all of it right."""
    ours, theirs = net.named(own), net.named(foreign)
    right = dict(zip(ours, theirs, strict=True))
    proposal = propose(ours, dict(sorted(theirs.items())))
    assert [pair for pair in settled(proposal) if right[pair.ours] != pair.theirs] == []
    for name, candidates in proposal.ambiguous.items():
        assert proposal.ordered or right[name] in {candidate.name for candidate in candidates}
    return proposal


def settled(proposal: Proposal) -> list[Pair]:
    """What rests on something else than the order of the file."""
    return [pair for pair in proposal.pairs if pair.by != "order"]


@given(RANDOM)
@settings(max_examples=500, deadline=None)
def test_no_claim_is_wrong_whichever_way_units_are_counted(rng: random.Random) -> None:
    """Stage first or unit first, each upwards or downwards, from 0, 1 or 9."""
    net = network(rng)
    depth = len(next(iter(net.shapes))) - 1
    levels, down = rng.sample(range(depth), depth), [rng.random() < 0.3 for _ in range(depth)]
    start, words = rng.choice([0, 1, 9]), [rng.choice(["stage", "u", ""]) for _ in range(depth)]

    def foreign(place: Place) -> str:
        units = [f"{words[i]}{start + (3 - place[i] if down[i] else place[i])}" for i in levels]
        return ".".join([*units, f"{'xyzw'[place[-1]]}"])

    hold_right(net, rng.choice([tree, lambda place: f"m{hash(place)}"]), foreign)


@given(RANDOM)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_no_claim_is_wrong_under_a_permutation_that_shapes_tell(rng: random.Random) -> None:
    """Always the same permutations: about one in some thousands counts up wherever shapes can tell
    and nowhere else, which `numbering` takes for granted not to be, and is then wrong."""
    net = network(rng)
    places = list(net.shapes)
    orders = [rng.sample(range(4), 4) for _ in places[0]]
    moved = {
        place: tuple(order[n] for order, n in zip(orders, place, strict=True)) for place in places
    }
    by_number = sorted(places, key=moved.__getitem__)
    assume([net.shapes[p] for p in by_number] != list(net.shapes.values()))
    hold_right(net, tree, lambda place: tree(moved[place]))


@given(RANDOM)
@settings(max_examples=300, deadline=None)
def test_branches_in_another_order_are_not_taken_for_each_other(rng: random.Random) -> None:
    """Each unit holds layers in sequence and two branches, which theirs has the other way round."""
    net = network(rng)
    shape = rng.choice([(8, 8), (8, 8, 3, 3)])
    units = dict.fromkeys(place[:-1] for place in net.shapes)
    whole: dict[Place, tuple[int, ...]] = {}
    for unit in units:
        whole |= {p: s for p, s in net.shapes.items() if p[:-1] == unit}
        whole |= {(*unit, 8): shape, (*unit, 9): shape}
    form = rng.choice(["branch{}", "branch{}.conv", "path.{}"])

    def branch(place: Place, swapped: bool) -> str:
        if place[-1] < 8:
            return tree(place)
        number = 17 - place[-1] if swapped else place[-1]
        return ".".join([*tree(place).split(".")[:-1], form.format(number)])

    proposal = hold_right(Network(whole), lambda p: branch(p, False), lambda p: branch(p, True))
    assert not [p for p in proposal.pairs if p.by == "numbers" and re.search("branch|path", p.ours)]


# Cases

CONV, STEM, NORM = (8, 8, 3, 3), (8, 3, 3, 3), (8,)


def by_numbers(own: Shapes, theirs: Shapes) -> dict[str, str]:
    pairs = propose(own, dict(sorted(theirs.items()))).pairs
    return {pair.ours: pair.theirs for pair in pairs if pair.by == "numbers"}


def sequence(numbers: list[int], word: str = "features.{}.weight") -> Shapes:
    """A stem and layers that are all alike."""
    return {word.format(n): CONV if i else STEM for i, n in enumerate(numbers)}


def test_ten_comes_behind_two() -> None:
    theirs = sequence([0, 2, 3, 10, 11, 100])
    own = sequence(list(range(6)), "l{}.weight")
    assert list(by_numbers(own, theirs).values()) == list(theirs)[1:]


def test_alike_from_end_to_end_the_numbers_are_not_borne_out() -> None:
    alike = {f"{i}.weight": CONV for i in range(12)}
    assert not by_numbers(alike, alike)


@pytest.mark.parametrize("numbers", [[11, *range(10, 0, -1)], [3, 1, 2, *range(4, 12)]])
def test_counted_otherwise_the_numbers_settle_nothing(numbers: list[int]) -> None:
    assert not by_numbers(sequence(list(range(len(numbers))), "l{}.weight"), sequence(numbers))


def test_a_table_that_may_be_read_by_columns_is_left_alone() -> None:
    """Both ways the first is the stem and the others are alike."""
    places = list(product(range(2), range(2)))
    own = {f"stage{i}.{j}.weight": CONV if i + j else STEM for i, j in places}
    theirs = {f"unit{9 + j}.{i}.weight": CONV if i + j else STEM for i, j in places}
    assert not by_numbers(own, theirs)


def test_a_table_read_backwards_by_columns_is_left_alone() -> None:
    """Its units have the shapes of those of ours, and those that shapes settle go up."""
    a, b = (8, 8), CONV
    rows = [[(8, 1), b, a, a], [a, b, a, b], [a, b, a, a], [a, b, a, (8, 1)]]
    own: Shapes = {}
    theirs: Shapes = {}
    for (i, j), shapes in zip(product(range(2), range(2)), rows, strict=True):
        for k, shape in enumerate(shapes):
            own[f"a{i}.b{j}.layer{k}.weight"] = shape
            theirs[f"stage{3 - j}.stage{3 - i}.{'xyzw'[k]}.weight"] = shape
    right = dict(zip(own, theirs, strict=True))
    assert by_numbers(own, theirs).items() <= right.items()


def test_a_table_whose_rows_shapes_tell_is_read_by_rows() -> None:
    places = list(product(range(2), range(3)))
    shapes = [(8, 3), (8, 8), (8, 8), (16, 8), (16, 16), (16, 16)]
    own, theirs = (
        {f"{start + i}.{j}.weight": shape for (i, j), shape in zip(places, shapes, strict=True)}
        for start in (0, 9)
    )
    assert len(by_numbers(own, theirs)) == 4


def test_norms_go_along_with_their_convolutions_but_not_with_what_runs_beside() -> None:
    layers = {"conv1": STEM, "bn1": NORM, "conv2": CONV, "bn2": NORM}
    own = {f"unit.{name}.weight": shape for name, shape in layers.items()}
    along = by_numbers(own, {name.replace("unit", "u"): own[name] for name in own})
    assert along == {f"unit.bn{n}.weight": f"u.bn{n}.weight" for n in (1, 2)}
    beside = {"conv1": STEM, "conv2": CONV, "branch1": NORM, "branch2": NORM}
    own = {f"unit.{name}.weight": shape for name, shape in beside.items()}
    assert not by_numbers(own, own)


def test_one_more_of_a_kind_leaves_the_kind_open() -> None:
    own = sequence([0, 1, 2], "l{}.weight")
    assert not by_numbers(own, sequence([0, 1, 2, 3]))


def test_a_great_many_alike_are_not_compared() -> None:
    many = numbering.MAX_CHOICES // 600
    layers = groups(sequence(list(range(many))))
    assert not numbering.by_numbers(layers, layers, np.ones((many, many), np.bool_))
