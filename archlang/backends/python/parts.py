"""The modules of a network as a tree of paths, and the steps that run in each scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from archlang.backends.recipes import FROZEN, recipe_of
from archlang.graph import Graph, Node, Scope
from archlang.ops.recipe import Module, PassThrough, Recipe

Key: TypeAlias = tuple[int, int]
"""A tensor: the node that makes it, and the port."""
Mode: TypeAlias = Literal["leaf", "class", "sequential", "dense", "list", "dict", "group"]
"""`dense` is a list of modules that a loop runs through; the last three are mere containers."""


@dataclass(eq=False, slots=True)
class Part:
    """A path of `state_dict`: a layer, or what lies below it."""

    name: str
    path: str
    parent: Part | None
    children: dict[str, Part] = field(default_factory=dict[str, "Part"])
    nodes: list[Node] = field(default_factory=list[Node])
    """The uses of a layer; more than one only for a shared layer."""
    calls: list[Scope] = field(default_factory=list[Scope])
    """The uses of a scope."""
    mode: Mode = "leaf"
    gathers: bool = False
    """It takes the list of what a dense block made so far, and joins it itself."""

    @property
    def is_called(self) -> bool:
        """Whether it is one step of what it lies in, and no mere container."""
        return self.mode in ("class", "sequential", "dense")

    @property
    def numbered(self) -> bool:
        """Whether the children are called 0, 1, 2, … in this order."""
        return list(self.children) == [str(i) for i in range(len(self.children))]

    def walk(self) -> Iterator[Part]:
        """All parts, children before what they lie in."""
        for child in self.children.values():
            yield from child.walk()
        yield self


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a forward function: a layer or merge, or the call of a scope's module."""

    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    training: str | None
    node: Node | None = None
    call: Scope | None = None
    again: bool = False
    """It stands for steps that run again in the backward pass."""

    @property
    def is_match(self) -> bool:
        """Whether it is (part of) what a matching operator W does."""
        if self.call is not None:
            return self.call.kind == "match"
        return self.node is not None and self.node.role == "match"


@dataclass(frozen=True, slots=True)
class Span:
    """The nodes of a scope: from `start` up to `stop`, `count` of them are its own."""

    start: int
    stop: int
    count: int

    @property
    def whole(self) -> bool:
        """Whether nothing foreign lies in between."""
        return self.stop - self.start == self.count


