"""Calls checked as far as they can be where nothing runs: names of arguments, and literals.

A block that no network uses is seen here alone. What depends on a parameter or a shape is left to
expansion; both report the same mistake in the same words, and the sink keeps one.
"""

from __future__ import annotations

from archlang.ops.base import Dims
from archlang.semantics.arguments import Given, signature_of_parameters
from archlang.semantics.parameters import open_parameters
from archlang.semantics.validation import partial
from archlang.semantics.values import UNKNOWN, OpKind, Unit, Value
from archlang.source import Span
from archlang.syntax import tree

_MOST = 10_000
"""Calls that are remembered."""
_right: set[object] = set()


def check_call(e: tree.Call, callee: Value) -> None:
    """Hold a call to what its callee takes.

    Raises:
        Mistake: an argument it does not take, one too many or missing, or a bad literal.
    """
    given = [_given(a) for a in e.arguments]
    if isinstance(callee, OpKind):
        if any(g.name is None and g.value is UNKNOWN for g in given):
            # By its place it may be a size, which goes to the kernel: only names are certain.
            given = [g for g in given if g.name is not None]
        _hold(callee, given)
    elif isinstance(callee, Unit) and not callee.complete:
        signature = signature_of_parameters(callee.name, open_parameters(callee))
        missing = signature.missing({*signature.bind(given), *callee.arguments}, e.span)
        if missing:
            raise missing


def _hold(callee: OpKind, given: list[Given]) -> None:
    """As `partial` does; what was right once is right in every line, and an editor asks often."""
    key = callee.op, *((g.name, repr(g.value)) for g in given)
    if key in _right:
        return
    partial(callee.op, callee.op.name, given)
    if len(_right) >= _MOST:
        _right.clear()
    _right.add(key)


def _given(a: tree.Argument) -> Given:
    width = 0 if a.name is None else len(a.name)
    name_span = Span(a.span.source, a.span.start, a.span.start + width)
    return Given(a.name, _literal(a.value), a.value.span, name_span if width else a.span)


def _literal(e: tree.Expression) -> Value:
    match e:
        case tree.Constant():
            return e.value
        case tree.Size() if all(isinstance(part, int) for part in e.parts):
            return Dims(e.parts)  # pyright: ignore[reportArgumentType]  # whole numbers, as just seen
        case _:
            return UNKNOWN
