"""Constants that are written out: numbers, texts, lists and sizes, with nothing to compute."""

from __future__ import annotations

from archlang.ops.base import Dims
from archlang.semantics.values import Value
from archlang.syntax import tree


class NotLiteralError(ValueError):
    """Raised for an expression that has to be computed; its text says what was found."""


def literal(expression: tree.Expression) -> Value:
    """The value of a written-out constant; a bare word is a text (`none` is None).

    Raises:
        NotLiteralError: it is a calculation, a call or a layer.
    """
    match expression:
        case tree.Constant():
            return expression.value
        case tree.Name():
            return None if expression.id == "none" else expression.id
        case tree.Size():
            sizes = [part for part in expression.parts if isinstance(part, int)]
            if len(sizes) < len(expression.parts):
                return expression.span.text  # a word such as `HxW`
            return Dims(sizes)
        case tree.ListOf():
            return tuple(literal(item) for item in expression.items)
        case tree.Unary(operator="-" | "+", operand=tree.Constant(value=number)) if _counts(number):
            assert not isinstance(number, str)
            return -number if expression.operator == "-" else number
        case _:
            raise NotLiteralError("only constants can be given, nothing to compute")


def _counts(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
