"""Expressions to values: constants are computed, layers put together; nothing is applied yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from archlang.diagnostics.catalog.arguments import (
    BadCount,
    BadIndex,
    BadSize,
    BadUnpacking,
    NotCallable,
    NotIterable,
)
from archlang.diagnostics.catalog.graph import MatchOutsideMerge, TrainingOnly
from archlang.diagnostics.catalog.names import (
    NotAConstant,
    UnknownAttribute,
)
from archlang.diagnostics.model import Fix, Mistake
from archlang.diagnostics.suggest import closest
from archlang.graph import Tensor
from archlang.ops.base import Dims
from archlang.ops.registry import find
from archlang.semantics.calls import Calls
from archlang.semantics.constants import arithmetic, bounded, comparison, negative, weight
from archlang.semantics.limits import Budget, Unresolved
from archlang.semantics.lookup import attributes, indexed, unknown_name
from archlang.semantics.matching import Matching
from archlang.semantics.values import (
    UNKNOWN,
    Closure,
    Env,
    Function,
    Indexed,
    OpKind,
    PartialIndex,
    Repeated,
    Target,
    TrainingName,
    Value,
    describe,
    is_layer,
    is_tensors,
    several,
)
from archlang.semantics.workshop import Workshop
from archlang.source import Span
from archlang.syntax import tree


class Evaluator:
    """Evaluates expressions of one network; `calls` makes layers and applies functions."""

    def __init__(self, budget: Budget, workshop: Workshop) -> None:
        self._budget = budget
        self.calls = Calls(self, budget, workshop)
        self._cases: dict[type, Callable[[Any, Env], Value]] = {
            tree.Constant: lambda e, env: e.value,
            tree.Size: self._size,
            tree.Name: self.name,
            tree.ListOf: self._list,
            tree.Comprehension: self._comprehension,
            tree.Attribute: self._attribute,
            tree.Index: self._index,
            tree.Call: self.calls.call,
            tree.Unary: self._unary,
            tree.Binary: self._binary,
            tree.Logic: self._logic,
            tree.Compare: self._compare,
            tree.Conditional: self._conditional,
            tree.Matched: self._matched,
            tree.Pipe: _closure,
            tree.Branch: _closure,
            tree.Dense: _closure,
            tree.Repeat: _closure,
            tree.Chain: _closure,
            tree.Unread: lambda e, env: UNKNOWN,
        }

    def value(self, expression: tree.Expression, env: Env) -> Value:
        """The value of an expression.

        Raises:
            Mistake: it has none; with its place.
        """
        try:
            return self._cases[type(expression)](expression, env)
        except Mistake as mistake:
            if mistake.at is None:
                mistake.at = expression.span
            raise

    def constant(self, expression: tree.Expression, env: Env) -> Value:
        """The value of an expression that must be a number, text, list or size.

        Raises:
            Mistake: it is a tensor or a layer.
        """
        value = self.value(expression, env)
        if isinstance(value, (Tensor, Function, Matching)) or is_layer(value) or is_tensors(value):
            raise Mistake(NotAConstant(what=describe(value)), expression.span)
        return value

    def truth(self, expression: tree.Expression, env: Env) -> bool:
        """A condition."""
        value = self.constant(expression, env)
        if value is UNKNOWN:
            raise Unresolved
        return bool(value)

    def count(self, expression: tree.Expression, env: Env) -> int:
        """How often to repeat.

        Raises:
            Mistake: no whole number from 0.
        """
        value = self.constant(expression, env)
        if value is UNKNOWN:
            raise Unresolved
        return _counted(value, expression.span)

    def shape(self, expression: tree.Expression, env: Env) -> tuple[int, ...] | None:
        """A shape: `3x224x224`, `784`, `[1, H, W]`; None if a part of it is unknown.

        Raises:
            Mistake: not whole numbers from 1.
        """
        value = self.constant(expression, env)
        if value is UNKNOWN:
            return None
        parts = several(value)
        if any(part is UNKNOWN for part in parts):
            return None
        if not parts or not all(type(part) is int and part >= 1 for part in parts):
            raise Mistake(BadSize(got=_written(expression)), expression.span)
        return tuple(parts)

    def items(self, expression: tree.Expression, env: Env) -> Sequence[Value]:
        """What a loop runs over.

        Raises:
            Mistake: no list.
        """
        value = self.constant(expression, env)
        if value is UNKNOWN:
            raise Unresolved
        if not isinstance(value, (tuple, range)):
            raise Mistake(NotIterable(what=describe(value)), expression.span)
        values = cast(Sequence[Value], value)
        self._budget.rounds(len(values), expression.span)
        return values

    def unpack(self, targets: tree.Targets, value: Value) -> Iterator[tuple[tree.Name, Value]]:
        """The names of a loop with their values in this round.

        Raises:
            Mistake: the numbers do not agree.
        """
        if len(targets.names) == 1 and isinstance(targets.names[0], tree.Name):
            yield targets.names[0], value
            return
        values = several(value)
        if value is UNKNOWN:
            values = [UNKNOWN] * len(targets.names)
        if len(values) != len(targets.names):
            what = describe(value)
            raise Mistake(BadUnpacking(names=len(targets.names), values=what), targets.span)
        for target, item in zip(targets.names, values, strict=True):
            if isinstance(target, tree.Targets):
                yield from self.unpack(target, item)
            else:
                yield target, item

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def name(self, e: tree.Name, env: Env) -> Value:
        """The meaning of a name.

        Raises:
            Mistake: it has none.
        """
        value = env.find(e.id)
        if isinstance(value, TrainingName):
            raise Mistake(TrainingOnly(name=e.id), e.span)
        if value is not None or env.has(e.id):
            return value
        op = find(e.id) if e.id.islower() else None
        if op is not None:
            return OpKind(op)
        raise unknown_name(e, env.visible())

    def _size(self, e: tree.Size, env: Env) -> Value:
        sizes: list[int] = []
        for part in e.parts:
            size = part if isinstance(part, int) else self.name(tree.Name(e.span, part), env)
            if size is UNKNOWN:
                return UNKNOWN
            if type(size) is not int or size < 0:
                raise Mistake(BadSize(got=f"{e.span.text} ({part} is {describe(size)})"), e.span)
            sizes.append(size)
        return Dims(sizes)

    def _attribute(self, e: tree.Attribute, env: Env) -> Value:
        value = self.value(e.value, env)
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(value, (Tensor, Target)):
            found = attributes(value)
            if e.name in found:
                return found[e.name]
            near = closest(e.name, found)
            at = Span(e.span.source, e.span.end - len(e.name), e.span.end)
            problem = UnknownAttribute(name=e.name, suggestion=near, known=tuple(found))
            raise Mistake(problem, at, fix=Fix(at, near) if near else None)
        raise Mistake(
            NotCallable(describe(value), "has no attributes", "remove the dot and what follows"),
            e.span,
        )

    def _index(self, e: tree.Index, env: Env) -> Value:
        value, index = self.value(e.value, env), self.constant(e.index, env)
        if value is UNKNOWN or index is UNKNOWN:
            return UNKNOWN
        if isinstance(value, Indexed):
            value = PartialIndex(value, ())
        if isinstance(value, PartialIndex):
            return indexed(value, index, e)
        if not isinstance(value, (tuple, range)):
            raise Mistake(
                NotCallable(
                    describe(value), "has no items", "remove the [ ]; only lists have items"
                ),
                e.span,
            )
        length = len(value)  # pyright: ignore[reportUnknownArgumentType]
        if type(index) is not int or not -length <= index < length:
            raise Mistake(BadIndex(index=str(index)[:40], length=length), e.index.span)
        return value[index]  # pyright: ignore[reportUnknownVariableType]

    # ── operators ────────────────────────────────────────────────────────────────────────────

    def _unary(self, e: tree.Unary, env: Env) -> Value:
        value = self.constant(e.operand, env)
        if value is UNKNOWN:
            return UNKNOWN
        return not value if e.operator == "not" else negative(e.operator, value)

    def _binary(self, e: tree.Binary, env: Env) -> Value:
        left, right = self.value(e.left, env), self.value(e.right, env)
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        if is_layer(left) or is_layer(right):
            if e.operator == "*" and type(left) is int:
                return Repeated(_counted(left, e.left.span), right)
            return _closure(e, env)
        for side, value in ((e.left, left), (e.right, right)):
            if isinstance(value, (Tensor, Function, Matching)) or is_tensors(value):
                raise Mistake(NotAConstant(what=describe(value)), side.span)
        try:
            return self.weighed(arithmetic(e.operator, left, right), e.span)
        except Mistake as mistake:
            mistake.at = mistake.at or e.span
            raise

    def _logic(self, e: tree.Logic, env: Env) -> Value:
        left = self.constant(e.left, env)
        decided = not left if e.operator == "and" else bool(left)
        return left if decided or left is UNKNOWN else self.constant(e.right, env)

    def _compare(self, e: tree.Compare, env: Env) -> Value:
        left: Value = self.constant(e.first, env)
        for sign, expression in e.rest:
            right: Value = self.constant(expression, env)
            if left is UNKNOWN or right is UNKNOWN:
                return UNKNOWN
            if isinstance(right, (tuple, range, str)):
                self._budget.look_through(weight(right), expression.span)
            if not comparison(sign, left, right):
                return False
            left = cast(Value, right)
        return True

    def _conditional(self, e: tree.Conditional, env: Env) -> Value:
        return self.value(self.chosen(e, env), env)

    def chosen(self, e: tree.Conditional, env: Env) -> tree.Expression:
        """The side of a conditional that its condition picks."""
        return e.then if self.truth(e.condition, env) else e.otherwise

    def _list(self, e: tree.ListOf, env: Env) -> Value:
        return self._listed([self.value(item, env) for item in e.items], e.span)

    def _listed(self, items: list[Value], span: Span) -> Value:
        """A list; unknown where any item is."""
        if any(item is UNKNOWN for item in items):
            return UNKNOWN
        return self.weighed(tuple(items), span)

    def weighed(self, value: Value, span: Span) -> Value:
        """A constant that was put together, held to the limits and paid for."""
        if isinstance(value, (tuple, str)):
            self._budget.look_through(weight(value), span)
        return bounded(value)

    def _comprehension(self, e: tree.Comprehension, env: Env) -> Value:
        result: list[Value] = []
        for value in self.items(e.over, env):
            inner = Env(env)
            inner.names.update((n.id, v) for n, v in self.unpack(e.targets, value))
            if e.condition is None or self.truth(e.condition, inner):
                result.append(self.value(e.item, inner))
                self._budget.look_through(weight(result[-1]), e.span)
        return self._listed(result, e.span)

    def _matched(self, e: tree.Matched, env: Env) -> Value:
        raise Mistake(MatchOutsideMerge(written=_written(e)), e.span)


def _closure(e: tree.Expression, env: Env) -> Closure:
    """A pipe or run of lines as a value, with the defaults that hold where it is written."""
    return Closure(e, Env(env, env.defaults))


def _counted(value: Value, span: Span) -> int:
    if type(value) is not int or value < 0:
        raise Mistake(BadCount(got=describe(value)), span)
    return value


def _written(e: tree.Expression) -> str:
    text = " ".join(e.span.text.split())
    return text if len(text) <= 40 else f"{text[:37]}…"
