"""Every layer against torch: shape, parameters, MACs, and what is legal."""

from __future__ import annotations

import inspect
from math import prod

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from archlang.backends.recipes import build, call, resolve
from archlang.diagnostics.catalog import shapes as problems
from archlang.diagnostics.model import Mistake
from archlang.ops.base import Op, Shape
from archlang.ops.convolution import Conv
from archlang.ops.normalisation import LayerNorm
from archlang.ops.recipe import Module, Recipe

from .strategies import EVERY, cases

BATCH = 2
TORCH_REFUSES = (RuntimeError, ValueError, IndexError, TypeError, AssertionError)
MAPS_ONLY = [kind for kind in EVERY if kind.name not in ("fc", "rbf")]
every_layer = pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
quick = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def inferred(op: Op, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shapes of all results."""
    found = op.infer(*xs)
    if found and isinstance(found[0], tuple):
        return found  # pyright: ignore[reportReturnType]: several results
    return (found,)  # pyright: ignore[reportReturnType]: a single one


def legal(op: Op, xs: tuple[Shape, ...]) -> Mistake | None:
    """What the layer itself holds against these inputs, if anything."""
    try:
        op.infer(*xs)
    except Mistake as mistake:
        return mistake
    return None


def tensors(xs: tuple[Shape, ...], device: str) -> list[torch.Tensor]:
    return [torch.ones(BATCH, *x, device=device) for x in xs]


def results(recipe: Recipe, xs: tuple[Shape, ...], device: str) -> tuple[Shape, ...]:
    """The shapes torch gives, without the batch."""
    with torch.device(device):
        y = call(recipe, tensors(xs, device))
    return tuple(tuple(t.shape[1:]) for t in ([y] if isinstance(y, torch.Tensor) else y))


def torch_params(recipe: Recipe) -> int:
    if not isinstance(recipe, Module):
        return 0
    with torch.device("meta"):
        return sum(p.numel() for p in build(recipe).parameters() if p.requires_grad)


def torch_macs(recipe: Recipe, xs: tuple[Shape, ...]) -> float:
    with FlopCounterMode(display=False) as counter:
        results(recipe, xs, "meta")
    return counter.get_total_flops() / 2 / BATCH


def hold(op: Op, xs: tuple[Shape, ...]) -> None:
    """The contract of a layer with legal inputs."""
    recipe = op.recipe(*xs)
    assert inferred(op, xs) == results(recipe, xs, "meta") == results(recipe, xs, "cpu")
    assert op.params(*xs) == torch_params(recipe)
    assert op.macs(*xs) == torch_macs(recipe, xs)


def refused_by_torch(op: Op, xs: tuple[Shape, ...]) -> bool:
    """Whether torch cannot run the layer either; one without a recipe counts as refused."""
    try:
        results(op.recipe(*xs), xs, "cpu")
    except (Mistake, *TORCH_REFUSES):
        return True
    return False


def stricter(mistake: Mistake, op: Op, xs: tuple[Shape, ...]) -> bool:
    """Where the language means to be stricter than torch.

    torch guesses at a missing batch, works on the last axis of anything, broadcasts over ranks, and
    lets a setting stand that has no effect; a reader of a spec is better served by an error.
    """
    by_design = (problems.NeedsMap, problems.NeedsVector, problems.WrongRank)
    if isinstance(mistake.problem, by_design):
        return True
    if isinstance(mistake.problem, problems.MergeShapes | problems.NothingFits):
        return len({len(x) for x in xs}) > 1 or type(op).__name__ in ("CropLike", "PadShortcut")
    said = mistake.problem.message()
    return any(words in said for words in DESIGNED)


DESIGNED = (
    "behind its channels",
    "takes its border from the map",
    "names a channel twice",
    "is no shape",
    "split cannot divide",
    "there is no channel",
    "both a scale and a size",
)


@every_layer
@quick
@given(data=st.data())
def test_what_is_legal_is_what_torch_computes(kind: type[Op], data: st.DataObject) -> None:
    op, xs = data.draw(cases(kind))
    mistake = legal(op, xs)
    if mistake is None:
        hold(op, xs)
    else:
        assert mistake.problem.message() and mistake.problem.help()
        assert stricter(mistake, op, xs) or refused_by_torch(op, xs), mistake


@every_layer
@quick
@given(data=st.data())
def test_any_shape_gives_a_shape_or_a_mistake(kind: type[Op], data: st.DataObject) -> None:
    op, xs = data.draw(cases(kind))
    anything = st.lists(st.integers(1, 30), min_size=1, max_size=6).map(tuple)
    others = tuple(data.draw(anything) for _ in xs)
    if legal(op, others) is None:
        assert all(n >= 1 for shape in inferred(op, others) for n in shape)


@every_layer
@quick
@given(data=st.data())
def test_recipes_do_not_know_the_size(kind: type[Op], data: st.DataObject) -> None:
    op, xs = data.draw(cases(kind))
    larger = tuple((x[0], *(2 * n for n in x[1:])) for x in xs)
    assume(legal(op, xs) is None and legal(op, larger) is None)
    assume(not (isinstance(op, LayerNorm) and op.axes == "all"))
    assert op.recipe(*xs) == op.recipe(*larger)


@pytest.mark.parametrize("kind", MAPS_ONLY, ids=lambda kind: kind.__name__)
@quick
@given(data=st.data())
def test_strides_say_how_much_coarser_a_map_gets(kind: type[Op], data: st.DataObject) -> None:
    op, xs = data.draw(cases(kind))
    large = tuple((x[0], *(240 for _ in x[1:])) for x in xs)
    assume(len(xs[0]) > 1 and legal(op, large) is None)
    stride = op.stride_of(len(xs[0]) - 1)
    (y,) = inferred(op, large)[:1]
    if stride is not None and kind.__name__ != "Crop":
        for n, s in zip(y[1:], stride, strict=True):
            assert n == pytest.approx(240 / s, rel=0.06)


@pytest.mark.parametrize(
    "kind", [k for k in EVERY if not k.keeps_output], ids=lambda kind: kind.__name__
)
@quick
@given(data=st.data())
def test_next_layer_may_work_in_place_where_it_is_said(kind: type[Op], data: st.DataObject) -> None:
    op, xs = data.draw(cases(kind))
    assume(legal(op, xs) is None)
    recipe = op.recipe(*xs)
    layer = build(recipe) if isinstance(recipe, Module) else lambda *t: call(recipe, t)
    leaves = [torch.randn(BATCH, *x, requires_grad=True) for x in xs]
    gradients = []
    for inplace in (False, True):
        inputs = [leaf * 1 for leaf in leaves]
        y = layer(*inputs)
        assert all(y.untyped_storage().data_ptr() != t.untyped_storage().data_ptr() for t in inputs)
        total = nn.functional.relu(y, inplace=inplace).sum()
        gradients.append(torch.autograd.grad(total, leaves, allow_unused=True))
    for plain, inplace in zip(*gradients, strict=True):
        assert (plain is None and inplace is None) or torch.equal(plain, inplace)


@every_layer
@quick
@given(data=st.data())
def test_inplace_is_said_where_torch_has_it(kind: type[Op], data: st.DataObject) -> None:
    op, xs = data.draw(cases(kind))
    assume(legal(op, xs) is None)
    recipe = op.recipe(*xs)
    takes = (
        isinstance(recipe, Module)
        and "inplace" in inspect.signature(resolve(recipe.target).__init__).parameters
    )
    assert kind.inplace == takes


@every_layer
@quick
@given(data=st.data())
def test_label_is_filled_in(kind: type[Op], data: st.DataObject) -> None:
    op, _ = data.draw(cases(kind))
    assert op.label() and not set("{}()'") & set(op.label()) and "None" not in op.label()


@every_layer
def test_layer_is_documented(kind: type[Op]) -> None:
    assert kind.doc().endswith((".", ").", ":"))
    assert kind.style.family and kind.style.label
    if kind.name:
        assert kind.example.startswith(kind.name)


class WrongShape(Conv):
    """A layer that forgets its stride."""

    def infer(self, *xs: Shape) -> Shape:
        return (self.out, *xs[0][1:])


class WrongParams(Conv):
    """A layer that forgets its bias."""

    def params(self, *xs: Shape) -> int:
        return prod((xs[0][0], 3, 3, self.out))


class WrongMacs(Conv):
    """A layer that counts its additions too."""

    def macs(self, *xs: Shape) -> int:
        return 2 * super().macs(*xs)


@pytest.mark.parametrize("kind", [WrongShape, WrongParams, WrongMacs])
def test_contract_can_fail(kind: type[Conv]) -> None:
    hold(Conv(out=4, stride=2), ((3, 8, 8),))
    with pytest.raises(AssertionError):
        hold(kind(out=4, stride=2), ((3, 8, 8),))
