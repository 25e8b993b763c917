"""How each part is written: as a class of its own, a Sequential, a list, or a mere container.

A scope becomes a module that is called if its steps stand together in the order of the graph, so
that writing it apart changes no order. Any other scope is *open*: its path is a mere container,
and its steps are written where the scope around it is.
"""

from __future__ import annotations

from torch import nn

from archlang.backends.python.parts import Mode, Part, Parts
from archlang.backends.python.rerun import crosses, gathers, held_below, is_concat, wired_again
from archlang.graph import Scope

# Names that a Sequential or ModuleDict has for itself, where a child of that name is refused.
_TAKEN_IN_SEQUENTIAL = frozenset(dir(nn.Sequential()))
_TAKEN_IN_DICT = frozenset(dir(nn.ModuleDict()))
MANY_STEPS = 3
"""A round of as many steps deserves a class of its own."""


def choose_modes(parts: Parts) -> None:
    """Settle the mode of every part, from the inside out.

    Raises:
        ValueError: a layer's path is also that of a scope.
    """
    for part in parts.root.walk():
        part.mode = _mode(parts, part)


def _mode(parts: Parts, part: Part) -> Mode:
    if part is parts.root:
        return "class"
    if part.nodes:
        if part.children:
            raise ValueError(f"{part.path} is a layer, so no layer can lie below it")
        return "leaf"
    mode = _called(parts, part)
    early = [p for p in part.children.values() if any(gathers(parts, call) for call in p.calls)]
    if not early:
        return mode or _container(part)
    if mode == "dense":
        for child in part.children.values():
            child.gathers = True
        return mode
    for child in early:  # nobody hands them what they would have to join
        child.mode = _container(child)
    return _called(parts, part) or _container(part)


def _called(parts: Parts, part: Part) -> Mode | None:
    """How a scope is a module of its own; None if it is open."""
    together = part.calls and all(map(parts.stands_together, part.calls))
    if not together or any(crosses(parts, call) for call in part.calls):
        return None
    if len({_wiring(parts, c) for c in part.calls}) > 1:
        return None
    if _is_dense(parts, part):
        return "dense"
    if _is_sequence(parts, part) and not _deserves_class(part) and held_below(parts, part):
        return "sequential"
    return "class" if all(map(str.isidentifier, part.children)) else None


def _container(part: Part) -> Mode:
    if part.numbered:
        return "list"
    return "group" if _TAKEN_IN_DICT.intersection(part.children) else "dict"


def _wiring(parts: Parts, scope: Scope) -> object:
    """What a scope does with which tensors, for comparing the uses of a shared one."""
    numbers = {key: i for i, key in enumerate(parts.arguments(scope))}
    wiring: list[object] = []
    for step in parts.steps(scope):
        taken = tuple(numbers[key] for key in step.inputs)
        numbers |= {key: len(numbers) + i for i, key in enumerate(step.outputs)}
        what: object = step.call.path if step.call else None
        if step.node is not None:
            what = step.node.path, parts.recipe(step.node)
        wiring.append((what, taken, len(step.outputs)))
    results = tuple(numbers[key] for key in parts.results(scope))
    return tuple(wiring), results, wired_again(parts, scope)


def _is_sequence(parts: Parts, part: Part) -> bool:
    """Whether each child is called once, on the result of the one before it."""
    scope = part.calls[0]
    steps, flow = parts.steps(scope), parts.arguments(scope)
    names: list[str] = []
    for step in steps:
        if step.inputs != flow or len(step.inputs) != 1 or len(step.outputs) != 1:
            return False
        child = parts.module_of(step)
        if child is None or child.parent is not part or child.mode == "dense":
            return False
        names.append(child.name)
        flow = step.outputs
    if names != list(part.children) or flow != parts.results(scope):
        return False
    return not _TAKEN_IN_SEQUENTIAL.intersection(names)


def _deserves_class(part: Part) -> bool:
    kind = part.calls[0].kind
    return kind == "block" or (kind == "round" and len(part.children) >= MANY_STEPS)


def _is_dense(parts: Parts, part: Part) -> bool:
    """Whether each round takes the concatenation of all before, and all are joined at last."""
    scope = part.calls[0]
    steps, taken = parts.steps(scope), parts.arguments(scope)
    if scope.kind != "dense" or len(taken) != 1 or len(steps) != 2 * len(part.children):
        return False
    features, flow = list(taken), taken
    for layer, joined in zip(steps[::2], steps[1::2], strict=True):
        if layer.call is None or layer.inputs != flow or len(layer.outputs) != 1:
            return False
        features += layer.outputs
        if joined.inputs != tuple(features) or not is_concat(parts, joined.node):
            return False
        flow = joined.outputs
    if flow != parts.results(scope) or not part.numbered:
        return False
    early = any(gathers(parts, layer.call) for layer in steps[::2] if layer.call)
    classes = all(child.mode == "class" for child in part.children.values())
    return held_below(parts, part) and (classes or not early)
