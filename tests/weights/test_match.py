"""Matching by order and shapes: right where it says so, and silent where it cannot know."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision_shim import torchvision

import archlang
from archlang.weights.keys.alignment import align
from archlang.weights.keys.groups import fit, groups
from archlang.weights.keys.match import Proposal, Theirs, propose
from archlang.weights.keys.torchvision import COUNTERPARTS

Shapes = dict[str, tuple[int, ...]]

CONV, WIDE, HEAD = (8, 8, 3, 3), (16, 8, 3, 3), (10, 16)


def named(shapes: list[tuple[int, ...]], prefix: str = "m") -> Shapes:
    """One layer for each shape."""
    return {f"{prefix}{i:03}.weight": shape for i, shape in enumerate(shapes)}


def pairs(proposal: Proposal) -> dict[str, str]:
    return {pair.ours: pair.theirs for pair in proposal.pairs}


# What every alignment has in common


def longest(fits: np.ndarray) -> list[frozenset[tuple[int, int]]]:
    """All longest common subsequences, each as its pairs, by trying everything."""

    @cache
    def all_from(i: int, j: int) -> frozenset[frozenset[tuple[int, int]]]:
        if i == fits.shape[0] or j == fits.shape[1]:
            return frozenset({frozenset()})
        found = all_from(i + 1, j) | all_from(i, j + 1)
        if fits[i, j]:
            found |= {rest | {(i, j)} for rest in all_from(i + 1, j + 1)}
        return found

    every = all_from(0, 0)
    best = max(map(len, every))
    return [pairs for pairs in every if len(pairs) == best]


@given(st.lists(st.integers(0, 2), max_size=6), st.lists(st.integers(0, 2), max_size=6))
@settings(max_examples=300, deadline=None)
def test_the_tables_agree_with_trying_every_alignment(a: list[int], b: list[int]) -> None:
    fits = np.array([[x == y for y in b] for x in a], bool).reshape(len(a), len(b))
    every = longest(fits)
    length, shared = align(fits)
    assert length == len(every[0])
    assert set(shared) == frozenset.intersection(*every)


@given(st.integers(0, 5), st.integers(0, 5), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_what_fits_need_not_be_an_equivalence(n: int, m: int, rng: random.Random) -> None:
    fits = np.array([[rng.random() < 0.4 for _ in range(m)] for _ in range(n)], bool).reshape(n, m)
    every = longest(fits)
    assert set(align(fits).pairs) == frozenset.intersection(*every)


SIZES = st.sampled_from([(4,), (4, 2), (4, 2, 1, 1), (4, 18), (4, 2, 3, 3), (2, 9, 2, 1), ()])


@given(st.lists(SIZES, max_size=12), st.lists(SIZES, max_size=12))
@settings(max_examples=300, deadline=None)
def test_pairs_are_one_to_one_and_fit(a: list[tuple[int, ...]], b: list[tuple[int, ...]]) -> None:
    own, theirs = named(a), named(b, "n")
    proposal = propose(own, theirs)
    for pair in proposal.pairs:
        want, have = own[pair.ours], theirs[pair.theirs]
        assert fit((("weight", want),), (("weight", have),))
        assert pair.reshape == (None if want == have else want)
        assert np.prod(want, dtype=int) == np.prod(have, dtype=int)
    used = [pair.theirs for pair in proposal.pairs]
    assert len(used) == len(set(used))
    ours = [*pairs(proposal), *proposal.ambiguous, *proposal.missing]
    assert sorted(ours) == sorted(own), "each of ours is in one list"
    meant = {c.name for some in proposal.ambiguous.values() for c in some}
    assert not meant & set(used)
    assert sorted([*used, *meant, *proposal.unused]) == sorted(theirs)
    for name, some in proposal.ambiguous.items():
        assert some, "with candidates"
        assert all(fit((("weight", own[name]),), (("weight", theirs[c.name]),)) for c in some)


@given(st.lists(SIZES, max_size=12))
def test_the_same_from_end_to_end_is_certain(a: list[tuple[int, ...]]) -> None:
    proposal = propose(named(a), named(a, "n"))
    assert list(pairs(proposal).values()) == list(named(a, "n"))
    assert {pair.by for pair in proposal.pairs} <= {"order"}


@given(st.lists(SIZES, min_size=1, max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None)
def test_no_claim_is_wrong_while_layers_of_a_kind_keep_their_order(
    shapes: list[tuple[int, ...]], rng: random.Random
) -> None:
    own = named(shapes)
    kinds = {group.names["weight"]: group.family for group in groups(own)}
    order = list(own)
    for _ in range(rng.randint(0, 40)):
        i = rng.randrange(len(order))
        if i and kinds[order[i - 1]] != kinds[order[i]]:
            order[i - 1 : i + 1] = order[i], order[i - 1]
    # of no order: no numbers either, which could by chance look as if they were sorted
    names = {name: "".join(rng.choices("abcdefgh", k=12)) + f".{name}" for name in own}
    proposal = propose(own, {names[name]: own[name] for name in order})
    assert all(pair.theirs == names[pair.ours] for pair in proposal.pairs)


# Cases


def test_which_of_several_alike_is_missing_cannot_be_known() -> None:
    proposal = propose(named([WIDE, CONV, CONV, CONV, HEAD]), named([WIDE, CONV, CONV, HEAD], "n"))
    assert pairs(proposal) == {"m000.weight": "n000.weight", "m004.weight": "n003.weight"}
    both = {Theirs("n001.weight"), Theirs("n002.weight")}
    assert {name: set(some) for name, some in proposal.ambiguous.items()} == {
        f"m00{i}.weight": both for i in (1, 2, 3)
    }
    assert proposal.ambiguous["m002.weight"][0] == Theirs("n002.weight"), "the nearest first"
    assert not proposal.complete


def test_a_shortcut_registered_first_is_found_by_its_shape() -> None:
    ours = named([WIDE, CONV, (16, 8, 1, 1), HEAD])
    proposal = propose(ours, {"short": (16, 8, 1, 1), "one": WIDE, "more": CONV, "head": HEAD})
    assert pairs(proposal)["m002.weight"] == "short" and proposal.complete
    assert [pair.by for pair in proposal.pairs] == ["order", "order", "shape", "order"]


def test_a_shortcut_of_a_shape_that_a_convolution_has_too_is_ambiguous() -> None:
    block = [(64, 256, 1, 1), (64, 64, 3, 3)]
    same = (256, 64, 1, 1)
    proposal = propose(named([*block, same, same]), named([same, *block, same], "n"))
    assert pairs(proposal) == {"m000.weight": "n001.weight", "m001.weight": "n002.weight"}
    assert set(proposal.ambiguous) == {"m002.weight", "m003.weight"}


def test_what_moved_by_one_is_not_taken_for_its_neighbour() -> None:
    """The longest common subsequence is a X b: the second X of ours, the first of theirs."""
    unique = [(n, 3) for n in range(20, 26)]
    own = dict(zip("XaYbcdef", [CONV, unique[0], CONV, *unique[1:]], strict=True))
    proposal = propose(own, {name: own[name] for name in "aXbYcdef"})
    assert pairs(proposal) == {name: name for name in "abcdef"}
    assert set(proposal.ambiguous) == {"X", "Y"} and proposal.ordered


def test_another_head_leaves_the_rest_certain() -> None:
    proposal = propose(named([WIDE, CONV, HEAD]), named([WIDE, CONV, (1000, 16)], "n"))
    assert proposal.missing == ("m002.weight",) and proposal.unused == ("n002.weight",)
    assert len(proposal.pairs) == 2 and not proposal.complete


@pytest.mark.parametrize(
    ("kernel", "matrix"),
    [((4096, 512, 7, 7), (4096, 25088)), ((10, 512, 1, 1), (10, 512)), ((6, 5, 4), (6, 20))],
)
def test_a_convolution_over_its_whole_map_is_a_linear_layer(
    kernel: tuple[int, ...], matrix: tuple[int, ...]
) -> None:
    for own, theirs in ((kernel, matrix), (matrix, kernel)):
        (pair,) = propose({"a.weight": own}, {"b.weight": theirs}).pairs
        assert pair.reshape == own


@pytest.mark.parametrize("other", [(25088, 4096), (512, 4096, 7, 7), (4096, 49, 512, 1), (4096,)])
def test_nothing_is_transposed(other: tuple[int, ...]) -> None:
    assert not fit((("weight", (4096, 512, 7, 7)),), (("weight", other),))
    proposal = propose({"a.weight": (4096, 512, 7, 7)}, {"b.weight": other})
    assert proposal.missing == ("a.weight",) and proposal.unused == ("b.weight",)


def test_a_reshaped_kernel_holds_the_numbers_that_the_linear_layer_needs() -> None:
    conv = nn.Conv2d(3, 5, 4, dtype=torch.float64)
    linear = nn.Linear(48, 5, dtype=torch.float64)
    own, theirs = ({k: tuple(v.shape) for k, v in m.state_dict().items()} for m in (linear, conv))
    (weight, bias) = propose(own, theirs).pairs
    state = conv.state_dict()
    assert weight.reshape is not None and bias.reshape is None
    linear.load_state_dict({"weight": state["weight"].reshape(weight.reshape), "bias": conv.bias})
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(linear(x.flatten(1)), conv(x).flatten(1))


@pytest.mark.parametrize(
    "leaves",
    [
        ("scale", "bias", "mean", "var"),  # Flax
        ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0"),  # Keras
    ],
)
@pytest.mark.parametrize("separator", ["/", ".", "_"])
def test_other_libraries_words_are_known(leaves: tuple[str, ...], separator: str) -> None:
    own = {k: tuple(v.shape) for k, v in nn.BatchNorm2d(7).state_dict().items()}
    theirs = {f"norm{separator}{leaf}": (7,) for leaf in sorted(leaves)}
    proposal = propose(own, theirs)
    assert pairs(proposal) == {
        ours: f"norm{separator}{leaf}" for ours, leaf in zip(own, leaves, strict=False)
    }
    assert proposal.missing == ("num_batches_tracked",)
    assert proposal.complete, "nothing depends on a counter"


def test_a_name_nobody_knows_is_a_layer_of_its_own() -> None:
    found = groups({"token": (1, 4), "a.in_proj_weight": (3, 4), "a.in_proj_bias": (3,), "x": ()})
    assert [g.layer for g in found] == ["token", "a.in_proj", "x"]
    assert pairs(propose({"cls": (1, 4)}, {"token": (1, 4)})) == {"cls": "token"}


def test_nothing_on_either_side() -> None:
    assert propose({}, {"a": (1,)}).unused == ("a",)
    assert propose({"a": (1,)}, {}).missing == ("a",)
    assert propose({}, {}) == Proposal((), {}, (), ())


def test_a_thousand_layers_take_well_under_a_second() -> None:
    blocks = [[(8 * w, 8, 1, 1), CONV, (8, 8 * w, 1, 1)] for w in range(1, 112) for _ in range(3)]
    ours = named([shape for block in blocks for shape in block])
    theirs = dict(list(ours.items())[3:])
    start = time.process_time()
    assert len(ours) == 999 and propose(ours, theirs).pairs
    assert time.process_time() - start < 0.5


def test_a_checkpoint_of_far_too_many_tensors_is_no_bomb() -> None:
    theirs = {f"l{i}.weight": CONV for i in range(40_000)}
    own = named([CONV] * 300)
    start = time.process_time()
    assert not propose(own, theirs).pairs
    assert time.process_time() - start < 5


# Real networks, registered in another order. torchvision's own names say what is right.

ORDERS: dict[str, Callable[[list[str], random.Random], list[str]]] = {
    "sorted": lambda layers, _: sorted(layers),
    "reversed": lambda layers, _: layers[::-1],
    "shuffled": lambda layers, rng: rng.sample(layers, len(layers)),
    "norms last": lambda layers, _: sorted(layers, key=lambda n: (top(n), is_norm(n))),
    "shortcuts first": lambda layers, _: shortcuts_first(layers),
}
QUICK = ("resnet18", "resnet50", "vgg11_bn", "vgg19", "densenet121")
NETWORKS = sorted(set(COUNTERPARTS.values()) - {"googlenet"})


def top(layer: str) -> list[int]:
    """Where the block of a layer stands."""
    return [int(n) for n in re.findall(r"\d+", layer.rpartition(".")[0])] or [-1]


def is_norm(layer: str) -> bool:
    return bool(re.search(r"bn|norm|downsample\.1", layer))


def shortcuts_first(layers: list[str]) -> list[str]:
    first = {
        re.sub(r"\.(conv|bn|downsample).*", "", n): i for i, n in reversed([*enumerate(layers)])
    }
    return sorted(
        layers,
        key=lambda n: (first[re.sub(r"\.(conv|bn|downsample).*", "", n)], "downsample" not in n),
    )


def shapes_of(builder: str) -> Shapes:
    with torch.device("meta"):
        extra = {"init_weights": False} if builder == "googlenet" else {}
        model = getattr(torchvision.models, builder)(**extra)
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "builder", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in NETWORKS]
)
def test_what_is_claimed_of_another_order_is_right(builder: str, order: str) -> None:
    own = shapes_of(builder)
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in own))
    hold_right(own, ORDERS[order](layers, random.Random(0)))


@pytest.mark.parametrize("builder", QUICK)
def test_one_layer_elsewhere_spoils_nothing(builder: str) -> None:
    """It does not pass one of its own kind: that would be the same order of shapes again."""
    own = shapes_of(builder)
    layers = {group.layer: group.family for group in groups(own)}
    for seed in range(8):
        rng = random.Random(seed)
        order = list(layers)
        here = rng.randrange(len(order) - 1)
        there = here + 1
        while there < len(order) - 1 and layers[order[there + 1]] != layers[order[here]]:
            there += 1
        if layers[order[here]] != layers[order[here + 1]]:
            order.insert(rng.randint(here + 1, there), order.pop(here))
        proposal = hold_right(own, order)
        assert len(proposal.pairs) > len(own) / 2 or not proposal.ordered


def hold_right(own: Shapes, order: list[str]) -> Proposal:
    """All that is claimed of layers in that order, and nothing is lost."""
    place = {layer: i for i, layer in enumerate(order)}
    theirs = dict(sorted(own.items(), key=lambda item: place[item[0].rpartition(".")[0]]))
    proposal = propose(own, theirs)
    assert proposal.pairs, "the first convolution has a shape of its own"
    assert [p for p in proposal.pairs if p.ours != p.theirs] == []
    assert not proposal.missing and not proposal.unused
    return proposal


@pytest.mark.parametrize("builder", QUICK)
def test_names_sorted_as_in_safetensors_files_are_no_order(builder: str) -> None:
    own = shapes_of(builder)
    theirs = dict(sorted(own.items(), key=lambda item: (item[1] != (), item[0])))
    proposal = propose(own, theirs)
    assert not proposal.ordered and {p.by for p in proposal.pairs} == {"shape", "numbers"}
    assert [p for p in proposal.pairs if p.ours != p.theirs] == []
    assert proposal.complete


def test_ten_before_two_is_seen_even_where_all_shapes_are_alike() -> None:
    own = {f"{i}.weight": CONV for i in range(12)}
    assert propose(own, own).complete
    proposal = propose(own, dict(sorted(own.items())))
    assert not proposal.pairs and len(proposal.ambiguous) == 12
    down = {f"up{i}.weight": CONV for i in (4, 3, 2, 1)}
    assert propose(down, down).complete, "counted down, as decoders are, is an order"


def test_our_networks_against_torchvision_agree_with_the_key_map() -> None:
    from archlang.weights.keys.torchvision import key_map

    for name in ("ResNet50", "VGG16BN", "DenseNet121", "AlexNet"):
        with torch.device("meta"):
            own = {k: tuple(v.shape) for k, v in archlang.load(name).state_dict().items()}
        paths = key_map(archlang.network(name))
        assert paths is not None
        split = {key: key.rpartition(".") for key in own}
        expected = {key: f"{paths[path]}.{leaf}" for key, (path, _, leaf) in split.items()}
        assert pairs(propose(own, shapes_of(COUNTERPARTS[name]))) == expected
