"""What the class of a part consists of: members to construct, and steps to run.

Members and steps are split into form and literals, so that instances of a block can share a class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from archlang.backends.python.calls import applied, construction
from archlang.backends.python.expressions import (
    Call,
    Expression,
    Given,
    Literal,
    Run,
    compressed,
    form,
    literals,
)
from archlang.backends.python.initial import Initial
from archlang.backends.python.parts import Key, Part, Parts, Step
from archlang.backends.python.rerun import Held, held
from archlang.graph import Node, Scope, shapes
from archlang.ops.recipe import Fold, Function, Module

GROUP = "helper.ModuleGroup"


@dataclass(slots=True)
class Body:
    """One instance of a class to be written."""

    part: Part
    scope: Scope
    members: list[tuple[str, Expression]]
    steps: list[Step]
    taken: tuple[Key, ...]
    results: tuple[Key, ...]
    functions: dict[int, Call] = field(default_factory=dict[int, Call])
    """The functions among the steps, by their place."""
    overwrites: frozenset[int] = frozenset()
    """Places of the sums that may work in place."""
    held: tuple[Held, ...] = ()
    """What runs again in the backward pass, in order."""
    form: Any = None

    def folded(self) -> tuple[Body, dict[int, Held]]:
        """The same with each part that runs again as one step, and where these are."""
        steps: list[Step] = []
        moved: dict[int, int] = {}
        held: dict[int, Held] = {}
        starts = {part.start: part for part in self.held}
        inside = {i for part in self.held for i in range(part.start, part.stop)}
        for i, step in enumerate(self.steps):
            if i in starts:
                held[len(steps)] = starts[i]
                steps.append(starts[i].step)
            elif i not in inside:
                moved[i] = len(steps)
                steps.append(step)
        return self._of(steps, moved, self.taken, self.results), held

    def within(self, part: Held) -> Body:
        """The steps of a part that runs again, as a body of their own."""
        moved = {i: i - part.start for i in range(part.start, part.stop)}
        steps = self.steps[part.start : part.stop]
        return self._of(steps, moved, part.step.inputs, part.step.outputs)

    def _of(
        self,
        steps: list[Step],
        moved: dict[int, int],
        taken: tuple[Key, ...],
        results: tuple[Key, ...],
    ) -> Body:
        functions = {moved[i]: call for i, call in self.functions.items() if i in moved}
        overwrites = frozenset(moved[i] for i in self.overwrites if i in moved)
        return Body(
            self.part, self.scope, self.members, steps, taken, results, functions, overwrites
        )

    @property
    def step_names(self) -> list[str]:
        """What its steps are called."""
        paths = [s.call.path if s.call else s.node.path if s.node else "" for s in self.steps]
        return [path.rpartition(".")[2] for path in paths]

    @property
    def literals(self) -> list[Literal]:
        """All literals: those of the members, then those of the functions."""
        expressions = chain((e for _, e in self.members), self.functions.values())
        return [literal for e in expressions for literal in literals(e)]

    @property
    def member_literals(self) -> int:
        """How many of the literals belong to members."""
        return sum(1 for _, e in self.members for _ in literals(e))


class Builder:
    """Makes bodies. `name` gives the text of a target, `classes` the calls of classes so far."""

    def __init__(
        self,
        parts: Parts,
        initial: Initial,
        overwriting: frozenset[int],
        name: Callable[[str], str],
    ) -> None:
        self._parts = parts
        self._initial = initial
        self._overwriting = overwriting
        self._name = name
        self.classes: dict[str, Call] = {}

    def body(self, part: Part) -> Body:
        """The body of the class of a part, whose inner classes are all made."""
        scope = part.calls[0]
        steps = self._parts.steps(scope)
        is_root = part.parent is None
        taken = self.network_inputs if is_root else self._parts.arguments(scope)
        body = Body(
            part,
            scope,
            [(child.name, self._construct(child)) for child in part.children.values()],
            steps,
            taken,
            self.network_outputs if is_root else self._parts.results(scope),
            {i: call for i, s in enumerate(steps) if (call := self._function(s)) is not None},
            frozenset(i for i, s in enumerate(steps) if s.node and s.node.id in self._overwriting),
            tuple(sorted(held(self._parts, part, steps), key=lambda h: h.start)),
        )
        body.form = self._form(body)
        return body

    @cached_property
    def network_inputs(self) -> tuple[Key, ...]:
        """The tensors the network is called with."""
        return tuple((number, 0) for number in self._parts.graph.inputs)

    @cached_property
    def network_outputs(self) -> tuple[Key, ...]:
        """The tensors of the network's outputs, in order."""
        outputs = self._parts.graph.outputs
        return tuple(self._parts.source(o.tensor.node, o.tensor.port) for o in outputs)

    # ── construction ─────────────────────────────────────────────────────────────────────────

    def _construct(self, part: Part) -> Expression:
        if part.mode == "class":
            made = self.classes[part.path]
        else:
            made = self._layer(part) if part.mode == "leaf" else self._container(part)
        if not self._is_frozen(part) or (part.parent and self._is_frozen(part.parent)):
            return made
        return Call(made.target, made.arguments, f"{made.suffix}.requires_grad_(False)")

    def _container(self, part: Part) -> Call:
        names = list(part.children)
        inner = [self._construct(child) for child in part.children.values()]
        named = tuple(Given(e, name) for name, e in zip(names, inner, strict=True))
        if part.mode in ("list", "dense"):
            return self._list(compressed(inner, grow=part.mode == "dense"))
        if part.mode == "group":
            return Call(self._name(GROUP), named)
        shown = Call("{}", named)
        if part.mode == "dict":
            return Call("nn.ModuleDict", (Given(shown),))
        if part.numbered:
            return Call("nn.Sequential", tuple(map(Given, compressed(inner))))
        by_keyword = all(map(str.isidentifier, names))
        ordered = Call("OrderedDict", named if by_keyword else (Given(shown),))
        return Call("nn.Sequential", (Given(ordered),))

    def _list(self, items: list[Expression]) -> Call:
        if len(items) == 1 and isinstance(items[0], Run):
            run = Run(items[0].element, items[0].count, starred=False)
            return Call("nn.ModuleList", (Given(run),))
        return Call("nn.ModuleList", (Given(Call("[]", tuple(map(Given, items)))),))

    def _layer(self, part: Part) -> Call:
        recipe = self._parts.recipe(part.nodes[0])
        assert isinstance(recipe, Module)
        if all(node.id in self._overwriting for node in part.nodes):
            recipe = Module(recipe.target, recipe.args, (*recipe.kwargs, ("inplace", True)))
        made = construction(recipe, part.name, self._name)
        return self._initial.wrapped(made, part.nodes[0], self._name)

    @cached_property
    def _frozen(self) -> Mapping[str, bool | None]:
        """For each path, whether all parameters below it are frozen; None where there are none."""
        frozen: dict[str, bool | None] = {}
        for part in self._parts.root.walk():
            if part.nodes:
                owner = part.nodes[0]
                learns = owner.op.params(*shapes(owner)) > 0
                frozen[part.path] = bool(owner.frozen) if learns else None
            else:
                below = {frozen[c.path] for c in part.children.values()} - {None}
                frozen[part.path] = False not in below if below else None
        return frozen

    def _is_frozen(self, part: Part) -> bool:
        return self._frozen[part.path] is True

    @property
    def all_frozen(self) -> bool:
        """Whether nothing of the network is trained."""
        return self._is_frozen(self._parts.root)

    # ── steps ────────────────────────────────────────────────────────────────────────────────

    def _function(self, step: Step) -> Call | None:
        if step.node is None:
            return None
        recipe = self._parts.recipe(step.node)
        if not isinstance(recipe, Function):
            return None
        return applied(recipe, step.node.path.rpartition(".")[2], self._name)

    def _form(self, body: Body) -> Any:
        numbers = {key: i for i, key in enumerate(body.taken)}
        steps: list[Any] = []
        for i, step in enumerate(body.steps):
            taken = tuple(numbers[key] for key in step.inputs)
            numbers |= {key: len(numbers) + j for j, key in enumerate(step.outputs)}
            steps.append((self._what(body, i), taken, len(step.outputs)))
        members = tuple((name, form(e)) for name, e in body.members)
        again = tuple((h.start, h.stop, len(h.step.outputs)) for h in body.held), body.part.gathers
        return members, tuple(steps), tuple(numbers[key] for key in body.results), again

    def _what(self, body: Body, i: int) -> Any:
        """What a step does, in words that are the same in every instance."""
        step = body.steps[i]
        module = self._parts.module_of(step)
        if module is not None:
            return module.mode, module.path.removeprefix(body.part.path)
        if i in body.functions:
            return form(body.functions[i])
        return self.fold_of(step)

    def fold_of(self, step: Step) -> str:
        """The operator of a merge that folds."""
        assert isinstance(step.node, Node)
        recipe = self._parts.recipe(step.node)
        assert isinstance(recipe, Fold)
        return recipe.target
