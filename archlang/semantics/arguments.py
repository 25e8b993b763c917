"""Arguments to parameters: of layers (pydantic fields), of blocks and networks, of functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from archlang.diagnostics.catalog.arguments import (
    ArgumentTwice,
    BadArgument,
    MissingArgument,
    TooManyArguments,
    UnknownArgument,
)
from archlang.diagnostics.catalog.names import NotAConstant
from archlang.diagnostics.model import Fix, Mistake
from archlang.diagnostics.suggest import ARGUMENT_ALIASES, closest, remark
from archlang.ops.base import Dims, Op, SizeField
from archlang.ops.initial import INITIALISERS
from archlang.semantics.values import (
    UNKNOWN,
    InitialiserKind,
    Value,
    describe,
    is_constant,
)
from archlang.source import Span
from archlang.syntax import tree


@dataclass(frozen=True, slots=True)
class Given:
    """An evaluated argument of a call."""

    name: str | None
    value: Value
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters of a callee, in order."""

    callee: str
    names: tuple[str, ...]
    required: tuple[str, ...]
    size: str | None = None
    """The parameter that a dims literal fills by position."""

    def bind(self, given: Sequence[Given]) -> dict[str, Given]:
        """Which parameter each argument is for.

        Raises:
            Mistake: an unknown, doubled or surplus argument.
        """
        bound: dict[str, Given] = {}
        positions = iter(self.names)
        for argument in given:
            name = argument.name
            if name is None:
                name = self._position(argument, positions, bound)
            elif name not in self.names:
                raise self._unknown(argument, name)
            if name in bound:
                problem = ArgumentTwice(callee=self.callee, name=name)
                raise Mistake(problem, argument.span)
            bound[name] = argument
        return bound

    def _position(
        self, argument: Given, positions: Iterable[str], bound: Mapping[str, Given]
    ) -> str:
        if self.size and self.size not in bound and isinstance(argument.value, Dims):
            return self.size
        name = next((n for n in positions if n not in bound), None)
        if name is None:
            limit = len(self.names)
            problem = TooManyArguments(callee=self.callee, limit=limit, known=self.names)
            raise Mistake(problem, argument.span)
        return name

    def _unknown(self, argument: Given, name: str) -> Mistake:
        near = closest(name, self.names, ARGUMENT_ALIASES)
        fix = Fix(argument.name_span, near) if near else None
        problem = UnknownArgument(
            callee=self.callee, name=name, suggestion=near, known=self.names, hint=remark(name)
        )
        return Mistake(problem, argument.name_span, fix=fix)

    def missing(self, bound: Iterable[str], span: Span) -> Mistake | None:
        """The mistake of not giving all that is required; None if all is there."""
        there = set(bound)
        absent = tuple(n for n in self.required if n not in there)
        if not absent:
            return None
        return Mistake(MissingArgument(callee=self.callee, names=absent, known=self.names), span)


@cache
def signature_of_model(model: type[BaseModel], callee: str) -> Signature:
    """The signature of a layer or initialiser: its fields in order."""
    fields = model.model_fields
    size = next((n for n, f in fields.items() if _marks_size((f.annotation, *f.metadata))), None)
    required = tuple(n for n, f in fields.items() if f.is_required())
    return Signature(callee, tuple(fields), required, size)


def _marks_size(parts: Iterable[Any]) -> bool:
    return any(isinstance(p, SizeField) or _marks_size(get_args(p)) for p in parts)


def signature_of_parameters(callee: str, parameters: Sequence[tree.Parameter]) -> Signature:
    """The signature of a block, network or function of the spec."""
    names = tuple(p.name for p in parameters)
    required = tuple(p.name for p in parameters if p.default is None)
    return Signature(callee, names, required)


class ModelFactory:
    """Makes layers from evaluated arguments; equal arguments give the one same layer object."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def make(
        self,
        model: type[BaseModel],
        callee: str,
        given: Sequence[Given],
        defaults: Mapping[str, Any],
        span: Span,
    ) -> Any:
        """The layer (or initialiser); the unknown value if an argument is unknown.

        Raises:
            Mistake: an argument is unknown, missing, of the wrong type or out of range.
        """
        signature = signature_of_model(model, callee)
        bound = signature.bind(given)
        if any(g.value is UNKNOWN for g in bound.values()):
            return UNKNOWN
        fields = model.model_fields
        values = {
            **defaults,
            **{
                n: g.value if fields[n].annotation is Any else _plain(g, callee, n)
                for n, g in bound.items()
            },
        }
        missing = signature.missing(values, span)
        if missing:
            raise missing
        key: tuple[Any, ...] = (model, *((n, v, type(v)) for n, v in values.items()))
        try:
            made = self._made.get(key)
        except TypeError:  # a block as an argument has no hash
            return _validated(model, callee, values, bound, span)
        if made is None:
            made = self._made[key] = _validated(model, callee, values, bound, span)
        return made

    def partial(
        self, model: type[BaseModel], callee: str, given: Sequence[Given]
    ) -> dict[str, Any]:
        """Some arguments, checked each by itself: what `default` sets.

        Raises:
            Mistake: an argument is unknown, of the wrong type or out of range.
        """
        bound = signature_of_model(model, callee).bind(given)
        values = {n: _plain(g, callee, n) for n, g in bound.items() if g.value is not UNKNOWN}
        try:
            model(**values)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                name = str(detail["loc"][0]) if detail["loc"] else ""
                if name in values:  # what is not given here may be given where the layer is used
                    raise _bad(callee, name, values[name], error, bound[name].span) from None
        return values


def _plain(argument: Given, callee: str, name: str) -> Any:
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


def _validated(
    model: type[BaseModel],
    callee: str,
    values: Mapping[str, Any],
    bound: Mapping[str, Given],
    span: Span,
) -> BaseModel:
    try:
        return model(**values)
    except ValidationError as error:
        location = error.errors(include_url=False)[0]["loc"]
        name = str(location[0]) if location else ""
        at = bound[name].span if name in bound else span
        raise _bad(callee, name, values.get(name), error, at) from None


def _bad(callee: str, name: str, got: Any, error: ValidationError, at: Span) -> Mistake:
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
