"""A call that means an operator, `concat(a, b)`, and the expression to write instead: `a ++ b`."""

from __future__ import annotations

from archlang.diagnostics.model import Fix
from archlang.source import Span
from archlang.syntax import tree

_FLOW = "identity"
"""What flows in at a step, where the step before is not put in its place."""
_CHANNELS = frozenset({1, -3})
"""The axis of the channels of maps, as torch counts; ++ joins nothing else."""
_OPERANDS = (tree.Name, tree.Call, tree.Attribute, tree.Index, tree.Matched)
"""What needs no brackets between operators."""
_CLOSED_BY = {")": "(", "]": "["}


def is_operator(word: str | None) -> bool:
    """Whether a suggestion is `++`, `+` or `*`, which cannot stand where a layer does."""
    return word is not None and not (word[0].isalpha() or word[0] == "_")


def joined(e: tree.Call, operator: str, before: tree.Expression | None = None) -> Fix | None:
    """The repair of a call by the operator that it means; None where that cannot be told.

    Args:
        e: `concat(a, b)`, `cat([a, b], dim=1)`, or `concat(b)`, which lacks what flows in.
        operator: what it means.
        before: the step that flows into it: of `a -> concat(b)`, `a`.
    """
    operands = _operands(e)
    if not operands:
        return None
    texts = [_written(operand) for operand in operands]
    at = e.span
    if len(texts) == 1:
        start = _reaching(before, e)
        texts.insert(0, _FLOW if start is None or before is None else _written(before))
        at = at if start is None else Span(at.source, start, at.end)
    if not all(map(_balanced, texts)):  # an expression's span leaves out its outermost brackets
        return None
    text = f" {operator} ".join(texts)
    return Fix(at, text if _stands_alone(at) else f"({text})")


def _operands(e: tree.Call) -> list[tree.Expression]:
    """What is to be joined; nothing where an argument has no counterpart."""
    given = [a for a in e.arguments if not _is_channel_axis(a)]
    if any(a.name is not None for a in given):
        return []
    values = [a.value for a in given]
    if values and isinstance(values[0], tree.ListOf):
        plain = len(values) == 1 or (len(values) == 2 and _is_axis(values[1]))
        return list(values[0].items) if plain else []
    fit = all(isinstance(v, (*_OPERANDS, tree.Binary, tree.Pipe)) for v in values)
    return values if fit else []


def _is_channel_axis(a: tree.Argument) -> bool:
    return a.name in ("dim", "axis") and _is_axis(a.value)


def _is_axis(value: tree.Expression) -> bool:
    match value:
        case tree.Constant(value=int(axis)):
            return axis in _CHANNELS
        case tree.Unary(operator="-", operand=tree.Constant(value=int(axis))):
            return -axis in _CHANNELS
        case _:
            return False


def _written(e: tree.Expression) -> str:
    return e.span.text if isinstance(e, _OPERANDS) else f"({e.span.text})"


def _reaching(before: tree.Expression | None, e: tree.Call) -> int | None:
    """Where `a -> concat(b)` begins; None where more than an arrow stands between."""
    if before is None:
        return None
    between = before.span.source.text[before.span.end : e.span.start]
    return before.span.start if between.strip() == "->" else None


def _stands_alone(at: Span) -> bool:
    """Whether it is a whole step, so that no operator beside it can take a part of it."""
    line = at.source.line_span(at.begin.line)
    ahead = at.source.text[line.start : at.start].strip()
    behind = at.source.text[at.end : at.source.line_span(at.finish.line).end].strip()
    begins = not ahead or (ahead.endswith(("->", "=")) and not ahead.endswith("=="))
    return begins and (not behind or behind.startswith(("->", "#")))


def _balanced(text: str) -> bool:
    waiting: list[str] = []
    for letter in text:
        if letter in "([":
            waiting.append(letter)
        elif letter in _CLOSED_BY and (not waiting or waiting.pop() != _CLOSED_BY[letter]):
            return False
    return not waiting
