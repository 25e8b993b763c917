"""The names every spec starts with: layers, matching operators, initialisers and functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from archlang.diagnostics.catalog.arguments import BadFunctionCall
from archlang.diagnostics.catalog.limits import HugeResult, TooManySteps
from archlang.diagnostics.model import Mistake
from archlang.ops.initial import INITIALISERS
from archlang.ops.registry import builtin
from archlang.semantics.values import Env, Function, InitialiserKind, MatchingKind, OpKind

MATCHING = ("project", "fixed", "scale", "resize")
"""Matching operators that are not also layers (`identity`, `pad` and `crop` are both)."""
MATCHING_LAYERS = ("identity", "pad", "crop")
METRICS = ("params", "macs", "depth", "receptive_field", "input", "output")
"""What only a finished network has; an assert may name it."""
MAX_LIST = 100_000
"""No list of constants is longer."""
MAX_DIGITS = 30
MAX_RANGE = 1_000_000
"""No loop runs longer."""


def _finite(values: Iterable[Any], function: str) -> tuple[Any, ...]:
    items: list[Any] = []
    for value in values:
        items.append(value)
        if len(items) > MAX_LIST:
            raise Mistake(HugeResult(what="this list", limit=f"{MAX_LIST:,} items"))
    return tuple(items)


def _range(*bounds: int) -> range:
    if any(type(b) is not int for b in bounds):
        raise Mistake(BadFunctionCall(function="range", reason="takes whole numbers"))
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise Mistake(TooManySteps(limit=MAX_RANGE))
    return numbers


def _enumerate(values: Iterable[Any], start: int = 0) -> tuple[Any, ...]:
    return _finite(enumerate(values, start), "enumerate")


def _zip(*lists: Iterable[Any]) -> tuple[Any, ...]:
    return _finite(zip(*lists, strict=False), "zip")


def _reversed(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(reversed(_finite(values, "reversed")))


def _round(value: float, digits: int = 0) -> int | float:
    if type(digits) is not int or abs(digits) > MAX_DIGITS:
        reason = f"rounds to a whole number of digits, at most {MAX_DIGITS}"
        raise Mistake(BadFunctionCall(function="round", reason=reason))
    return round(value, digits) if digits else round(value)


def _sum(values: Iterable[Any]) -> Any:
    return sum(_finite(values, "sum"))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "len": len,
    "min": min,
    "max": max,
    "sum": _sum,
    "abs": abs,
    "round": _round,
    "int": int,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "reversed": _reversed,
}
CONSTANTS: dict[str, Any] = {"same": "same", "none": None}


@cache
def builtins() -> Env:
    """The outermost scope."""
    env = Env(None, {})
    for name, op in builtin().items():
        env.names[name] = OpKind(op)
    for name in MATCHING:
        env.names[name] = MatchingKind(name)
    for name, kind in INITIALISERS.items():
        env.names[name] = InitialiserKind(kind)
    for name, function in FUNCTIONS.items():
        env.names[name] = Function(name, builtin=function)
    env.names.update(CONSTANTS)
    return env


def what_is(name: str) -> str | None:
    """A built-in name in words ("a layer"); None if it is free."""
    match builtins().names.get(name, name):
        case OpKind():
            return "a layer"
        case MatchingKind():
            return "a matching operator"
        case InitialiserKind():
            return "an initialiser"
        case Function():
            return "a function"
        case str() if name not in CONSTANTS:
            return None
        case _:
            return "a constant"
