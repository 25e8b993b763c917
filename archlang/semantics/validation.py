"""Values to fields: what pydantic finds wrong with an argument, in the words of the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from archlang.diagnostics.catalog.arguments import BadArgument
from archlang.diagnostics.catalog.names import NotAConstant
from archlang.diagnostics.model import Mistake
from archlang.ops.base import Op
from archlang.ops.initial import INITIALISERS
from archlang.semantics.arguments import Given, signature_of_model
from archlang.semantics.values import UNKNOWN, InitialiserKind, describe, is_constant
from archlang.source import Span


def plain(argument: Given, callee: str, name: str) -> Any:
    """A value as pydantic takes it.

    Raises:
        Mistake: a tensor or layer stands where a constant is needed.
    """
    value = argument.value
    if isinstance(value, InitialiserKind):
        return value.kind if signature_of_model(value.kind, "").required else value.kind()
    if name == "init" and isinstance(value, str) and value in INITIALISERS:
        return INITIALISERS[value]()
    if isinstance(value, range):
        return tuple(value)
    if (
        value is None
        or is_constant(value)
        or (isinstance(value, BaseModel) and not isinstance(value, Op))
    ):
        return value
    raise Mistake(NotAConstant(what=describe(value)), argument.span)


def validated(
    model: type[BaseModel],
    callee: str,
    values: Mapping[str, Any],
    bound: Mapping[str, Given],
    span: Span,
) -> BaseModel:
    """The layer, checked field by field.

    Raises:
        Mistake: a value of the wrong type or out of range.
    """
    try:
        return model(**values)
    except ValidationError as error:
        location = error.errors(include_url=False)[0]["loc"]
        name = str(location[0]) if location else ""
        at = bound[name].span if name in bound else span
        raise bad_value(callee, name, values.get(name), error, at) from None


def partial(model: type[BaseModel], callee: str, given: Sequence[Given]) -> dict[str, Any]:
    """Some arguments, checked each by itself: what `default` sets.

    Raises:
        Mistake: an argument is unknown, of the wrong type or out of range.
    """
    bound = signature_of_model(model, callee).bind(given)
    values = {n: plain(g, callee, n) for n, g in bound.items() if g.value is not UNKNOWN}
    try:
        model(**values)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else ""
            if name in values:  # what is not given here may be given where the layer is used
                raise bad_value(callee, name, values[name], error, bound[name].span) from None
    return values


def bad_value(callee: str, name: str, got: Any, error: ValidationError, at: Span) -> Mistake:
    """The mistake behind pydantic's findings about one field."""
    details = [d for d in error.errors(include_url=False) if d["loc"][:1] in ((), (name,))]
    wanted, hint = _wanted(details, got), _hint(details, got)
    got_text = describe(got) if name else "these values"
    problem = BadArgument(
        callee=callee, name=name or "the arguments", got=got_text, want=wanted, hint=hint
    )
    return Mistake(problem, at)


_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "tuple_type": "a size such as 3x3",
    "model_type": "an initialiser such as kaiming",
    "model_attributes_type": "an initialiser such as kaiming",
}


def _wanted(details: Sequence[Any], got: Any) -> str:
    """What would have been right, from pydantic's findings (one for each way it tried)."""
    wanted: list[str] = []
    for detail in details:
        kind, context = detail["type"], detail.get("ctx", {})
        if kind == "greater_than_equal":
            return f"at least {context['ge']}"
        if kind == "less_than_equal":
            return f"at most {context['le']}"
        if kind == "greater_than":
            return f"more than {context['gt']}"
        if kind == "value_error":
            return str(context.get("error", detail["msg"]))
        word = f"{context['expected']}" if kind == "literal_error" else _WANTED.get(kind)
        if word and word not in wanted and not (isinstance(got, str) and word == "a text"):
            wanted.append(word)
    return " or ".join(wanted) or str(details[0]["msg"]).lower()


def _hint(details: Sequence[Any], got: Any) -> str | None:
    if isinstance(got, float) and any(d["type"].startswith("int") for d in details):
        if got.is_integer():
            return f"write {int(got)}; // divides whole numbers and stays whole"
        return "round it: //, round, floor or ceil"
    return None
