"""Names before values: every name of every body is checked, also where nothing is expanded.

Expansion sees only what runs; a block that no network uses, or the other arm of an `if`, is seen
here. Both report the same mistake in the same words, and the sink keeps one.
"""

from __future__ import annotations

import keyword

from archlang.diagnostics.catalog.graph import OutputTwice
from archlang.diagnostics.catalog.limits import NestedTooDeeply
from archlang.diagnostics.catalog.names import BoundTwice, ReservedName, ShadowsBuiltin, WrongCase
from archlang.diagnostics.catalog.syntax import MisplacedStatement
from archlang.diagnostics.model import Diagnostics, Label, Mistake
from archlang.ops.registry import find
from archlang.semantics.builtins import METRICS, what_is
from archlang.semantics.limits import MAX_MISTAKES
from archlang.semantics.lookup import unknown_layer, unknown_name
from archlang.semantics.naming import reserved
from archlang.semantics.ports import names_inputs
from archlang.semantics.static import check_call
from archlang.semantics.values import Env
from archlang.source import Span
from archlang.syntax import tree
from archlang.syntax.walk import children


def check_names(file: tree.File, env: Env, sink: Diagnostics) -> None:
    """Report every name of a file that means nothing, or means two things."""
    for definition in file.definitions:
        check_definition(definition, env, sink)
        if len(sink) >= MAX_MISTAKES:
            break


def check_definition(definition: tree.Definition, env: Env, sink: Diagnostics) -> None:
    """Report the names of one definition that mean nothing, or two things."""
    if isinstance(definition, tree.Block) and definition.unread:
        return  # any name may be a parameter
    try:
        _check(definition, Names(env, sink))
    except RecursionError:
        sink.report(NestedTooDeeply(), definition.span)


