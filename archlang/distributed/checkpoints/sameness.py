"""Whether two networks are the same: their steps, and what each of them takes."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.graph import Graph, Node

Steps = dict[str, list[Node]]


def differences(then: Graph, now: Graph) -> Iterator[str]:
    """What differs between the network of a checkpoint and the one here, in words."""
    before, after = _steps(then), _steps(now)
    found = list(_step_differences(then, before, now, after))
    if found and then.name != now.name:
        yield f"it is of {then.name}, this is {now.name}"
    yield from found


def _steps(graph: Graph) -> Steps:
    """The steps by path; those of a shared layer have one together."""
    steps: Steps = {}
    for node in graph.nodes:
        steps.setdefault(node.path, []).append(node)
    return steps


def _step_differences(then: Graph, before: Steps, now: Graph, after: Steps) -> Iterator[str]:
    for path in dict.fromkeys((*before, *after)):
        if path not in after:
            yield f"it has {path}, which is not here"
        elif path not in before:
            yield f"{path} is not in it"
        elif (was := _ops(before[path])) != (is_now := _ops(after[path])):
            yield f"{path} is {was} in it, and {is_now} here"
        elif _taken(then, before[path]) != _taken(now, after[path]):
            yield f"{path} takes something else in it"


def _ops(nodes: list[Node]) -> str:
    """What the steps do, and the shapes they give, which tell more than a label."""
    first = nodes[0]
    times = f", {len(nodes)} times" if len(nodes) > 1 else ""
    return f"{first.op.label()} → {first.shape}{times}"


def _taken(graph: Graph, nodes: list[Node]) -> list[list[tuple[str, int]]]:
    return [[(graph.producer(t).path, t.port) for t in node.inputs] for node in nodes]
