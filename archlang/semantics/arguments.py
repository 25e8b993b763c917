"""Arguments to parameters: which argument of a call is for which parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from archlang.diagnostics.catalog.arguments import (
    ArgumentTwice,
    MissingArgument,
    TooManyArguments,
    UnknownArgument,
)
from archlang.diagnostics.model import Fix, Mistake
from archlang.diagnostics.suggest import ARGUMENT_ALIASES, closest, remark
from archlang.ops.base import Dims, SizeField
from archlang.semantics.values import Value
from archlang.source import Span
from archlang.syntax import tree


@dataclass(frozen=True, slots=True)
class Given:
    """An evaluated argument of a call."""

    name: str | None
    value: Value
    span: Span
    name_span: Span


def given_in(call: tree.Call, values: Sequence[Value]) -> list[Given]:
    """The arguments of a call with their values."""
    given: list[Given] = []
    for a, value in zip(call.arguments, values, strict=True):
        name_span = a.span
        if a.name is not None:
            name_span = Span(a.span.source, a.span.start, a.span.start + len(a.name))
        given.append(Given(a.name, value, a.value.span, name_span))
    return given


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
        if self.size and isinstance(argument.value, Dims):
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
