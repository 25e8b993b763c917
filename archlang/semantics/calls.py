"""Calls: layers, blocks and matching operators with their arguments, functions of constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archlang.diagnostics.catalog.arguments import BadFunctionCall, NotCallable
from archlang.diagnostics.catalog.limits import TooDeep
from archlang.diagnostics.catalog.names import NotAConstant
from archlang.diagnostics.model import Mistake
from archlang.graph import Tensor
from archlang.ops.base import Op
from archlang.ops.registry import find
from archlang.semantics.arguments import Given, given_in, signature_of_parameters
from archlang.semantics.constants import weight
from archlang.semantics.joining import joined
from archlang.semantics.limits import Budget
from archlang.semantics.lookup import unknown_layer
from archlang.semantics.matching import KINDS, Fixed, LayerMatch, Matching
from archlang.semantics.parameters import open_parameters
from archlang.semantics.validation import partial
from archlang.semantics.values import (
    NO_DEFAULTS,
    UNKNOWN,
    Env,
    Function,
    InitialiserKind,
    MatchingKind,
    OpKind,
    Unit,
    Value,
    describe,
    is_layer,
    is_tensors,
)
from archlang.semantics.workshop import Workshop
from archlang.source import Span
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.evaluate import Evaluator

_OPERATORS = "write project, pad, crop, resize, scale, fixed, identity or a layer before ∘"
_DEFAULT = "write the layer with what it is to have from here on: default conv(bias=false)"
MAX_CALLS = 200
"""How deep functions of constants may call each other."""


class Calls:
    """Calls for an evaluator. Layers made with equal arguments are one object."""

    def __init__(self, evaluator: Evaluator, budget: Budget, workshop: Workshop) -> None:
        self._evaluator = evaluator
        self._budget = budget
        self.workshop = self._workshop = workshop
        self._calls = 0

    def call(self, e: tree.Call, env: Env) -> Value:
        """A layer with its arguments, or the result of a function."""
        callee = self._callee(e, env)
        if callee is UNKNOWN:
            return UNKNOWN
        values = [self._evaluator.value(a.value, env) for a in e.arguments]
        if isinstance(callee, OpKind):
            defaults = env.defaults.get(callee.op.name, NO_DEFAULTS)
            return self._workshop.called(e, values, callee.op, defaults)
        given = given_in(e, values)
        match callee:
            case MatchingKind():
                return self._matching(callee.name, given, env, e.span)
            case InitialiserKind():
                return self._workshop.make(callee.kind, callee.kind.name, given, {}, e.span)
            case Function():
                return self._apply(callee, given, e)
            case Unit() if not callee.complete:
                return self._unit(callee, given, e)
            case _:
                raise Mistake(NotCallable(what=describe(callee)), e.span)

    def _callee(self, e: tree.Call, env: Env) -> Value:
        if isinstance(e.callee, tree.Name):
            value = env.find(e.callee.id)
            if isinstance(value, (OpKind, Unit)):
                return value
            if value is None and find(e.callee.id) is None:
                raise unknown_layer(e, env.visible())
        return self._evaluator.value(e.callee, env)

    def _unit(self, unit: Unit, given: list[Given], e: tree.Call) -> Value:
        signature = signature_of_parameters(unit.name, open_parameters(unit))
        bound = signature.bind(given)
        for argument in bound.values():
            if isinstance(argument.value, Tensor) or is_tensors(argument.value):
                raise Mistake(NotAConstant(what=describe(argument.value)), argument.span)
        missing = signature.missing({*bound, *unit.arguments}, e.span)
        if missing:
            raise missing
        values = {name: argument.value for name, argument in bound.items()}
        return Unit(unit.declaration, unit.env, {**unit.arguments, **values}, complete=True)

    def _matching(self, kind: str, given: list[Given], env: Env, span: Span) -> Value:
        defaults: dict[str, Any] = {}
        if kind == "project" and "init" in env.defaults.get("conv", {}):
            defaults["init"] = env.defaults["conv"]["init"]
        made = self._workshop.make(KINDS[kind], kind, given, defaults, span)
        if kind == "fixed" and made is not UNKNOWN:
            return Fixed(inner=self.as_matching(made.inner, env, span))
        return made

    def as_matching(self, value: Value, env: Env, span: Span) -> Matching:
        """Any value as the matching operator W.

        Raises:
            Mistake: it is neither an operator nor a layer.
        """
        match value:
            case Matching():
                return value
            case MatchingKind():
                return self._matching(value.name, [], env, span)
            case OpKind() if value.op.name in KINDS:
                return KINDS[value.op.name]()
            case Op() if type(value).name == "identity":
                return KINDS["identity"]()
            case _ if is_layer(value):
                return LayerMatch(layer=value)
            case _:
                raise Mistake(
                    NotCallable(describe(value), "is no matching operator", _OPERATORS), span
                )

    def _apply(self, function: Function, given: list[Given], e: tree.Call) -> Value:
        if any(g.value is UNKNOWN for g in given):
            return UNKNOWN
        if function.builtin is not None:
            return self._builtin(function, given, e)
        signature = signature_of_parameters(function.name, function.parameters)
        bound = signature.bind(given)
        missing = signature.missing(bound, e.span)
        if missing:
            raise missing
        env = Env(function.env)
        for parameter in function.parameters:
            if parameter.name in bound:
                env.names[parameter.name] = bound[parameter.name].value
            elif parameter.default is not None:
                env.names[parameter.name] = self._evaluator.value(parameter.default, env)
        assert function.body is not None
        return self._limited(function, e.span, lambda: self._evaluator.value(function.body, env))  # pyright: ignore[reportArgumentType]

    def _builtin(self, function: Function, given: list[Given], e: tree.Call) -> Value:
        assert function.builtin is not None
        span = e.span
        for g in given:
            if function.name == "sum" and (isinstance(g.value, Tensor) or is_tensors(g.value)):
                problem = NotAConstant(what=describe(g.value), operator="+")
                raise Mistake(problem, g.span, fix=joined(e, "+"))
            if isinstance(g.value, (Tensor, Function, Matching)) or is_layer(g.value):
                raise Mistake(NotAConstant(what=describe(g.value)), g.span)
            self._budget.look_through(weight(g.value), span)
        positional = [g.value for g in given if g.name is None]
        named = {g.name: g.value for g in given if g.name is not None}
        try:
            return self._evaluator.weighed(function.builtin(*positional, **named), span)
        except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
            reason = _reason(error, given)
            raise Mistake(BadFunctionCall(function=function.name, reason=reason), span) from None

    def _limited(self, function: Function, span: Span, run: Callable[[], Value]) -> Value:
        self._budget.unit(span, self._calls)
        if self._calls >= MAX_CALLS:
            raise Mistake(TooDeep(name=function.name, limit=MAX_CALLS), span)
        self._calls += 1
        try:
            return run()
        finally:
            self._calls -= 1

    def bare(self, kind: OpKind, env: Env, span: Span) -> Value:
        """A layer written without brackets: `bn`."""
        return self._workshop.bare(kind.op, env.defaults.get(kind.op.name, NO_DEFAULTS), span)

    def filled(self, unit: Unit, span: Span) -> Unit:
        """A block written without brackets: `3 * Unit`.

        Raises:
            Mistake: it needs arguments.
        """
        signature = signature_of_parameters(unit.name, open_parameters(unit))
        missing = signature.missing(unit.arguments, span)
        if missing:
            raise missing
        return unit

    def default(self, e: tree.Expression, env: Env) -> tuple[str, dict[str, Any]]:
        """The layer and the arguments that a `default` statement sets.

        Raises:
            Mistake: not a built-in layer with named arguments, or an argument it does not take.
        """
        if not isinstance(e, tree.Call) or not isinstance(e.callee, tree.Name):
            raise Mistake(
                NotCallable("default", "sets arguments of a layer", _DEFAULT),
                e.span,
            )
        kind = self._callee(e, env)
        if not isinstance(kind, OpKind):
            raise Mistake(
                NotCallable(describe(kind), "is no built-in layer", _DEFAULT), e.callee.span
            )
        return kind.op.name, partial(
            kind.op,
            kind.op.name,
            given_in(e, [self._evaluator.value(a.value, env) for a in e.arguments]),
        )


def _reason(error: Exception, given: list[Given]) -> str:
    """Why a function of constants cannot work on what it is given, without Python's own words."""
    if not given:
        return "it needs something to work on"
    what = " and ".join(describe(g.value) for g in given)
    if isinstance(error, TypeError):
        return f"it does not work on {what}"
    return f"it has no result for {what}"
