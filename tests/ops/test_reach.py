"""What layers say that their results are made of, against autograd: unit by unit, every layer."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from analysis.probe import linear
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from archlang.backends.recipes import build, call
from archlang.diagnostics.model import Mistake
from archlang.ops.base import Op, Shape
from archlang.ops.classic import Maxout
from archlang.ops.convolution import Conv
from archlang.ops.reach import Hop, Reach, window
from archlang.ops.recipe import Module
from archlang.ops.resampling import ResizeLike, Upsample

from .strategies import EVERY, cases

Places = set[tuple[int, ...]]
SHAPES = ((4, 6, 5), (8, 9), (4, 3, 4, 3), (8,), (4, 4, 4))
BORDERS = ("reflect", "replicate", "circular")
CLAMPED = (Upsample, ResizeLike)
"""At a border they take the last unit instead of one that is not there."""


def legal(op: Op, xs: tuple[Shape, ...]) -> bool:
    try:
        op.infer(*xs)
    except Mistake:
        return False
    return True


def results(op: Op, xs: tuple[Shape, ...], inputs: list[Tensor]) -> list[Tensor]:
    recipe = op.recipe(*xs)
    if isinstance(op, Maxout):
        made = inputs[0].unflatten(1, (-1, op.k)).mean(dim=2)  # any of them may be the greatest
    elif isinstance(recipe, Module):
        with torch.device("meta"):
            module = build(recipe)
        torch.manual_seed(0)
        made = linear(module)(*inputs)
    else:
        made = call(recipe, inputs)
    return [made] if isinstance(made, Tensor) else list(made)


def told(hop: Hop, unit: int, size: int, clamped: bool) -> set[int]:
    """The units of an axis that a unit is made of, of those that are there."""
    found = set(range(size)) if hop.whole else set()
    if hop.taps:
        turn, phase = divmod(unit, len(hop.taps))
        places = {hop.step * turn + tap for tap in hop.taps[phase]}
        if clamped:
            places = {min(max(place, 0), size - 1) for place in places}
        found |= {place for place in places if 0 <= place < size}
    return found


def hold(op: Op, xs: tuple[Shape, ...]) -> None:
    """Hold what a layer says of all its inputs and all units of its results."""
    torch.manual_seed(1)
    inputs = [(torch.rand(2, *x, dtype=torch.float64) + 0.5).requires_grad_() for x in xs]
    made = results(op, xs, inputs)
    reaches = op.reach(*xs)
    assert len(reaches) == len(xs)
    for y, (x, reach) in product(made, zip(inputs, reaches, strict=True)):
        for unit in product(*map(range, y.shape[2:])):
            seen = touched(y, unit, x)
            if reach is None:
                assert not any(seen.values())
            else:
                hold_unit(reach, unit, x, seen, isinstance(op, CLAMPED))


def touched(y: Tensor, unit: tuple[int, ...], x: Tensor) -> dict[tuple[int, int], Places]:
    """The places of the input that a unit depends on, by channel of the result and the input."""
    found: dict[tuple[int, int], Places] = {}
    for out in range(y.shape[1]):
        value = y[(0, out, *unit)]
        grad = None
        if value.requires_grad:
            (grad,) = torch.autograd.grad(value, x, retain_graph=True, allow_unused=True)
        for channel in range(x.shape[1]):
            there = [] if grad is None else (grad[0, channel].abs() > 1e-13).nonzero().tolist()
            found[out, channel] = set(map(tuple, there))
    return found


def hold_unit(
    reach: Reach,
    unit: tuple[int, ...],
    x: Tensor,
    seen: dict[tuple[int, int], Places],
    clamped: bool,
) -> None:
    """Hold what is said of one unit: which places, and how the channels meet."""
    assert len(reach.hops) == x.dim() - 2
    places = unit if len(unit) == len(reach.hops) else (0,) * len(reach.hops)
    said = product(*(
        told(hop, place, size, clamped)
        for hop, place, size in zip(reach.hops, places, x.shape[2:], strict=True)
    ))  # fmt: skip
    expected = set(said)
    everything: Places = set().union(*seen.values())
    assert everything <= expected
    if not reach.exact:
        return
    outs, channels = {out for out, _ in seen}, {channel for _, channel in seen}
    assert everything == expected
    if reach.channels not in ("apart", "part"):
        for out in outs:
            assert set().union(*(seen[out, c] for c in channels)) == expected
    if reach.channels != "picked":
        for channel in channels:
            assert set().union(*(seen[out, channel] for out in outs)) == expected
    if reach.channels == "mixed":
        assert all(found == expected for found in seen.values())


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_layer_is_made_of_what_it_says(kind: type[Op], data: st.DataObject) -> None:
    op, xs = data.draw(cases(kind, data.draw(st.sampled_from(SHAPES))))
    assume(legal(op, xs))
    assume(not {getattr(op, "mode", ""), getattr(op, "padding_mode", "")} & set(BORDERS))
    hold(op, xs)


class ForgetsDilation(Conv):
    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (Reach((window(3, 1, 2),) * 2, "mixed"),)


class ForgetsGroups(Conv):
    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (Reach((window(3, 1, 2, 2),) * 2, "mixed"),)


class SaysTooMuch(Conv):
    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (Reach((window(5, 1, 2),) * 2, "kept"),)


@pytest.mark.parametrize("kind", [ForgetsDilation, ForgetsGroups, SaysTooMuch])
def test_a_layer_that_says_something_wrong_is_found(kind: type[Conv]) -> None:
    settings_ = {"out": 4, "kernel": 3, "dilation": 2, "groups": 2}
    hold(Conv(**settings_), ((4, 7, 7),))
    with pytest.raises(AssertionError):
        hold(kind(**settings_), ((4, 7, 7),))
