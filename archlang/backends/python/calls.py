"""Recipes as expressions: how a layer is constructed, or a function called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from archlang.backends.python.expressions import MISSING, Call, Expression, Given, Literal, Operand
from archlang.backends.recipes import resolve
from archlang.ops.recipe import Argument, Function, Input, Inputs, Module


def applied(recipe: Function, member: str, name: Callable[[str], str]) -> Call:
    """How a recipe's function is called, with operands in the places of the tensors."""

    def value(argument: Argument, hint: str) -> Expression:
        match argument:
            case Input(index):
                return Operand(index)
            case Inputs():
                return Operand(None)
            case tuple() if _holds_tensors(argument):
                return Call("()", tuple(Given(value(a, hint)) for a in argument))
            case _:
                return Literal(argument, hint, member)

    names = list(_defaults(recipe.target))
    given: list[Given] = []
    for i, argument in enumerate(recipe.args):
        hint = names[i] if i < len(names) else "value"
        given.append(Given(value(argument, hint), None, _default(recipe, i)))
    given += [Given(value(a, key), key) for key, a in recipe.kwargs]
    return Call(name(recipe.target), tuple(given))


def _holds_tensors(argument: Argument) -> bool:
    if isinstance(argument, tuple):
        return any(map(_holds_tensors, argument))
    return isinstance(argument, (Input, Inputs))


@cache
def _defaults(target: str) -> dict[str, object]:
    """The parameters of a function with their defaults; torch's own functions do not always say."""
    try:
        parameters = inspect.signature(resolve(target)).parameters.values()
    except ValueError:
        return {}
    return {p.name: MISSING if p.default is p.empty else p.default for p in parameters}


def _default(recipe: Function, place: int) -> object:
    """The default of a positional argument, if it and all behind it may be left out."""
    defaults = list(_defaults(recipe.target).values())
    last = place == len(recipe.args) - 1
    return defaults[place] if last and place < len(defaults) else MISSING


def construction(recipe: Module, member: str, name: Callable[[str], str]) -> Call:
    """How a recipe's module is constructed; arguments are known by the names torch gives them.

    `name` gives the text of a target in the file.
    """

    def value(argument: Argument, hint: str) -> Expression:
        if isinstance(argument, Module):
            return construction(argument, member, name)
        return Literal(argument, hint, member)

    parameters = _parameters(recipe.target)
    if parameters is None:
        given = [Given(value(a, "")) for a in recipe.args]
        given += [Given(value(a, key), key) for key, a in recipe.kwargs]
        return Call(name(recipe.target), tuple(given))
    names = list(parameters)
    given = [Given(value(a, names[i])) for i, a in enumerate(recipe.args)]
    said = dict(recipe.kwargs)
    for key in names[len(recipe.args) :]:
        default = parameters[key]
        if key in said:
            given.append(Given(value(said[key], key), key, default))
        elif default is not inspect.Parameter.empty:
            given.append(Given(Literal(default, key, member), key, default))
    return Call(name(recipe.target), tuple(given))


@cache
def _parameters(target: str) -> dict[str, Any] | None:
    """The parameters of a module class with their defaults; None if it takes any number of them."""
    signature = inspect.signature(resolve(target))
    kinds = {p.kind for p in signature.parameters.values()}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        return None
    usual = {"device", "dtype"}
    return {n: p.default for n, p in signature.parameters.items() if n not in usual}
