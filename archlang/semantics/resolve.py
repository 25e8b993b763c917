"""Names before values: every name of every body is checked, also where nothing is expanded.

Expansion sees only what runs; a block that no network uses, or the other arm of an `if`, is seen
here. Both report the same mistake in the same words, and the sink keeps one.
"""

from __future__ import annotations

import keyword

from archlang.diagnostics.catalog.names import BoundTwice, ReservedName, ShadowsBuiltin, WrongCase
from archlang.diagnostics.model import Diagnostics, Mistake
from archlang.ops.registry import find
from archlang.semantics.arguments import Given, signature_of_model
from archlang.semantics.builtins import METRICS, what_is
from archlang.semantics.evaluate import unknown_layer, unknown_name
from archlang.semantics.naming import reserved
from archlang.semantics.values import Env, OpKind
from archlang.source import Span
from archlang.syntax import tree
from archlang.syntax.walk import children


def check_names(file: tree.File, env: Env, sink: Diagnostics) -> None:
    """Report every name of a file that means nothing, or means two things."""
    for definition in file.definitions:
        checker = Names(env, sink)
        match definition:
            case tree.Block() | tree.Network():
                checker.unit(definition)
            case tree.Let():
                checker.bindable(definition.name)
                checker.let(definition)
            case tree.Use():
                for _, here in definition.names:
                    checker.bindable(here)
            case _:
                pass


