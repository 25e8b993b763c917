"""Which name means what: every mention of a name in a definition, and what gave it its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from weakref import WeakKeyDictionary

from archlang.editing.definitions import Read
from archlang.semantics.builtins import METRICS
from archlang.semantics.ports import names_inputs
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.walk import children

Kind: TypeAlias = Literal[
    "block",
    "network",
    "constant",
    "function",
    "parameter",
    "variable",
    "tensor",
    "output",
    "shared",
    "given",
]


@dataclass(eq=False)
class Symbol:
    """A name with one meaning; `given` are those of the language, such as `x` and `target`."""

    name: str
    kind: Kind
    statement: tree.Syntax | None
    """The statement, definition or parameter that gives it its meaning first."""
    parameters: tuple[tree.Parameter, ...] = ()
    """Those of a function."""
    spans: list[Span] = field(default_factory=list[Span])
    """Where it is given its meaning; in several arms of an `if`, in several places."""
    depth: int = 0
    """How many scopes lie around it, those of the file and of the body not counted."""


@dataclass(frozen=True, eq=False)
class Mention:
    """A name as it stands in the text; without a symbol it is one of the file, or built in."""

    name: str
    span: Span
    symbol: Symbol | None = None
    binds: bool = False
    callee: Mention | None = None
    """Of the name of an argument: what is called."""
    network: tree.Network | None = None
    """Of the first name of a path: the derived network whose base it belongs to."""


@dataclass(frozen=True, eq=False)
class Bindings:
    """The names of one definition."""

    mentions: tuple[Mention, ...]
    symbols: tuple[Symbol, ...]


_known: WeakKeyDictionary[Read, Bindings] = WeakKeyDictionary()


def bindings(read: Read) -> Bindings:
    """The names of a definition; each is gone through once."""
    found = _known.get(read)
    if found is None:
        found = _known[read] = _bindings(read.tree)
    return found


def _bindings(definition: tree.Definition | None) -> Bindings:
    binder = _Binder()
    try:
        if definition is not None:
            binder.definition(definition)
    except RecursionError:
        pass  # nested deeper than can be read; that is reported where it is checked
    return Bindings(tuple(binder.mentions), tuple(binder.symbols))


class _Binder:
    """Goes through a definition in the order in which names get their meaning.

    The scopes are those of `semantics.resolve`: what is not found in them is the file's.
    """

    def __init__(self) -> None:
        self.mentions: list[Mention] = []
        self.symbols: list[Symbol] = []
        self._scopes: list[dict[str, Symbol]] = [{}]
        self._arms: list[dict[str, Symbol]] = []
        """What the arms of an `if` bind; a name bound in two of them is one name."""
        self._unit: tree.Block | tree.Network | None = None

    def definition(self, definition: tree.Definition) -> None:
        """One definition of a file; its own name is left to the file."""
        match definition:
            case tree.Block() | tree.Network():
                self._mention(definition.name, binds=True)
                self._of_unit(definition)
            case tree.Let():
                self._mention(definition.name, binds=True)
                self._let(definition)
            case tree.Default():
                self._expression(definition.call)
            case tree.Use():
                for there, here in definition.names:
                    if here.span != there.span:
                        self._mention(here, binds=True)
            case _:
                pass

    def _of_unit(self, unit: tree.Block | tree.Network) -> None:
        self._unit = unit
        for parameter in unit.parameters:
            self._parameter(parameter)
        if isinstance(unit, tree.Network):
            for behind in (unit.alias, unit.base):
                if behind is not None:
                    self._expression(behind)
        self._given("target")
        inputs = [s for s in unit.body.statements if isinstance(s, tree.Input)]
        if not any(names_inputs(s, isinstance(unit, tree.Network)) for s in inputs):
            self._given("x")
        self._suite(unit.body)

    def _given(self, name: str) -> None:
        self._scopes[-1][name] = Symbol(name, "given", None)

    def _parameter(self, parameter: tree.Parameter) -> None:
        if parameter.default is not None:
            self._expression(parameter.default)
        self._bind(name_of(parameter), "parameter", parameter)

    def _let(self, s: tree.Let) -> None:
        if s.parameters is None:
            self._expression(s.value)
            return
        self._scopes.append({})
        for parameter in s.parameters:
            self._parameter(parameter)
        self._expression(s.value)
        self._scopes.pop()

    # ── giving a meaning ─────────────────────────────────────────────────────────────────────

    def _bind(self, name: tree.Name, kind: Kind, statement: tree.Syntax) -> None:
        if name.id == "_":
            return
        scope = self._scopes[-1]
        known = scope.get(name.id) or next(
            (arm[name.id] for arm in self._arms if name.id in arm), None
        )
        symbol = known if known is not None and known.kind != "given" else None
        if symbol is None:
            symbol = self._new(name.id, kind, statement)
        scope[name.id] = symbol
        self._bound(symbol, name)

    def _new(self, name: str, kind: Kind, statement: tree.Syntax) -> Symbol:
        parameters = statement.parameters if isinstance(statement, tree.Let) else None
        symbol = Symbol(name, kind, statement, parameters or (), depth=len(self._scopes) - 1)
        self.symbols.append(symbol)
        return symbol

    def _bound(self, symbol: Symbol, name: tree.Name) -> None:
        symbol.spans.append(name.span)
        self.mentions.append(Mention(name.id, name.span, symbol, binds=True))

    def _mention(self, name: tree.Name, *, binds: bool = False) -> Mention:
        symbol = None if binds else self._find(name.id)
        mention = Mention(name.id, name.span, symbol, binds)
        self.mentions.append(mention)
        return mention

    def _find(self, name: str) -> Symbol | None:
        return next((s[name] for s in reversed(self._scopes) if name in s), None)

    # ── statements ───────────────────────────────────────────────────────────────────────────

    def _suite(self, suite: tree.Suite) -> None:
        for statement in suite.statements:
            self._statement(statement)

    def _nested(self, suite: tree.Suite, targets: tree.Targets | None = None) -> None:
        arms, self._arms = self._arms, []
        self._scopes.append({})
        for name in flat(targets):
            self._bind(name, "variable", suite)
        self._scopes.append({})
        self._suite(suite)
        del self._scopes[-2:]
        self._arms = arms

    def _statement(self, s: tree.Statement) -> None:  # one case a statement
        match s:
            case tree.Step():
                self._expression(s.value)
                self._maybe(s.ascription)
                for target in s.targets:
                    self._target(target, s)
            case tree.Input():
                self._input(s)
            case tree.Output():
                self._expression(s.value)
                if isinstance(s.target, tree.Name):
                    self._bind(s.target, "output", s)
            case tree.Let():
                self._let(s)
                self._bind(s.name, "function" if s.parameters is not None else "constant", s)
            case tree.Shared():
                self._expression(s.value)
                self._bind(s.name, "shared", s)
            case tree.For():
                self._expression(s.over)
                self._nested(s.body, s.targets)
            case tree.If():
                self._if(s)
            case tree.Assert():
                self._scopes.append({m: Symbol(m, "given", None) for m in METRICS})
                self._expression(s.test)
                self._scopes.pop()
            case tree.Default():
                self._expression(s.call)
            case _:
                self._surgery(s)

    def _surgery(self, s: tree.Statement) -> None:
        for path in paths_of(s):
            if isinstance(self._unit, tree.Network) and "*" not in path.path:
                first = path.path.partition(".")[0]
                at = Span(path.span.source, path.span.start, path.span.start + len(first))
                self.mentions.append(Mention(first, at, network=self._unit))
        if isinstance(s, (tree.Replace, tree.Insert)):
            self._nested(s.body)
        elif isinstance(s, tree.ReplaceSkips):
            self._maybe(s.operator)

    def _if(self, s: tree.If) -> None:
        before = dict(self._scopes[-1])
        after = dict(before)
        self._arms.append({})
        for condition, suite in s.arms:
            self._maybe(condition)
            self._scopes[-1] = dict(before)
            self._suite(suite)
            after |= self._scopes[-1]
            self._arms[-1] |= {n: v for n, v in after.items() if before.get(n) is not v}
        self._arms.pop()
        self._scopes[-1] = after

    def _input(self, s: tree.Input) -> None:
        named = names_inputs(s, isinstance(self._unit, tree.Network))
        for name in s.names:
            if named and isinstance(name, tree.Name):
                self._bind(name, "tensor", s)
            elif not named:
                self._expression(name)
        self._maybe(s.shape)

    def _target(self, target: tree.Expression, s: tree.Step) -> None:
        if isinstance(target, tree.Name):
            self._bind(target, "tensor", s)
            return
        while isinstance(target, tree.Index):
            self._expression(target.index)
            target = target.value
        if isinstance(target, tree.Name):
            symbol = self._scopes[0].get(target.id)
            if symbol is None:
                symbol = self._scopes[0][target.id] = self._new(target.id, "tensor", s)
            self._bound(symbol, target)

    # ── expressions ──────────────────────────────────────────────────────────────────────────

    def _maybe(self, e: tree.Syntax | None) -> None:
        if e is not None:
            self._expression(e)

    def _expression(self, e: tree.Syntax) -> None:
        match e:
            case tree.Name():
                self._mention(e)
            case tree.Call():
                self._call(e)
            case tree.Size():
                for name in _names_of_size(e):
                    self._mention(name)
            case tree.Comprehension():
                self._comprehension(e)
            case tree.Branch() | tree.Chain():
                self._nested(e.body)
            case tree.Dense() | tree.Repeat():
                self._expression(e.count)
                self._nested(e.body)
            case _:
                for child in children(e):
                    self._expression(child)

    def _call(self, e: tree.Call) -> None:
        callee = None
        if isinstance(e.callee, tree.Name):
            callee = self._mention(e.callee)
        else:
            self._expression(e.callee)
        for argument in e.arguments:
            if argument.name is not None:
                at = argument.span
                span = Span(at.source, at.start, at.start + len(argument.name))
                self.mentions.append(Mention(argument.name, span, callee=callee or _NOBODY))
            self._expression(argument.value)

    def _comprehension(self, e: tree.Comprehension) -> None:
        self._expression(e.over)
        self._scopes.append({})
        for name in flat(e.targets):
            self._bind(name, "variable", e)
        self._expression(e.item)
        self._maybe(e.condition)
        self._scopes.pop()


_NOBODY = Mention("", Span(Source("", ""), 0, 0))
"""What is called where that has no name."""


def name_of(parameter: tree.Parameter) -> tree.Name:
    """The name of a parameter, with its place."""
    at = parameter.span
    return tree.Name(Span(at.source, at.start, at.start + len(parameter.name)), parameter.name)


def flat(targets: tree.Targets | None) -> Iterator[tree.Name]:
    """The names that a loop binds."""
    for target in targets.names if targets else ():
        if isinstance(target, tree.Targets):
            yield from flat(target)
        else:
            yield target


def paths_of(s: tree.Syntax) -> tuple[tree.PathName, ...]:
    """The paths that a line of a derived network speaks of."""
    match s:
        case tree.Replace() | tree.Insert():
            return (s.path,)
        case tree.Remove() | tree.Freeze() | tree.Adapt():
            return s.paths
        case tree.RemoveSkips() | tree.ReplaceSkips():
            return s.skips.excepted
        case _:
            return ()


def _names_of_size(e: tree.Size) -> Iterator[tree.Name]:
    for part in re.finditer(r"[A-Z]", e.span.text):
        start = e.span.start + part.start()
        yield tree.Name(Span(e.span.source, start, start + 1), part[0])
