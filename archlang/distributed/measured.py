"""What a step costs on this machine: each kind of step is run forward and backward, and timed."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import torch
from torch import nn

from archlang.backends.recipes import build, call, recipe_of
from archlang.diagnostics.catalog.counting import NotMeasurable
from archlang.distributed.planning.costs import Dtype, StepCost
from archlang.distributed.planning.values import is_nothing
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Shape
from archlang.ops.recipe import Module
from archlang.problems import about_network

_RUNS = 3
"""Of these the least time counts: whatever else the machine does only adds."""
_PICO = 1000
"""Picoseconds in a nanosecond."""


def measured_costs(graph: Graph, samples: int, dtype: Dtype) -> tuple[StepCost, ...]:
    """The time of each node, by its id, for a microbatch of so many samples.

    Steps with the same layer on the same shapes are run once, on random numbers; where there is a
    GPU, there.

    Raises:
        SpecError: a step cannot be run, on so small a microbatch for instance.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    known: dict[tuple[int, tuple[Shape, ...], str], StepCost] = {}
    costs: list[StepCost] = []
    for node in graph.nodes:
        key = (id(node.op), shapes(node), node.frozen)
        if key not in known:
            known[key] = _measured(graph, node, samples, getattr(torch, dtype), device)
        costs.append(known[key])
    return tuple(costs)


def _measured(
    graph: Graph, node: Node, samples: int, dtype: torch.dtype, device: torch.device
) -> StepCost:
    if node.role == "input" or is_nothing(node):
        return StepCost(0, 0)
    try:
        step = _step(node, dtype, device)
        times = [_timed(step, _inputs(node, samples, dtype, device)) for _ in range(_RUNS)]
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        problem = NotMeasurable(layer=node.path, batch=samples, reason=reason)
        raise about_network(graph, problem, at=node.span) from None
    return StepCost(min(t.forward for t in times), min(t.backward for t in times))


def _step(node: Node, dtype: torch.dtype, device: torch.device) -> Callable[..., Any]:
    recipe = recipe_of(node)
    if not isinstance(recipe, Module):
        return lambda *inputs: call(recipe, inputs)
    module: nn.Module = build(recipe).to(device=device, dtype=dtype)
    return module.requires_grad_(not node.frozen)


def _inputs(
    node: Node, samples: int, dtype: torch.dtype, device: torch.device
) -> tuple[torch.Tensor, ...]:
    return tuple(
        torch.randn((samples, *shape), device=device).to(dtype).requires_grad_()
        for shape in shapes(node)
    )


def _timed(step: Callable[..., Any], inputs: tuple[torch.Tensor, ...]) -> StepCost:
    result = None

    def forward() -> None:
        nonlocal result
        result = step(*inputs)

    def backward() -> None:
        made = [result] if isinstance(result, torch.Tensor) else list(result or ())
        torch.autograd.backward(made, [torch.ones_like(t) for t in made])

    return StepCost(_time(forward), _time(backward))


def _time(run: Callable[[], None]) -> int:
    _wait()
    start = perf_counter_ns()
    run()
    _wait()
    return _PICO * (perf_counter_ns() - start)


def _wait() -> None:
    """A GPU works on while Python is ahead of it."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