class Names:
    """The names of one definition; scopes from the body inwards."""

    def __init__(self, env: Env, sink: Diagnostics) -> None:
        self._env = env
        self._sink = sink
        self._scopes: list[set[str]] = [set()]

    # ── definitions ──────────────────────────────────────────────────────────────────────────

    def unit(self, definition: tree.Block | tree.Network) -> None:
        """A block or network."""
        name = definition.name
        if not name.id[:1].isupper():
            what = type(definition).__name__.lower()
            self._sink.report(WrongCase(name=name.id, what=what), name.span)
        self._carried(name)
        for parameter in definition.parameters:
            if parameter.default is not None:
                self.expression(parameter.default)
            self._bind(tree.Name(parameter.span, parameter.name), name_only=True)
        for behind in (getattr(definition, "alias", None), getattr(definition, "base", None)):
            if behind is not None:
                self.expression(behind)
        inputs = [s for s in definition.body.statements if isinstance(s, tree.Input)]
        if not any(_names_inputs(s) for s in inputs):
            self._scopes[-1].add("x")
        self._scopes[-1].add("target")
        self.suite(definition.body)

    def let(self, s: tree.Let) -> None:
        """A constant, an operator or a function of constants."""
        if s.parameters is None:
            self.expression(s.value)
            return
        self._scopes.append(set())
        for parameter in s.parameters:
            if parameter.default is not None:
                self.expression(parameter.default)
            self._bind(tree.Name(parameter.span, parameter.name), name_only=True)
        self.expression(s.value)
        self._scopes.pop()

    def bindable(self, name: tree.Name) -> None:
        """Report a name that may not be given a meaning."""
        what = what_is(name.id)
        if what is not None:
            at = Span(name.span.source, name.span.start, name.span.start + len(name.id))
            self._sink.report(ShadowsBuiltin(name=name.id, what=what), at)
        elif keyword.iskeyword(name.id) or name.id.startswith("__"):
            self._sink.report(ReservedName(name=name.id, why=reserved(name.id) or ""), name.span)

    def _carried(self, name: tree.Name) -> None:
        """A name that `state_dict` or the generated module carries."""
        self.bindable(name)
        why = reserved(name.id)
        if why is not None:
            self._sink.report(ReservedName(name=name.id, why=why), name.span)

    def _bind(self, name: tree.Name, *, name_only: bool = False) -> None:
        if name.id == "_":
            return
        self.bindable(name) if name_only else self._carried(name)
        if name.id in self._scopes[-1]:
            self._sink.report(BoundTwice(name=name.id), name.span)
        self._scopes[-1].add(name.id)

    # ── statements ───────────────────────────────────────────────────────────────────────────

    def suite(self, suite: tree.Suite) -> None:
        """The lines of a suite, in order."""
        for statement in suite.statements:
            self.statement(statement)

    def _nested(self, suite: tree.Suite, *names: tree.Name) -> None:
        self._scopes.append(set())
        for name in names:
            self._bind(name, name_only=True)
        self._scopes.append(set())
        self.suite(suite)
        del self._scopes[-2:]

    def statement(self, s: tree.Statement) -> None:
        """One line."""
        match s:
            case tree.Step():
                self.expression(s.value)
                if s.ascription is not None:
                    self.expression(s.ascription)
                for target in s.targets:
                    self._target(target)
            case tree.Input():
                self._input(s)
            case tree.Output():
                self.expression(s.value)
                if isinstance(s.target, tree.Name):
                    self._bind(s.target)
            case tree.Let():
                self.let(s)
                self._bind(s.name, name_only=True)
            case tree.Shared():
                self.expression(s.value)
                self._bind(s.name)
            case tree.For():
                self.expression(s.over)
                self._nested(s.body, *_flat(s.targets))
            case tree.If():
                self._if(s)
            case tree.Assert():
                self._scopes.append(set(METRICS))
                self.expression(s.test)
                self._scopes.pop()
            case tree.Replace() | tree.Insert():
                self._nested(s.body)
            case tree.Default():
                self.expression(s.call)
            case _:
                pass

    def _if(self, s: tree.If) -> None:
        before = set(self._scopes[-1])
        after = set(before)
        for condition, suite in s.arms:
            if condition is not None:
                self.expression(condition)
            self._scopes[-1] = set(before)
            self.suite(suite)
            after |= self._scopes[-1]
        self._scopes[-1] = after

    def _input(self, s: tree.Input) -> None:
        if _names_inputs(s):
            for name in s.names:
                if isinstance(name, tree.Name):
                    self._bind(name)
        else:
            for shape in s.names:
                self.expression(shape)
        if s.shape is not None:
            self.expression(s.shape)

    def _target(self, target: tree.Expression) -> None:
        if isinstance(target, tree.Name):
            self._bind(target)
            return
        while isinstance(target, tree.Index):
            self.expression(target.index)
            target = target.value
        if isinstance(target, tree.Name):
            if target.id not in self._scopes[0]:
                self._carried(target)
            self._scopes[0].add(target.id)

    # ── expressions ──────────────────────────────────────────────────────────────────────────

    def expression(self, e: tree.Syntax) -> None:
        """All names an expression mentions."""
        match e:
            case tree.Name():
                if not self._known(e.id):
                    self._report(unknown_name(e, self._visible()))
            case tree.Call(callee=tree.Name()):
                self._call(e)
            case tree.Size():
                for part in e.parts:
                    if isinstance(part, str) and not self._known(part):
                        name = tree.Name(e.span, part)
                        self._report(unknown_name(name, self._visible()))
            case tree.Comprehension():
                self._comprehension(e)
            case tree.Branch() | tree.Chain():
                self._nested(e.body)
            case tree.Dense() | tree.Repeat():
                self.expression(e.count)
                self._nested(e.body)
            case _:
                for child in children(e):
                    self.expression(child)

    def _call(self, e: tree.Call) -> None:
        assert isinstance(e.callee, tree.Name)
        if not self._known(e.callee.id):
            self._report(unknown_layer(e.callee, self._visible()))
        for argument in e.arguments:
            self.expression(argument.value)
        kind = None if self._local(e.callee.id) else self._env.find(e.callee.id)
        if isinstance(kind, OpKind):
            self._named_arguments(e, kind)

    def _named_arguments(self, e: tree.Call, kind: OpKind) -> None:
        signature = signature_of_model(kind.op, kind.op.name)
        for a in e.arguments:
            if a.name is not None:
                at = Span(a.span.source, a.span.start, a.span.start + len(a.name))
                try:
                    signature.bind([Given(a.name, 0, a.span, at)])
                except Mistake as mistake:
                    self._report(mistake)

    def _comprehension(self, e: tree.Comprehension) -> None:
        self.expression(e.over)
        self._scopes.append({n.id for n in _flat(e.targets)})
        self.expression(e.item)
        if e.condition is not None:
            self.expression(e.condition)
        self._scopes.pop()

    def _local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    def _known(self, name: str) -> bool:
        return self._local(name) or name in self._env.visible() or find(name) is not None

    def _visible(self) -> set[str]:
        return {*self._env.visible(), *(n for scope in self._scopes for n in scope)} - {"target"}

    def _report(self, mistake: Mistake) -> None:
        assert mistake.at is not None
        self._sink.report_mistake(mistake, mistake.at)


def _names_inputs(s: tree.Input) -> bool:
    """Whether an input statement gives names, rather than a shape for `x`."""
    return s.shape is not None or all(
        isinstance(n, tree.Name) and not n.id.isupper() for n in s.names
    )


def _flat(targets: tree.Targets) -> list[tree.Name]:
    names: list[tree.Name] = []
    for target in targets.names:
        names.extend(_flat(target) if isinstance(target, tree.Targets) else [target])
    return names
