"""A file as rules see it: its definitions, what mentions what, and which step follows which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from archlang.diagnostics.model import Fix
from archlang.editing.pieces import Piece
from archlang.ops.registry import find
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.walk import walk

Place: TypeAlias = tuple[int, int, int]
_ARROW = re.compile(r"\s*->\s*")
_TAIL = re.compile(r"[\s)]*,?\s*")


def place(span: Span) -> Place:
    """What tells a span from all others while its source is alive."""
    return id(span.source), span.start, span.end


def offset(span: Span) -> int:
    """Where a span begins in the whole text."""
    source = span.source
    return span.start + (source.anchor.offset if isinstance(source, Piece) else 0)


class Definition:
    """One definition and what can be said of it alone; made once for each version of its text."""

    def __init__(self, node: tree.Definition) -> None:
        self.tree = node
        self.nodes: tuple[tree.Syntax, ...] = tuple(walk(node))
        self.sources = frozenset(id(n.span.source) for n in self.nodes)

    @cached_property
    def _kinds(self) -> dict[type, list[tree.Syntax]]:
        found: dict[type, list[tree.Syntax]] = {}
        for node in self.nodes:
            found.setdefault(type(node), []).append(node)
        return found

    def of(self, *kinds: type[tree.Syntax]) -> Iterator[tree.Syntax]:
        """The nodes of some kinds."""
        for kind in kinds:
            yield from self._kinds.get(kind, ())

    @cached_property
    def mentions(self) -> Counter[str]:
        """The names that it uses, each with how often; names that it gives are not among them."""
        given = {id(name) for node in self.nodes for name in _given(node)}
        names = (n.id for n in self.nodes if isinstance(n, tree.Name) and id(n) not in given)
        sizes = (p for n in self.nodes if isinstance(n, tree.Size) for p in n.parts)
        return Counter((*names, *(part for part in sizes if isinstance(part, str))))

    @cached_property
    def calls(self) -> dict[Place, tree.Expression]:
        """What is written at a place where a layer stands."""
        kinds = (tree.Call, tree.Name)
        return {place(n.span): n for n in self.nodes if isinstance(n, kinds)}

    @cached_property
    def pipes(self) -> dict[Place, tuple[tree.Pipe, int]]:
        """The steps of pipes, each with its pipe and its number there."""
        found: dict[Place, tuple[tree.Pipe, int]] = {}
        for pipe in (n for n in self.nodes if isinstance(n, tree.Pipe)):
            for number, step in enumerate(pipe.steps):
                found[place(step.span)] = pipe, number
        return found

    @cached_property
    def loose(self) -> frozenset[Place]:
        """The pipes that are whole lines without a name: no name depends on their length."""
        lines = (n for n in self.nodes if isinstance(n, tree.Step) and not n.targets)
        return frozenset(place(n.value.span) for n in lines)

    @cached_property
    def following(self) -> dict[Place, tree.Expression]:
        """The steps with which lines end, each with the one that begins the next line."""
        apart = {id(n.body) for n in self.nodes if isinstance(n, (tree.Branch, tree.Dense))}
        found: dict[Place, tree.Expression] = {}
        for suite in self.nodes:
            if not isinstance(suite, tree.Suite) or id(suite) in apart:
                continue
            for one, two in zip(suite.statements, suite.statements[1:], strict=False):
                if isinstance(one, tree.Step) and isinstance(two, tree.Step):
                    found[place(_last(one.value).span)] = _first(two.value)
        return found


def _given(node: tree.Syntax) -> Iterator[tree.Syntax]:
    """The names that a node gives a meaning to."""
    match node:
        case tree.Let() | tree.Shared() | tree.Block() | tree.Network():
            yield node.name
        case tree.For() | tree.Comprehension():
            yield from (n for n in walk(node.targets) if isinstance(n, tree.Name))
        case tree.Step():
            yield from map(_base, node.targets)
        case tree.Input() if node.shape is not None:
            yield from node.names
        case tree.Output() if node.target is not None:
            yield node.target
        case tree.Use():
            yield from (name for names in node.names for name in names)
        case _:
            return


def _base(target: tree.Expression) -> tree.Expression:
    while isinstance(target, tree.Index):
        target = target.value
    return target


def _last(e: tree.Expression) -> tree.Expression:
    return e.steps[-1] if isinstance(e, tree.Pipe) else e


def _first(e: tree.Expression) -> tree.Expression:
    return e.steps[0] if isinstance(e, tree.Pipe) else e


class Written:
    """A whole file as it is written."""

    def __init__(
        self, source: Source, definitions: Sequence[Definition], elsewhere: frozenset[str]
    ) -> None:
        self.source = source
        self.definitions = definitions
        self.elsewhere = elsewhere
        """The names of this file that others are known to use."""
        self._owners = {i: d for d in definitions for i in d.sources}

    def owns(self, span: Span) -> bool:
        """Whether a place lies in this file."""
        return id(span.source) in self._owners

    @cached_property
    def mentions(self) -> Counter[str]:
        """The names that any definition uses, with how often."""
        found: Counter[str] = Counter()
        for definition in self.definitions:
            found.update(definition.mentions)
        return found

    @property
    def has_networks(self) -> bool:
        """Whether the file declares any network, so that it is not made for others alone."""
        return any(isinstance(d.tree, tree.Network) for d in self.definitions)

    def call_at(self, span: Span) -> tree.Expression | None:
        """What is written where a step comes from: a call, or a name alone."""
        return self._at(span).calls.get(place(span))

    def next_name(self, span: Span) -> str | None:
        """The name of the layer that is written behind the one at a place: `bn`."""
        definition, where = self._at(span), place(span)
        if where in definition.pipes:
            pipe, number = definition.pipes[where]
            if number + 1 < len(pipe.steps):
                return _name_of(pipe.steps[number + 1])
            if place(pipe.span) not in definition.loose:
                return None
        after = definition.following.get(where)
        return None if after is None else _name_of(after)

    def name_before(self, span: Span) -> str | None:
        """The name of the layer that is written before the one at a place, in its pipe."""
        pipe, number = self._at(span).pipes.get(place(span), (None, 0))
        return _name_of(pipe.steps[number - 1]) if pipe is not None and number else None

    def in_network(self, span: Span) -> bool:
        """Whether a place lies in the body of a network, which is used as it is."""
        return isinstance(self._at(span).tree, tree.Network)

    def without_step(self, span: Span) -> Fix | None:
        """The fix that leaves out a step of a pipe that no name depends on."""
        definition, where = self._at(span), place(span)
        if where not in definition.pipes:
            return None
        pipe, number = definition.pipes[where]
        if place(pipe.span) not in definition.loose:
            return None
        one, two = (number - 1, number) if number else (0, 1)
        before, after = pipe.steps[one].span, pipe.steps[two].span
        between = Span(span.source, before.end, after.start)
        if not _ARROW.fullmatch(between.text):
            return None
        gone = (before.end, after.end) if number else (before.start, after.start)
        return Fix(Span(span.source, *gone), "")

    def with_argument(self, span: Span, name: str, value: str) -> Fix | None:
        """The fix that gives a built-in layer an argument, in the place of a value said of it."""
        call = self.call_at(span)
        if not self._is_built_in(call):
            return None
        if isinstance(call, tree.Name):
            return Fix(call.span, f"{call.id}({name}={value})")
        assert isinstance(call, tree.Call)
        for argument in call.arguments:
            if argument.name == name:
                said = isinstance(argument.value, tree.Constant)  # else it is not for us to decide
                return Fix(argument.value.span, value) if said else None
        return self._with_one_more(call, f"{name}={value}")

    def _with_one_more(self, call: tree.Call, argument: str) -> Fix | None:
        source, end = call.span.source, call.span.end
        if not call.arguments:
            return Fix(Span(source, end - 1, end - 1), argument)
        last = call.arguments[-1].span.end
        tail = Span(source, last, end - 1).text
        if not _TAIL.fullmatch(tail):
            return None
        at = last + len(tail.rstrip().removesuffix(",").rstrip())
        return Fix(Span(source, at, at), f", {argument}")

    def has_parameters(self, span: Span) -> bool:
        """Whether a place lies in a definition that others give values to."""
        unit = self._at(span).tree
        return bool(unit.parameters) if isinstance(unit, (tree.Block, tree.Network)) else False

    def by_default(self, name: str) -> Iterator[tree.Expression]:
        """What lines with `default` say of a layer, anywhere in the file."""
        for definition in self.definitions:
            for node in definition.of(tree.Default):
                if isinstance(node, tree.Default) and _name_of(node.call) == name:
                    yield node.call

    def _is_built_in(self, call: tree.Expression | None) -> bool:
        callee = call.callee if isinstance(call, tree.Call) else call
        return isinstance(callee, tree.Name) and find(callee.id) is not None

    def _at(self, span: Span) -> Definition:
        return self._owners[id(span.source)]


def _name_of(e: tree.Expression) -> str | None:
    """The name of the layer with which an expression begins."""
    while isinstance(e, (tree.Binary, tree.Call)):
        e = e.left if isinstance(e, tree.Binary) else e.callee
    return e.id if isinstance(e, tree.Name) else None


def is_plain(call: tree.Expression | None) -> bool:
    """Whether a layer is written with plain numbers, texts and sizes alone."""
    if not isinstance(call, tree.Call):
        return isinstance(call, tree.Name)
    nodes = (n for argument in call.arguments for n in walk(argument.value))
    plain = (tree.Constant, tree.Size, tree.ListOf, tree.Unary)
    return all(
        isinstance(n, plain)
        and not (isinstance(n, tree.Size) and any(isinstance(p, str) for p in n.parts))
        for n in nodes
    )
