"""From grammar rules to tree: one method per rule, called by the parser as it reduces.

The grammar keeps all tokens, so a rule's children stand at fixed places and give the spans.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, TypeAlias, cast

from lark import Token, Transformer

from archlang.diagnostics.catalog.ablation import BadSource
from archlang.diagnostics.catalog.limits import HugeLiteral, NestedTooDeeply
from archlang.diagnostics.catalog.syntax import BadBinding
from archlang.diagnostics.model import Mistake
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.literals import string_value

Children: TypeAlias = list[Any]
"""Tokens and tree nodes, as the grammar puts them."""

MAX_DIGITS = 20
"""A whole number written out may have this many digits; no layer needs more than 9."""


MAX_PIPE = 5_000
"""A pipe may have this many steps."""


class TreeBuilder(Transformer[Token, tree.File]):
    """Builds a tree; `source` is set anew for each text."""

    def __init__(self) -> None:
        super().__init__()
        self.source = Source("", "")

    def _span(self, *parts: Token | tree.Syntax) -> Span:
        """From the first to the last of the parts."""
        return Span(self.source, _start(parts[0]), _end(parts[-1]))

    # ── file ─────────────────────────────────────────────────────────────────────────────────

    def file(self, c: Children) -> tree.File:
        return tree.File(self.source, tuple(x for x in c if isinstance(x, tree.Syntax)))  # pyright: ignore[reportArgumentType]

    def version(self, c: Children) -> tree.Version:
        return tree.Version(self._span(c[0], c[1]), int(c[1]))

    def import_name(self, c: Children) -> tuple[tree.Name, tree.Name]:
        return self._name(c[0]), self._name(c[-1])

    def imports(self, c: Children) -> Children:
        return c[::2]

    def use(self, c: Children) -> tree.Use:
        return tree.Use(self._span(c[0], c[3]), tuple(c[1]), self.text(c[3:4]))

    def let_line(self, c: Children) -> tree.Let:
        return c[0]

    def default_line(self, c: Children) -> tree.Default:
        return c[0]

    def let(self, c: Children) -> tree.Let:
        return tree.Let(self._span(*c), self._name(c[1]), None, c[3])

    def let_function(self, c: Children) -> tree.Let:
        return tree.Let(self._span(c[0], c[4]), self._name(c[1]), c[2], c[4])

    def default(self, c: Children) -> tree.Default:
        return tree.Default(self._span(*c), c[1])

    def block(self, c: Children) -> tree.Block:
        parameters = c[2] if len(c) == 5 else ()
        return tree.Block(self._span(c[0], c[1]), self._name(c[1]), parameters, c[-1])

    def network(self, c: Children) -> tree.Network:
        parameters = c[2] if len(c) == 5 else ()
        return tree.Network(self._span(c[0], c[1]), self._name(c[1]), parameters, c[-1])

    def network_end(self, c: Children) -> tree.Suite:
        return c[1]

    def network_alias(self, c: Children) -> tree.Network:
        span, name, parameters, value, body = self._network_of(c)
        return tree.Network(span, name, parameters, body, alias=value)

    def network_derived(self, c: Children) -> tree.Network:
        span, name, parameters, value, body = self._network_of(c)
        return tree.Network(span, name, parameters, body, base=value)

    def _network_of(
        self, c: Children
    ) -> tuple[Span, tree.Name, tuple[tree.Parameter, ...], tree.Expression, tree.Suite]:
        parameters = c[2] if len(c) == 6 else ()
        body = c[-1] if isinstance(c[-1], tree.Suite) else tree.Suite(c[-2].span, ())
        return self._span(c[0], c[1]), self._name(c[1]), parameters, c[-2], body

    def parameters(self, c: Children) -> tuple[tree.Parameter, ...]:
        return tuple(x for x in c if isinstance(x, tree.Parameter))

    def parameter(self, c: Children) -> tree.Parameter:
        return tree.Parameter(self._span(*c), str(c[0]), c[2] if len(c) == 3 else None)

    # ── statements ───────────────────────────────────────────────────────────────────────────

    def suite(self, c: Children) -> tree.Suite:
        statements = [x for x in c if isinstance(x, tree.Syntax)]
        docs = [x for x in c if isinstance(x, str) and not isinstance(x, Token)]
        span = self._span(*statements) if statements else self._span(c[0])
        return tree.Suite(span, tuple(statements), docs[0] if docs else "")  # pyright: ignore[reportArgumentType]

    def docstring(self, c: Children) -> str:
        return string_value(c[0], self._span(c[0]))

    def line(self, c: Children) -> tree.Statement:
        return c[0]

    def exprs(self, c: Children) -> tuple[tree.Expression, ...]:
        return tuple(c[::2])

    def input(self, c: Children) -> tree.Input:
        last = c[3] if len(c) == 4 else c[1][-1]
        return tree.Input(self._span(c[0], last), c[1], c[3] if len(c) == 4 else None)

    def step(self, c: Children) -> tree.Step:
        if len(c[0]) > 1:
            raise Mistake(BadBinding(reason="several"), self._span(c[0][0], c[0][-1]))
        ascription = c[2] if len(c) == 3 else None
        return tree.Step(self._span(c[0][0], ascription or c[0][0]), (), c[0][0], ascription)

    def binding(self, c: Children) -> tree.Step:
        ascription = c[4] if len(c) == 5 else None
        span = self._span(c[0][0], ascription or c[2])
        return tree.Step(span, self._targets_of(c[0]), c[2], ascription)

    def nested_step(self, c: Children) -> tree.Step:
        return tree.Step(c[0].span, (), c[0], None)

    def nested_binding(self, c: Children) -> tree.Step:
        return tree.Step(self._span(c[0][0], c[2]), self._targets_of(c[0]), c[2], None)

    def _targets_of(self, targets: tuple[tree.Expression, ...]) -> tuple[tree.Expression, ...]:
        """A binding is parsed as `expr = expr`; here its left side is checked."""
        for target in targets:
            base = target
            while isinstance(base, tree.Index):
                base = base.value
            if not isinstance(base, tree.Name):
                raise Mistake(BadBinding(reason="target"), target.span)
        return targets

    def output_head(self, c: Children) -> Children:
        return c

    def output(self, c: Children) -> tree.Output:
        head = cast(Children, c[0]) if isinstance(c[0], list) else c[:1]
        word, value = head[0], c[1]
        target = head[1] if len(head) > 1 else None
        return tree.Output(self._span(word, c[-1]), target, value, len(c) == 4)

    def nested_output(self, c: Children) -> tree.Output:
        return tree.Output(self._span(c[0][0], c[1]), c[0][1], c[1], training=False)

    def assert_(self, c: Children) -> tree.Assert:
        message = string_value(c[3], self._span(c[3])) if len(c) == 4 else None
        return tree.Assert(self._span(c[0], c[1]), c[1], message)

    def shared(self, c: Children) -> tree.Shared:
        return tree.Shared(self._span(*c), self._name(c[1]), c[3])

    def flow_into(self, c: Children) -> tree.Pipe:
        return self.pipe(c)

    def branch(self, c: Children) -> tree.Branch:
        return tree.Branch(self._span(c[0]), str(c[1]) if len(c) == 4 else None, c[-1])

    def dense(self, c: Children) -> tree.Dense:
        return tree.Dense(self._span(c[0], c[1]), c[1], c[3])

    def repeat(self, c: Children) -> tree.Repeat:
        return tree.Repeat(self._span(c[0], c[1]), c[1], c[3])

    def chain(self, c: Children) -> tree.Chain:
        return tree.Chain(self._span(c[0]), c[2])

    def for_(self, c: Children) -> tree.For:
        return tree.For(self._span(c[0], c[3]), c[1], c[3], c[5])

    def targets(self, c: Children) -> tree.Targets:
        names = tuple(x if isinstance(x, tree.Targets) else self._name(x) for x in c[::2])
        return tree.Targets(self._span(*c), names)

    def target_group(self, c: Children) -> tree.Targets:
        return c[1]

    def if_(self, c: Children) -> tree.If:
        arms = ((c[1], c[3]), *c[4:])
        return tree.If(self._span(c[0], c[1]), arms)

    def elif_(self, c: Children) -> tuple[tree.Expression, tree.Suite]:
        return c[1], c[3]

    def else_(self, c: Children) -> tuple[None, tree.Suite]:
        return None, c[2]

    # ── surgery ──────────────────────────────────────────────────────────────────────────────

    def replace(self, c: Children) -> tree.Replace:
        return tree.Replace(self._span(c[0], c[1]), self._path(c[1]), c[3])

    def insert(self, c: Children) -> tree.Insert:
        return tree.Insert(self._span(c[0], c[2]), c[1] == "after", self._path(c[2]), c[4])

    def remove(self, c: Children) -> tree.Remove:
        return tree.Remove(self._span(*c), tuple(self._path(t) for t in c[1::2]))

    def skips(self, c: Children) -> tree.Skips:
        excepted = tuple(self._path(t) for t in c[2::2])
        return tree.Skips(self._span(*c), str(c[0]).split()[0], excepted)

    def remove_skips(self, c: Children) -> tree.RemoveSkips:
        return tree.RemoveSkips(self._span(*c), c[1])

    def replace_skips(self, c: Children) -> tree.ReplaceSkips:
        operator: tree.Expression | None = c[3]
        source = operator
        if isinstance(operator, tree.Matched):
            operator, source = operator.operator, operator.operand
            if not _is_source(source):
                raise Mistake(BadSource(written=source.span.text), source.span)
        elif _is_source(operator):
            operator = None
        named = source if isinstance(source, tree.Name) and _is_source(source) else None
        return tree.ReplaceSkips(self._span(*c), c[1], operator, named)

    def freeze(self, c: Children) -> tree.Freeze:
        return tree.Freeze(self._span(*c), tuple(self._path(t) for t in c[1::2]))

    def adapt(self, c: Children) -> tree.Adapt:
        paths = tuple(self._path(t) for t in c[1:-2:2])
        return tree.Adapt(self._span(*c), paths, self._name(c[-1]))

    def weights(self, c: Children) -> tree.Weights:
        kind = self._name(c[1]) if len(c) == 3 else None
        return tree.Weights(self._span(*c), kind, self.text(c[-1:]))

    def _path(self, token: Token) -> tree.PathName:
        return tree.PathName(self._span(token), str(token))

    # ── expressions ──────────────────────────────────────────────────────────────────────────

    def pipe(self, c: Children) -> tree.Pipe:
        left = c[0].steps if isinstance(c[0], tree.Pipe) else (c[0],)
        if len(left) >= MAX_PIPE:
            raise Mistake(NestedTooDeeply(), self._span(c[2]))
        return tree.Pipe(self._span(c[0], c[2]), (*left, c[2]))

    def conditional(self, c: Children) -> tree.Conditional:
        return tree.Conditional(self._span(*c), condition=c[2], then=c[0], otherwise=c[4])

    def logic(self, c: Children) -> tree.Logic:
        return tree.Logic(self._span(*c), str(c[1]), c[0], c[2])

    def unary(self, c: Children) -> tree.Unary:
        return tree.Unary(self._span(*c), str(c[0]), c[1])

    def binary(self, c: Children) -> tree.Binary:
        return tree.Binary(self._span(*c), str(c[1]), c[0], c[2])

    def comparator(self, c: Children) -> str:
        return " ".join(c)

    def compare(self, c: Children) -> tree.Compare:
        return tree.Compare(self._span(*c), c[0], tuple(zip(c[1::2], c[2::2], strict=True)))

    def matched(self, c: Children) -> tree.Matched:
        return tree.Matched(self._span(*c), c[0], c[2])

    def attribute(self, c: Children) -> tree.Attribute:
        return tree.Attribute(self._span(*c), c[0], str(c[2]))

    def call(self, c: Children) -> tree.Call:
        arguments, close = c[1]
        return tree.Call(self._span(c[0], close), c[0], arguments)

    def arguments(self, c: Children) -> tuple[tuple[tree.Argument, ...], Token]:
        given = [x for x in c if isinstance(x, tree.Syntax)]
        wrapped = (
            x if isinstance(x, tree.Argument) else tree.Argument(x.span, None, x)  # pyright: ignore[reportArgumentType]
            for x in given
        )
        return tuple(wrapped), c[-1]

    def keyword(self, c: Children) -> tree.Argument:
        return tree.Argument(self._span(*c), str(c[0]), c[2])

    def index(self, c: Children) -> tree.Index:
        return tree.Index(self._span(*c), c[0], c[2])

    def name(self, c: Children) -> tree.Name:
        return self._name(c[0])

    def _name(self, token: Token) -> tree.Name:
        return tree.Name(self._span(token), str(token))

    def integer(self, c: Children) -> tree.Constant:
        digits = str(c[0]).replace("_", "")
        if len(digits) > MAX_DIGITS:
            raise Mistake(HugeLiteral(digits=len(digits), limit=MAX_DIGITS), self._span(c[0]))
        return tree.Constant(self._span(c[0]), int(digits))

    def real(self, c: Children) -> tree.Constant:
        value = float(c[0])
        if not isfinite(value):
            raise Mistake(HugeLiteral(digits=len(c[0]), limit=MAX_DIGITS), self._span(c[0]))
        return tree.Constant(self._span(c[0]), value)

    def size(self, c: Children) -> tree.Size:
        parts = str(c[0]).split("x")
        if any(len(p) > MAX_DIGITS for p in parts):
            longest = max(map(len, parts))
            raise Mistake(HugeLiteral(digits=longest, limit=MAX_DIGITS), self._span(c[0]))
        return tree.Size(self._span(c[0]), tuple(int(p) if p.isdigit() else p for p in parts))

    def text(self, c: Children) -> tree.Constant:
        span = self._span(c[0])
        return tree.Constant(span, string_value(c[0], span))

    def boolean(self, c: Children) -> tree.Constant:
        return tree.Constant(self._span(c[0]), c[0] == "true")

    def group(self, c: Children) -> tree.Expression:
        return c[1]

    def list_(self, c: Children) -> tree.ListOf:
        return tree.ListOf(self._span(*c), tuple(x for x in c if isinstance(x, tree.Syntax)))  # pyright: ignore[reportArgumentType]

    def comprehension(self, c: Children) -> tree.Comprehension:
        condition = c[7] if len(c) == 9 else None
        return tree.Comprehension(self._span(*c), c[1], c[3], c[5], condition)


def _is_source(e: tree.Expression | None) -> bool:
    """Whether it says where a skip starts: before the activation, or behind it."""
    return isinstance(e, tree.Name) and e.id in ("Y", "Z")


def _start(part: Token | tree.Syntax) -> int:
    return part.span.start if isinstance(part, tree.Syntax) else part.start_pos or 0


def _end(part: Token | tree.Syntax) -> int:
    return part.span.end if isinstance(part, tree.Syntax) else part.end_pos or 0
