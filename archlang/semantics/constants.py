"""Arithmetic on constants, as in Python, with bounds and with errors that have a place."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import isfinite
from typing import Any

from archlang.diagnostics.catalog.arguments import BadOperands, DivisionByZero
from archlang.diagnostics.catalog.limits import HugeResult
from archlang.diagnostics.model import Mistake
from archlang.semantics.builtins import MAX_LIST
from archlang.semantics.values import Value, describe, several

MAX_INTEGER = 10**18
MAX_BITS = 64

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": operator.mod,
    "**": lambda a, b: a**b,
}
_COMPARISON: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}


def _number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def arithmetic(sign: str, left: Value, right: Value) -> Value:
    """`left sign right`.

    Raises:
        Mistake: wrong types, division by zero, or a result beyond all use.
    """
    if sign == "++":
        sign = "+"
    if _number(left) and _number(right):
        return _numeric(sign, left, right)
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    if sign == "+" and isinstance(left, (tuple, range)) and isinstance(right, (tuple, range)):
        return _joined(several(left), several(right))
    if sign == "*":
        items, times = (left, right) if isinstance(left, tuple) else (right, left)  # pyright: ignore[reportUnknownVariableType]
        if isinstance(items, tuple) and type(times) is int:
            return _copies(several(items), times)
    raise Mistake(BadOperands(operator=sign, left=describe(left), right=describe(right)))


def _joined(left: list[Value], right: list[Value]) -> Value:
    if len(left) + len(right) > MAX_LIST:
        raise Mistake(HugeResult(what="this list", limit=f"{MAX_LIST:,} items"))
    return bounded((*left, *right))


def _copies(items: list[Value], times: int) -> Value:
    if len(items) * times > MAX_LIST:
        raise Mistake(HugeResult(what="this list", limit=f"{MAX_LIST:,} items"))
    return bounded(tuple(items * times))


def bounded(value: Any) -> Any:
    """A constant, held to a size that whoever walks through it can bear.

    Lists within lists may share their items, so a short one may hide more than memory has.

    Raises:
        Mistake: a number, text or list beyond all use.
    """
    if isinstance(value, bool) or value is None:
        return value
    huge = abs(value) > MAX_INTEGER if isinstance(value, int) else not _finite(value)
    if huge:
        raise Mistake(HugeResult(what="this number", limit=f"{MAX_INTEGER:,}"))
    if isinstance(value, str) and len(value) > MAX_LIST:
        raise Mistake(HugeResult(what="this text", limit=f"{MAX_LIST:,} characters"))
    if isinstance(value, tuple) and weight(value) > MAX_LIST:  # pyright: ignore[reportUnknownArgumentType]
        raise Mistake(HugeResult(what="this list", limit=f"{MAX_LIST:,} items"))
    return value  # pyright: ignore[reportUnknownVariableType]


def weight(value: Value) -> int:
    """How many items a list holds, those of lists within it included; counted up to the limit."""
    total = 0
    waiting: list[Value] = [value]
    while waiting and total <= MAX_LIST:
        item = waiting.pop()
        if isinstance(item, (tuple, range, str)):
            total += len(item)  # pyright: ignore[reportUnknownArgumentType]
            if isinstance(item, tuple):
                waiting += [i for i in several(item) if isinstance(i, (tuple, range, str))]
    return total


def _finite(value: Any) -> bool:
    return not isinstance(value, float) or isfinite(value)


def _numeric(sign: str, left: int | float, right: int | float) -> Value:
    if sign in ("/", "//", "%") and right == 0:
        raise Mistake(DivisionByZero(operator=sign))
    if sign == "**":
        if left == 0 and right < 0:
            raise Mistake(DivisionByZero(operator=sign))
        whole = isinstance(left, int) and isinstance(right, int) and right > 0 and abs(left) > 1
        if whole and int(left).bit_length() * right > 2 * MAX_BITS:
            raise Mistake(HugeResult(what="this power", limit=f"{MAX_INTEGER:,}"))
    try:
        result = _ARITHMETIC[sign](left, right)
    except OverflowError:
        raise Mistake(HugeResult(what="this number", limit=f"{MAX_INTEGER:,}")) from None
    if isinstance(result, complex):
        raise Mistake(BadOperands(operator=sign, left=describe(left), right=describe(right)))
    return bounded(result)


def comparison(sign: str, left: Value, right: Value) -> bool:
    """`left sign right` for `< <= > >= == != in`, `not in`.

    Raises:
        Mistake: the two cannot be ordered, or the right side holds nothing.
    """
    if sign in ("==", "!=") and isinstance(left, (tuple, int)) and isinstance(right, (tuple, int)):
        left, right = _as_shape(left, right), _as_shape(right, left)
    try:
        return bool(_COMPARISON[sign](left, right))
    except TypeError:
        wrong = BadOperands(operator=sign, left=describe(left), right=describe(right))
        raise Mistake(wrong) from None


def _as_shape(value: Value, other: Value) -> Value:
    """A vector's shape compares with its number: `output == 10`."""
    if isinstance(other, tuple) and _number(value):
        return (value,)
    return tuple(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def negative(sign: str, value: Value) -> Value:
    """`-value`, `+value`.

    Raises:
        Mistake: it is no number.
    """
    if not _number(value):
        raise Mistake(BadOperands(operator=sign, left=describe(value), right=None))
    return -value if sign == "-" else value
