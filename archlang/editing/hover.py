"""What is said of the word under the pointer: what it means, and what became of it here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from archlang.diagnostics.model import Mistake
from archlang.editing import hover_pages as pages
from archlang.editing.bindings import Symbol, bindings
from archlang.editing.document import Analysis, Document
from archlang.editing.functions import FUNCTION_HELP, METRIC_HELP
from archlang.editing.pieces import said_at
from archlang.editing.places import Spot, spot, uses
from archlang.editing.signatures import open_call, signature_of
from archlang.ops.registry import find
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.limits import Budget, Unresolved
from archlang.semantics.values import (
    UNKNOWN,
    Env,
    Function,
    InitialiserKind,
    MatchingKind,
    OpKind,
    Unit,
    Value,
    is_constant,
)
from archlang.semantics.workshop import Workshop
from archlang.source import Position, Span
from archlang.syntax import tree


@dataclass(frozen=True)
class Hover:
    """A page in Markdown, and the word that it is about."""

    markdown: str
    span: Span


def hover(document: Document, position: Position) -> Hover | None:
    """What can be said of the word at a place; None in comments, texts, and where there is none."""
    place = spot(document.reads(), position)
    word = place.word if place is not None else None
    if place is None or word is None or said_at(place.piece.text, place.offset):
        return None
    page = _Hover(document.analysis(), place).page(word.text)
    return Hover(page, word.span) if page else None


class _Hover:
    """Finds the page for one word."""

    def __init__(self, analysis: Analysis, place: Spot) -> None:
        self._analysis = analysis
        self._place = place
        self._cases: dict[type, Callable[[str, Any], str]] = {
            OpKind: self._layer,
            Unit: self._unit,
            MatchingKind: self._operator,
            InitialiserKind: self._initialiser,
            Function: self._function,
        }

    def page(self, word: str) -> str:
        """The page; empty where nothing is known."""
        argument = self._argument()
        if argument is not None:
            return argument
        symbol = self._symbol(word)
        own = self._symbol_page(symbol) if symbol is not None else ""
        return own or self._global(word)

    # ── names of arguments ───────────────────────────────────────────────────────────────────

    def _argument(self) -> str | None:
        """The page for the name of an argument; None for any other word."""
        node = self._place.node
        if not isinstance(node, tree.Argument) or node.name is None:
            return None
        if self._place.offset > node.span.start + len(node.name):
            return None
        call = open_call(self._place.piece.text[: node.span.start])
        found = call and signature_of(self._analysis, self._place.read, call.callee)
        if not found or not call:
            return ""
        label = next((a.label for a in found.arguments if a.name == node.name), "")
        return label and f"{pages.code(label)}\n\nan argument of {pages.inline(found.label)}"

    # ── names of the body ────────────────────────────────────────────────────────────────────

    def _symbol(self, word: str) -> Symbol | None:
        found = bindings(self._place.read)
        at = self._place.offset
        for mention in found.mentions:
            span = mention.span
            if span.source is self._place.piece and span.start <= at <= span.end:
                return mention.symbol
        is_read = not isinstance(self._place.node, tree.Unread)
        return None if is_read else next((s for s in found.symbols if s.name == word), None)

    def _symbol_page(self, symbol: Symbol) -> str:
        unit = self._place.unit
        match symbol.kind:
            case "tensor" | "output":
                return pages.tensor(self._analysis, symbol)
            case "given" if symbol.name in METRIC_HELP:
                return pages.titled(symbol.name, METRIC_HELP[symbol.name])
            case "given":
                return pages.given(symbol.name, uses(self._analysis, unit)) if unit else ""
            case "parameter":
                return pages.parameter(symbol, uses(self._analysis, unit) if unit else [])
            case "variable":
                return pages.variable(symbol)
            case _:
                return self._stated(symbol.statement)

    def _stated(self, statement: tree.Syntax | None) -> str:
        if isinstance(statement, tree.Shared):
            return pages.stated(statement, "one layer, whose parameters every use shares")
        if not isinstance(statement, tree.Let):
            return ""
        matched = self._matched()
        value = UNKNOWN if statement.parameters is not None else self._value(statement.value)
        return "\n\n".join(filter(None, [pages.constant(statement, value), matched]))

    def _value(self, expression: tree.Expression) -> Value:
        """What a constant is where nothing of the body is needed to know it."""
        evaluator = Evaluator(Budget(), Workshop())
        with suppress(Mistake, Unresolved, RecursionError):
            return evaluator.value(expression, Env(self._analysis.module.env))
        return UNKNOWN

    # ── names of the file, and of the language ───────────────────────────────────────────────

    def _global(self, word: str) -> str:
        if word in METRIC_HELP and isinstance(self._place.statement, tree.Assert):
            return pages.titled(word, METRIC_HELP[word])
        value = self._meaning(word)
        case = next((c for kind, c in self._cases.items() if isinstance(value, kind)), None)
        if case is not None:
            return case(word, value)
        statement = self._let(word)
        if statement is not None:
            page = pages.constant(statement, value if is_constant(value) else UNKNOWN)
            return "\n\n".join(filter(None, [page, self._matched()]))
        return pages.value(word, value) if value is not None and is_constant(value) else ""

    def _meaning(self, word: str) -> Value:
        own = self._place.read.tree
        if isinstance(own, (tree.Block, tree.Network)) and self._declares(own, word):
            unit = self._analysis.module.units.get(word)
            return unit or Unit(own, self._analysis.module.env)
        value = self._analysis.module.env.find(word)
        if value is None and (op := find(word)) is not None:
            return OpKind(op)
        return value

    def _declares(self, own: tree.Block | tree.Network, word: str) -> bool:
        return self._place.in_header and own.name.id == word

    def _let(self, word: str) -> tree.Let | None:
        trees = (read.tree for read in self._analysis.definitions)
        return next((t for t in trees if isinstance(t, tree.Let) and t.name.id == word), None)

    def _layer(self, word: str, value: OpKind) -> str:
        here = pages.here(self._analysis, self._expression().span) if self._is_read else ""
        matched = self._matched()
        return "\n\n".join(filter(None, [pages.layer(value.op), here, matched]))

    def _unit(self, word: str, value: Unit) -> str:
        return pages.unit(value, uses(self._analysis, value.declaration))

    def _operator(self, word: str, value: MatchingKind) -> str:
        return "\n\n".join(filter(None, [pages.operator(value.name), self._matched()]))

    def _initialiser(self, word: str, value: InitialiserKind) -> str:
        return pages.initialiser(value.kind)

    def _function(self, word: str, value: Function) -> str:
        if value.builtin is not None and word in FUNCTION_HELP:
            help_ = FUNCTION_HELP[word]
            return pages.titled(f"{word}({', '.join(help_.parameters)})", help_.doc)
        statement = self._let(word)
        return "" if statement is None else pages.constant(statement, UNKNOWN)

    # ── the node under the pointer ───────────────────────────────────────────────────────────

    @property
    def _is_read(self) -> bool:
        return isinstance(self._place.node, tree.Name)

    def _expression(self) -> tree.Syntax:
        """The name under the pointer, or the call of it."""
        path = self._place.path
        if len(path) > 1 and isinstance(path[-2], tree.Call) and path[-2].callee is path[-1]:
            return path[-2]
        assert path
        return path[-1]

    def _matched(self) -> str:
        """What the operator W did here, where the word is one."""
        path = self._place.path
        matched = next((n for n in reversed(path) if isinstance(n, tree.Matched)), None)
        if matched is None or not path or not _lies_in(path[-1].span, matched.operator.span):
            return ""
        return pages.matched(self._analysis, matched)


def _lies_in(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
