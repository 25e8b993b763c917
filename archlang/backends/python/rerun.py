"""Which class of the source holds a part that runs again in the backward pass, and how.

A part is a row of nodes. Where it begins or ends in the middle of a scope, that scope is no class
of its own (*open*). The layers of a dense block are one exception: a part that begins with
the concatenation before a layer is held by the layer's class, which joins its inputs itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archlang.backends.python.parts import Key, Part, Parts, Step
from archlang.graph import Again, Graph, Node, Scope
from archlang.ops.merging import Concat
from archlang.ops.recipe import Function, Inputs, Module
from archlang.passes.recompute import Part as Candidate

_STEADY = (
    "nn.Conv", "nn.Linear", "nn.MaxPool", "nn.AvgPool", "nn.Adaptive", "nn.Flatten",
    "nn.ReLU", "nn.LeakyReLU", "nn.GELU", "nn.SiLU", "nn.ELU", "nn.Sigmoid", "nn.Tanh",
    "nn.GroupNorm", "nn.LayerNorm",
)  # fmt: skip
"""Layers of torch without a mode and without buffers, by how their names begin."""
Range = tuple[int, int]
"""Nodes of the graph, from the first up to, and without, the second."""


@dataclass(frozen=True, slots=True)
class Held:
    """Steps of a class that run again: from `start` up to `stop`, as one step."""

    start: int
    stop: int
    step: Step


def is_concat(parts: Parts, node: Node | None) -> bool:
    """Whether a node concatenates along the channels."""
    recipe = None if node is None else parts.recipe(node)
    return recipe == Function("torch.cat", (Inputs(),), (("dim", 1),))


def is_steady(parts: Parts, part: Part) -> bool:
    """Whether all layers of a module do the same in training and evaluation, and note nothing."""
    recipes = [parts.recipe(inner.nodes[0]) for inner in part.walk() if inner.nodes]
    return all(isinstance(r, Module) and r.target.startswith(_STEADY) for r in recipes)


def crosses(parts: Parts, scope: Scope) -> bool:
    """Whether a part that runs again begins or ends in the middle of a scope."""
    start, stop = parts.range_of(scope)
    for first, end in _ranges(parts):
        if _gathering(parts, scope, (first, end)):
            continue
        inside = start <= first and end <= stop
        around = first <= start and stop <= end
        if first < stop and start < end and not (inside or around):
            return True
    return False


def wired_again(parts: Parts, scope: Scope) -> tuple[Range, ...]:
    """What runs again within a scope, told from its beginning."""
    start, _ = parts.range_of(scope)
    found = (_within(parts, scope, r) for r in _ranges(parts))
    return tuple((a - start, b - start) for a, b in filter(None, found))


def gathers(parts: Parts, scope: Scope) -> bool:
    """Whether a part begins with the concatenation before a layer of a dense block."""
    return any(_gathering(parts, scope, r) for r in _ranges(parts))


def held_below(parts: Parts, part: Part) -> bool:
    """Whether classes below a Sequential or a dense block hold all that runs again in it."""
    return all(
        _is_held_by_a_step(parts, scope, r)
        for scope in part.calls
        for r in _ranges(parts)
        if _overlap(parts.range_of(scope), r) and not _contains(r, parts.range_of(scope))
    )


def held(parts: Parts, part: Part, steps: list[Step]) -> Iterator[Held]:
    """What a class holds itself of what runs again."""
    scope = part.calls[0]
    for whole in _ranges(parts):
        found = _within(parts, scope, whole)
        if found is None or (found == parts.range_of(scope) and _caller_holds(parts, part)):
            continue
        places = [i for i, s in enumerate(steps) if _contains(found, parts.range_of(s))]
        if not places or (len(places) == 1 and _holds_itself(parts, steps[places[0]])):
            continue
        chosen = steps[places[0] : places[-1] + 1]
        rest = [*steps[: places[0]], *steps[places[-1] + 1 :]]
        yield Held(places[0], places[-1] + 1, _together(parts, part, chosen, rest))


def _together(parts: Parts, part: Part, chosen: list[Step], rest: list[Step]) -> Step:
    """Several steps as one."""
    made = dict.fromkeys(key for step in chosen for key in step.outputs)
    taken = dict.fromkeys(key for step in chosen for key in step.inputs if key not in made)
    wanted = {key for step in rest for key in step.inputs} | set(_results(parts, part))
    outputs = tuple(key for key in made if key in wanted)
    module = parts.module_of(chosen[0]) if len(chosen) == 1 else None
    call = chosen[0].call if module is not None and module.mode != "dense" else None
    return Step(tuple(taken), outputs, None, None, call, again=True)


def _results(parts: Parts, part: Part) -> tuple[Key, ...]:
    if part.parent is not None:
        return parts.results(part.calls[0])
    return tuple(parts.source(o.tensor.node, o.tensor.port) for o in parts.graph.outputs)


# ── where parts begin and end ────────────────────────────────────────────────────────────────────


def _ranges(parts: Parts) -> list[Range]:
    return [(again.nodes[0], again.nodes[-1] + 1) for again in parts.graph.again]


def _overlap(a: Range, b: Range) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _contains(outer: Range, inner: Range) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _within(parts: Parts, scope: Scope, whole: Range) -> Range | None:
    """What of a part a scope may hold: all of it, but for a concatenation before a layer."""
    if _gathering(parts, scope, whole):
        return whole[0] + 1, whole[1]
    return whole if _contains(parts.range_of(scope), whole) else None


def _gathering(parts: Parts, scope: Scope, whole: Range) -> bool:
    around, (start, stop) = scope.parent, parts.range_of(scope)
    if around is None or around.kind != "dense" or whole[0] + 1 != start or whole[1] > stop:
        return False
    before = parts.graph.nodes[whole[0]]
    users = parts.graph.consumers[before.id]
    return (
        before.scope is around
        and is_concat(parts, before)
        and all(user.id < whole[1] for user in users)
    )


# ── which class holds them ───────────────────────────────────────────────────────────────────────


def _is_held_by_a_step(parts: Parts, scope: Scope, whole: Range) -> bool:
    """Whether a class at or below one step of a scope holds what runs again in it."""
    for step in parts.steps(scope):
        inner = parts.module_of(step)
        if step.call is None or inner is None or _within(parts, step.call, whole) is None:
            continue
        return inner.mode == "class" or _is_held_by_a_step(parts, step.call, whole)
    return False


def _caller_holds(parts: Parts, part: Part) -> bool:
    """Whether a class can hold the call of a part: not if a loop or a Sequential calls it."""
    if part.parent is None:
        return False
    above = part.parent
    if above.mode == "list":
        return False
    while above.mode in ("group", "dict", "list"):
        assert above.parent is not None
        above = above.parent
    return above.mode == "class"


def _holds_itself(parts: Parts, step: Step) -> bool:
    """Whether the class that a step calls holds what is just that call."""
    inner = parts.module_of(step)
    if inner is None or step.call is None or inner.mode != "class":
        return False
    return not _caller_holds(parts, inner)


# ── what a file can hold ─────────────────────────────────────────────────────────────────────────


def for_source(graph: Graph, parts: list[Candidate]) -> list[Candidate]:
    """Parts that may run again, without the ones that would take a dense block apart.

    What a dense block gives in the end is joined by the block, not by who takes it: a part that
    begins with this begins behind it, and one that holds all the rest of the block holds it too.
    """
    moved = (
        Candidate(Again(_settled(graph, part.again.nodes), part.again.whole), part.saved, part.cost)
        for part in parts
    )
    return [part for part in moved if len(part.again.nodes) > 1]


def _settled(graph: Graph, nodes: tuple[int, ...]) -> tuple[int, ...]:
    first, last = graph.nodes[nodes[0]], graph.nodes[nodes[-1]]
    if _ends_dense(graph, first):
        nodes = nodes[1:]
    if last.id + 1 < len(graph.nodes) and _ends_dense(graph, end := graph.nodes[last.id + 1]):
        inside = [n.id for n in graph.nodes[: last.id] if end.scope in n.scope.ancestors()]
        if inside and inside[0] >= nodes[0]:
            nodes = (*nodes, end.id)
    return nodes


def _ends_dense(graph: Graph, node: Node) -> bool:
    """Whether a node joins all that a dense block made."""
    if node.scope.kind != "dense" or not isinstance(node.op, Concat):
        return False
    after = graph.nodes[node.id + 1 : node.id + 2]
    return all(node.scope not in n.scope.ancestors() for n in after)
