"""Names of the local variables of a forward function: short, telling, and reused along a chain.

A tensor that is used no more gives its name to the next one, so that no tensor lives longer than
it would in a module written by hand.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Sequence

from archlang.backends.python.parts import Key, Parts, Step
from archlang.ops.recipe import Fold, Function
from archlang.semantics.naming import kind_of

_GENERAL = ("x", "out", "y", "z")
_MERGES = ("add", "sub", "mul", "cat", "mean", "scalar")
MANY = 3
"""Tensors that meet are branches if they are as many, or if all come from one tensor."""
_GATES = frozenset({"sigmoid", "hardsigmoid", "softmax", "tanh"})


class Flow:
    """How tensors flow through the steps of one class."""

    def __init__(self, parts: Parts, steps: Sequence[Step], results: Sequence[Key]) -> None:
        self._parts = parts
        self._steps = steps
        self.uses: Counter[Key] = Counter(results)
        self._consumers: dict[Key, list[tuple[int, int]]] = {}
        self._makers = {key: step for step in steps for key in step.outputs}
        for i, step in enumerate(steps):
            self.uses.update(step.inputs)
            for operand, key in enumerate(step.inputs):
                self._consumers.setdefault(key, []).append((i, operand))

    def lives_on(self, key: Key, now: int) -> bool:
        """Whether a tensor made in step `now` is used after steps that do not take it."""
        consumers = {i for i, _ in self._consumers.get(key, [])}
        is_result = self.uses[key] > sum(1 for _ in self._consumers.get(key, []))
        return is_result or max(consumers, default=now) - now > len(consumers)

    def kept_name(self, key: Key) -> str | None:
        """The name that the spec gives to a tensor; None for an automatic one."""
        step = self._makers.get(key)
        if step is None or step.is_match or (step.again and step.call is None):
            return None
        if step.call is not None:
            path, title = step.call.path, step.call.name
            kinds = {step.call.kind, kind_of(title), title}
            kinds = kinds if step.call.kind != "chain" else set[str]()
        else:
            assert step.node is not None
            path, kinds = step.node.path, {step.node.op.name, *_MERGES}
        name = self._indexed(path) or path.rpartition(".")[2]
        automatic = re.sub(r"\d+$", "", name) in kinds
        return None if automatic or not name.isidentifier() else name

    def _indexed(self, path: str) -> str | None:
        """The name of what the spec keeps as `e[0][1]`."""
        part = self._parts.at(path)
        above = part.parent if part else None
        if part is None or above is None or above.calls or not part.name.isdigit():
            return None
        return f"{above.name}_{part.name}"

    def branch(self, key: Key) -> tuple[int, int, int] | None:
        """The merge a tensor ends in: its step, which operand it is, and of how many."""
        while len(self._consumers.get(key, [])) == 1:
            ((i, operand),) = self._consumers[key]
            step = self._steps[i]
            if len(step.inputs) > 1:
                return (i, operand, len(step.inputs)) if self._joins(step) else None
            if len(step.outputs) != 1:
                return None
            (key,) = step.outputs
        return None

    def _joins(self, step: Step) -> bool:
        if step.node is None:
            return False
        recipe = self._parts.recipe(step.node)
        joining = isinstance(recipe, Function) and recipe.target in ("torch.cat", "runtime.mean_of")
        return joining or isinstance(recipe, Fold)

    def _is_fold(self, step: Step) -> bool:
        return step.node is not None and isinstance(self._parts.recipe(step.node), Fold)

    def joins_many(self, i: int) -> bool:
        """Whether a step concatenates (or averages) three tensors or more."""
        return len(self._steps[i].inputs) >= MANY and not self._is_fold(self._steps[i])

    def forks(self, key: Key) -> bool:
        """Whether all that meets in the merge where a tensor ends comes from one tensor."""
        place = self.branch(key)
        step = self._steps[place[0]] if place else None
        if step is None or (len(step.inputs) < MANY and self._is_fold(step)):
            return False
        origins = {self._origin(operand) for operand in step.inputs}
        return len(origins) == 1 and not origins & set(step.inputs)

    def _origin(self, key: Key) -> Key:
        """The tensor with several uses that leads to this one."""
        maker = self._makers.get(key)
        while maker and len(maker.inputs) == 1 and len(self._consumers.get(key, [])) == 1:
            (key,) = maker.inputs
            maker = self._makers.get(key)
        return key

    def is_gate(self, key: Key) -> bool:
        """Whether a tensor, once through what follows, is a factor between bounds."""
        while len(self._consumers.get(key, [])) == 1:
            ((i, _),) = self._consumers[key]
            step = self._steps[i]
            if len(step.inputs) > 1:
                maker = self._makers.get(key)
                bounded = maker and maker.node and maker.node.op.name in _GATES
                fold = self._parts.recipe(step.node) if step.node else None
                return bool(bounded) and fold == Fold("operator.mul")
            if len(step.outputs) != 1:
                return False
            (key,) = step.outputs
        return False

    def is_shortcut(self, key: Key) -> bool:
        """Whether a matching operator made it."""
        step = self._makers.get(key)
        return step is not None and step.is_match


class Locals:
    """The variables of a function while it is written."""

    def __init__(self, flow: Flow, reserved: frozenset[str]) -> None:
        self._flow = flow
        self._reserved = reserved
        self.names: dict[Key, str] = {}
        self._kept: set[str] = set()
        self._branches: dict[int, set[str]] = {}

    def name_input(self, key: Key, wanted: str) -> str:
        """Name an argument of the function."""
        self.names[key] = self._unique(wanted)
        return self.names[key]

    def allowed(self, wanted: str) -> str:
        """A name for an argument that hides nothing."""
        return f"{wanted}_" if wanted in self._reserved or keyword.iskeyword(wanted) else wanted

    def name_part(self, key: Key, number: int) -> str:
        """Name one of several results."""
        name = self.name_input(key, f"part{number}")
        self._kept.add(name)
        return name

    def _unique(self, wanted: str) -> str:
        if not self._free(wanted) and wanted not in _GENERAL and not wanted[-1].isdigit():
            wanted = f"{wanted}_" if keyword.iskeyword(wanted) else wanted
        name, number = wanted, 1
        while not self._free(name):
            number += 1
            name = f"{wanted}{number}"
        return name

    def _free(self, name: str) -> bool:
        taken = name in self._reserved or keyword.iskeyword(name) or name in self.names.values()
        return not taken

    def release(self, keys: Sequence[Key]) -> list[Key]:
        """Count uses of tensors; those that were the last of theirs."""
        dying: list[Key] = []
        for key in keys:
            self._flow.uses[key] -= 1
            if self._flow.uses[key] == 0 and key in self.names:
                dying.append(key)
        return dying

    def assign(self, key: Key, dying: Sequence[Key], now: int) -> str:
        """The variable for a new tensor; `dying` are the tensors whose last use makes it."""
        freed = [self.names.pop(k) for k in dying]
        name = self._chosen(key, freed, now)
        self.names[key] = name
        return name

    def overwrite(self, key: Key, source: Key, dying: Sequence[Key]) -> str:
        """The variable of a tensor that takes the memory of another."""
        name = self.names[source]
        for k in dying:
            self.names.pop(k, None)
        self.names[key] = name
        return name

    def _chosen(self, key: Key, freed: list[str], now: int) -> str:
        kept = self._flow.kept_name(key)
        if kept and self._flow.lives_on(key, now) and self._free(kept):
            self._kept.add(kept)
            return kept
        branch = self._branch(key)
        if branch is not None:
            return branch
        plain = [n for n in freed if n not in self._kept and not n.startswith("branch")]
        if plain:
            return plain[0]
        if kept and self._free(kept):
            self._kept.add(kept)
            return kept
        return self._fresh(key, freed)

    def _fresh(self, key: Key, freed: list[str]) -> str:
        if self._flow.is_shortcut(key):
            return self._unique("shortcut")
        if self._flow.is_gate(key) and not freed:
            return self._unique("gate")
        for name in _GENERAL:
            if self._free(name):
                return name
        return freed[0] if freed else self._unique("out")

    def _branch(self, key: Key) -> str | None:
        """`branch1`, `branch2`, … for what several paths bring to one merge."""
        place = self._flow.branch(key)
        if place is None:
            return None
        merge, operand, _ = place
        names = self._branches.setdefault(merge, set())
        several = self._flow.joins_many(merge) or self._flow.forks(key)
        if self._flow.is_shortcut(key) or not (names or several):
            return None
        name = f"branch{operand + 1}"
        if name not in names and not self._free(name):
            return None
        names.add(name)
        return name