class Parts:
    """The parts of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.root = Part("", "", None)
        self._by_path: dict[str, Part] = {"": self.root}
        self._recipes: dict[int, Recipe] = {}
        self._taken: dict[int, tuple[Key, ...]] = {}
        self._given: dict[int, tuple[Key, ...]] = {}
        self._grow()

    def _grow(self) -> None:
        for node in self.graph.nodes:
            if isinstance(self.recipe(node), Module):
                self._ensure(node.path).nodes.append(node)
        scopes = [self.graph.root]
        while scopes:
            scope = scopes.pop()
            scopes += reversed(scope.children)
            if scope.path in self._by_path:
                self._by_path[scope.path].calls.append(scope)

    def _ensure(self, path: str) -> Part:
        if path not in self._by_path:
            above, _, name = path.rpartition(".")
            parent = self._ensure(above)
            self._by_path[path] = parent.children[name] = Part(name, path, parent)
        return self._by_path[path]

    def recipe(self, node: Node) -> Recipe:
        """How torch makes a node."""
        if node.id not in self._recipes:
            self._recipes[node.id] = recipe_of(node)
        return self._recipes[node.id]

    def is_normed_frozen(self, part: Part) -> bool:
        """Whether there are batch norms below it, and all of them are frozen."""
        recipes = [self.recipe(inner.nodes[0]) for inner in part.walk() if inner.nodes]
        targets = {recipe.target for recipe in recipes if isinstance(recipe, Module)}
        return not targets.isdisjoint(FROZEN.values()) and targets.isdisjoint(FROZEN)

    def at(self, path: str) -> Part | None:
        """The part of a path; None where no module lies."""
        return self._by_path.get(path)

    # ── tensors ──────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _sources(self) -> dict[Key, Key]:
        """Where a tensor comes from, behind steps that pass it through."""
        sources: dict[Key, Key] = {}
        for node in self.graph.nodes:
            through = isinstance(self.recipe(node), PassThrough) and node.inputs
            for tensor in node.outputs:
                key = (node.id, tensor.port)
                before = (node.inputs[0].node, node.inputs[0].port) if through else key
                sources[key] = sources.get(before, before)
        return sources

    def source(self, node: int, port: int) -> Key:
        """The tensor that a step made, of which this may be another name."""
        return self._sources[node, port]

    def inputs_of(self, node: Node) -> tuple[Key, ...]:
        """What a step takes."""
        return tuple([self._sources[t.node, t.port] for t in node.inputs])

    @cached_property
    def _last_use(self) -> dict[Key, int]:
        """The last node that takes a tensor; beyond all nodes for an output."""
        last: dict[Key, int] = {}
        for node in self.graph.nodes:
            if not isinstance(self.recipe(node), PassThrough):
                last |= dict.fromkeys(self.inputs_of(node), node.id)
        for output in self.graph.outputs:
            last[self.source(output.tensor.node, output.tensor.port)] = len(self.graph.nodes)
        return last

    # ── scopes ───────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _spans(self) -> dict[int, Span]:
        spans: dict[int, Span] = {}
        for node in self.graph.nodes:
            for scope in node.scope.ancestors():
                before = spans.get(id(scope), Span(node.id, node.id, 0))
                spans[id(scope)] = Span(before.start, node.id + 1, before.count + 1)
        return spans

    def arguments(self, scope: Scope) -> tuple[Key, ...]:
        """The tensors a scope takes from outside, in the order of their first use."""
        if id(scope) not in self._taken:
            start, taken = self._spans[id(scope)].start, dict[Key, None]()
            for node in self._nodes_of(scope):
                if not isinstance(self.recipe(node), PassThrough):
                    taken |= {key: None for key in self.inputs_of(node) if key[0] < start}
            self._taken[id(scope)] = tuple(taken)
        return self._taken[id(scope)]

    def results(self, scope: Scope) -> tuple[Key, ...]:
        """The tensors of a scope that are used outside."""
        if id(scope) not in self._given:
            stop, last = self._spans[id(scope)].stop, self._last_use
            made = [(n.id, t.port) for n in self._nodes_of(scope) for t in n.outputs]
            self._given[id(scope)] = tuple(k for k in made if last.get(k, -1) >= stop)
        return self._given[id(scope)]

    def range_of(self, what: Step | Scope) -> tuple[int, int]:
        """Where the nodes of a step or scope begin in the graph, and where they end."""
        if isinstance(what, Step):
            if what.call is None:
                assert what.node is not None
                return what.node.id, what.node.id + 1
            what = what.call
        span = self._spans[id(what)]
        return span.start, span.stop

    def _nodes_of(self, scope: Scope) -> list[Node]:
        span = self._spans[id(scope)]
        return self.graph.nodes[span.start : span.stop]

    def steps(self, scope: Scope) -> list[Step]:
        """What a scope does, in order; the modules below it are one step each."""
        span = self._spans[id(scope)]
        steps: list[Step] = []
        number = span.start
        while number < span.stop:
            node = self.graph.nodes[number]
            inner = self._called_below(scope, node)
            if inner is not None:
                steps.append(
                    Step(self.arguments(inner), self.results(inner), node.training, call=inner)
                )
                number = self._spans[id(inner)].stop
                continue
            number += 1
            if not isinstance(self.recipe(node), PassThrough):
                outputs = tuple((node.id, t.port) for t in node.outputs)
                steps.append(Step(self.inputs_of(node), outputs, node.training, node))
        return steps

    def _called_below(self, scope: Scope, node: Node) -> Scope | None:
        """The outermost module in a scope that a node runs in; None for a step of the scope."""
        found = None
        for inner in node.scope.ancestors():
            if inner is scope:
                break
            part = self.at(inner.path)
            if part is not None and part.is_called:
                found = inner
        return found

    def module_of(self, step: Step) -> Part | None:
        """The module that a step calls; None for a function or merge, or steps that run again."""
        if step.again:
            return None
        if step.call is not None:
            return self.at(step.call.path)
        assert step.node is not None
        return self.at(step.node.path) if isinstance(self.recipe(step.node), Module) else None

    def stands_together(self, scope: Scope) -> bool:
        """Whether the steps of a scope can be one module: nothing foreign lies in between."""
        same = len({n.training for n in self._nodes_of(scope)}) == 1
        return self._spans[id(scope)].whole and same and bool(self.results(scope))
