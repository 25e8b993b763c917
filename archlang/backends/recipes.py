"""Recipes turned into torch: the one place where their dotted names become objects."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from archlang.backends import fused, runtime
from archlang.graph import Node, shapes
from archlang.ops.recipe import (
    Argument,
    Fold,
    Function,
    Input,
    Inputs,
    Module,
    PassThrough,
    Recipe,
)

_ROOMS: dict[str, object] = {
    "nn": nn,
    "torch": torch,
    "F": functional,
    "operator": operator,
    "runtime": runtime,
    "fused": fused,
}
FROZEN: Mapping[str, str] = MappingProxyType(
    {f"nn.BatchNorm{rank}d": f"runtime.FrozenBatchNorm{rank}d" for rank in (1, 2, 3)}
)
"""The modules of ours that have running statistics, and what keeps them as they are."""


def recipe_of(node: Node) -> Recipe:
    """How torch makes a node; a layer that is frozen keeps its running statistics as they are."""
    recipe = node.op.recipe(*shapes(node))
    if node.frozen == "layer" and isinstance(recipe, Module):
        return _frozen(recipe)
    return recipe


def _frozen(recipe: Module) -> Module:
    """A module's recipe and those nested in it, with frozen batch norms."""

    def within(argument: Argument) -> Argument:
        return _frozen(argument) if isinstance(argument, Module) else argument

    kwargs = tuple((name, within(a)) for name, a in recipe.kwargs)
    return Module(FROZEN.get(recipe.target, recipe.target), tuple(map(within, recipe.args)), kwargs)


@cache
def resolve(target: str) -> Callable[..., Any]:
    """What a recipe's target names, such as `nn.Conv2d`, `torch.cat` or `runtime.crop`."""
    room, *names = target.split(".")
    return reduce(getattr, names, _ROOMS[room])  # pyright: ignore[reportReturnType]: by the recipes' promise


def build(recipe: Module) -> nn.Module:
    """Construct the module a recipe describes, and those nested in it."""
    args = [_built(a) for a in recipe.args]
    kwargs = {name: _built(a) for name, a in recipe.kwargs}
    return resolve(recipe.target)(*args, **kwargs)


def _built(argument: Argument) -> object:
    return build(argument) if isinstance(argument, Module) else argument


def fill(argument: Argument, inputs: Sequence[Any]) -> Any:
    """An argument of a function with the inputs (tensors or fx nodes) in their places."""
    if isinstance(argument, Input):
        return inputs[argument.index]
    if isinstance(argument, Inputs):
        return list(inputs)
    if isinstance(argument, tuple):
        return tuple(fill(a, inputs) for a in argument)
    return argument


def call(recipe: Recipe, inputs: Sequence[Any]) -> Any:
    """Apply a recipe to tensors; one that is a module is constructed for this call alone."""
    match recipe:
        case PassThrough():
            return inputs[0]
        case Fold(target):
            return reduce(resolve(target), inputs)
        case Function(target, args, kwargs):
            filled = {name: fill(a, inputs) for name, a in kwargs}
            return resolve(target)(*(fill(a, inputs) for a in args), **filled)
        case Module():
            return build(recipe)(*inputs)