def _check(definition: tree.Definition, checker: Names) -> None:
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
        self._scopes: list[dict[str, Span | None]] = [{}]
        """Names with the place that gave them their meaning, from the body inwards."""
        self._outputs: set[str] = set()
        self._is_network = False
        self._is_derived = False

    # ── definitions ──────────────────────────────────────────────────────────────────────────

    def unit(self, definition: tree.Block | tree.Network) -> None:
        """A block or network."""
        name = definition.name
        self._carried(name)
        if not name.id[:1].isupper() and reserved(name.id) is None:
            what = type(definition).__name__.lower()
            self._sink.report(WrongCase(name=name.id, what=what), name.span)
        for parameter in definition.parameters:
            if parameter.default is not None:
                self.expression(parameter.default)
            self._bind(_parameter_name(parameter), name_only=True)
        if isinstance(definition, tree.Network):
            self._is_network = True
            self._is_derived = definition.base is not None
            for behind in (definition.alias, definition.base):
                if behind is not None:
                    self.expression(behind)
        inputs = [s for s in definition.body.statements if isinstance(s, tree.Input)]
        if not any(names_inputs(s, self._is_network) for s in inputs):
            self._scopes[-1]["x"] = None
        self._scopes[-1]["target"] = None
        self.suite(definition.body)

    def let(self, s: tree.Let) -> None:
        """A constant, an operator or a function of constants."""
        if s.parameters is None:
            self.expression(s.value)
            return
        self._scopes.append({})
        for parameter in s.parameters:
            if parameter.default is not None:
                self.expression(parameter.default)
            self._bind(_parameter_name(parameter), name_only=True)
        self.expression(s.value)
        self._scopes.pop()

    def bindable(self, name: tree.Name) -> None:
        """Report a name that may not be given a meaning."""
        what = what_is(name.id)
        if what is not None:
            self._sink.report(ShadowsBuiltin(name=name.id, what=what), name.span)
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
        scope = self._scopes[-1]
        if name.id in scope:
            self._sink.report(BoundTwice(name=name.id), name.span, _first(scope[name.id]))
        scope.setdefault(name.id, name.span)

    # ── statements ───────────────────────────────────────────────────────────────────────────

    def suite(self, suite: tree.Suite) -> None:
        """The lines of a suite, in order."""
        for statement in suite.statements:
            if len(self._sink) >= MAX_MISTAKES:
                return
            self.statement(statement)

    def _nested(self, suite: tree.Suite, *names: tree.Name) -> None:
        self._scopes.append({})
        for name in names:
            self._bind(name, name_only=True)
        self._scopes.append({})
        self.suite(suite)
        del self._scopes[-2:]

    def statement(self, s: tree.Statement) -> None:  # one case a statement
        """One line."""
        match s:
            case tree.Step():
                self._step(s)
            case tree.Input():
                self._input(s)
            case tree.Output():
                self._output(s)
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
                self._scopes.append(dict.fromkeys(METRICS))
                self.expression(s.test)
                self._scopes.pop()
            case tree.Replace() | tree.Insert():
                self._operation(s)
                self._nested(s.body)
            case (
                tree.Remove()
                | tree.Freeze()
                | tree.Adapt()
                | tree.RemoveSkips()
                | tree.ReplaceSkips()
            ):
                self._operation(s)
            case tree.Weights():
                pass  # it names nothing of the spec
            case tree.Default():
                self.expression(s.call)

    def _step(self, s: tree.Step) -> None:
        self.expression(s.value)
        if s.ascription is not None:
            self.expression(s.ascription)
        for target in s.targets:
            self._target(target)

    def _operation(self, s: tree.Statement) -> None:
        if not self._is_derived:
            self._sink.report(misplaced_operation(s), s.span)
        if isinstance(s, tree.ReplaceSkips) and s.operator is not None:
            self.expression(s.operator)

    def _output(self, s: tree.Output) -> None:
        self.expression(s.value)
        target = s.target if s.target is not None else s.value
        if not isinstance(target, tree.Name):
            return
        if target.id in self._outputs:
            self._sink.report(OutputTwice(name=target.id), target.span)
        elif s.target is not None:
            self._bind(target)
        self._outputs.add(target.id)

    def _if(self, s: tree.If) -> None:
        before, outputs = dict(self._scopes[-1]), set(self._outputs)
        after, all_outputs = dict(before), set(outputs)
        for condition, suite in s.arms:
            if condition is not None:
                self.expression(condition)
            self._scopes[-1], self._outputs = dict(before), set(outputs)
            self.suite(suite)
            after |= self._scopes[-1]
            all_outputs |= self._outputs
        self._scopes[-1], self._outputs = after, all_outputs

    def _input(self, s: tree.Input) -> None:
        if names_inputs(s, self._is_network):
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
            self._scopes[0].setdefault(target.id, target.span)

    # ── expressions ──────────────────────────────────────────────────────────────────────────

    def expression(self, e: tree.Syntax) -> None:
        """All names an expression mentions."""
        match e:
            case tree.Name():
                if not self._known(e.id):
                    self._report(unknown_name(e, self._visible()))
            case tree.Call(callee=tree.Name()):
                self._call(e)
            case tree.Pipe():
                self._pipe(e)
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

    def _pipe(self, e: tree.Pipe) -> None:
        for before, step in zip((None, *e.steps), e.steps, strict=False):
            if isinstance(step, tree.Call) and isinstance(step.callee, tree.Name):
                self._call(step, before)
            else:
                self.expression(step)

    def _call(self, e: tree.Call, before: tree.Expression | None = None) -> None:
        assert isinstance(e.callee, tree.Name)
        if not self._known(e.callee.id):
            self._report(unknown_layer(e, self._visible(), before))
        for argument in e.arguments:
            self.expression(argument.value)
        callee = None if self._local(e.callee.id) else self._env.find(e.callee.id)
        try:
            check_call(e, callee)
        except Mistake as mistake:
            self._report(mistake)

    def _comprehension(self, e: tree.Comprehension) -> None:
        self.expression(e.over)
        self._scopes.append({n.id: n.span for n in _flat(e.targets)})
        self.expression(e.item)
        if e.condition is not None:
            self.expression(e.condition)
        self._scopes.pop()

    def _local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    def _known(self, name: str) -> bool:
        return self._local(name) or self._env.has(name) or find(name) is not None

    def _visible(self) -> list[str]:
        names = {*self._env.visible(), *(n for scope in self._scopes for n in scope)}
        return sorted(names - {"target"})

    def _report(self, mistake: Mistake) -> None:
        assert mistake.at is not None
        self._sink.report_mistake(mistake, mistake.at)


def _parameter_name(parameter: tree.Parameter) -> tree.Name:
    at = parameter.span
    return tree.Name(Span(at.source, at.start, at.start + len(parameter.name)), parameter.name)


def _first(span: Span | None) -> list[Label]:
    return [Label(span, "first given here")] if span is not None else []


def misplaced_operation(s: tree.Statement) -> MisplacedStatement:
    """The mistake of surgery outside a derived network."""
    reason = "only a derived network (network A from B:) can be operated on"
    return MisplacedStatement(statement=tree.word(s), reason=reason)


def _flat(targets: tree.Targets) -> list[tree.Name]:
    names: list[tree.Name] = []
    for target in targets.names:
        names.extend(_flat(target) if isinstance(target, tree.Targets) else [target])
    return names
