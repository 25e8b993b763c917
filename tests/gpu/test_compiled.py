"""Compiled networks under torch.compile and in CUDA graphs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gpu.pairs import (
    NETWORKS,
    QUICK,
    batch,
    hold_close,
    hold_gradients,
    ours,
    step,
    theirs,
    without_gradients,
)

pytestmark = pytest.mark.gpu
GOALS = [None, "inference"]


@pytest.mark.slow
@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", QUICK)
def test_inductor(name: str, goal: str | None, device: torch.device) -> None:
    x = batch(device)
    want = without_gradients(theirs(name, device), x)
    compiled = torch.compile(ours(name, device, optimize=goal), fullgraph=True)
    hold_close(without_gradients(compiled, x), want)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", NETWORKS)
def test_dynamo_sees_one_graph(name: str, goal: str | None, device: torch.device) -> None:
    x = batch(device)
    want = without_gradients(theirs(name, device), x)
    compiled = torch.compile(ours(name, device, optimize=goal), fullgraph=True, backend="eager")
    hold_close(without_gradients(compiled, x), want)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_training_step_with_inductor(name: str, device: torch.device) -> None:
    x = batch(device)
    want = step(name, theirs(name, device), x, compiled=False)
    model = ours(name, device, optimize="training")
    model.compile(fullgraph=True)
    hold_gradients(step(name, model, x, compiled=True), want)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", NETWORKS)
def test_reduced_overhead(name: str, goal: str | None, cuda: torch.device) -> None:
    """Inductor with CUDA graphs: recorded at the second call, replayed from the third one on."""
    compiled = torch.compile(ours(name, cuda, optimize=goal), mode="reduce-overhead")
    peer = theirs(name, cuda)
    for seed in range(4):
        x = batch(cuda, seed=seed)
        torch.compiler.cudagraph_mark_step_begin()
        hold_close(without_gradients(compiled, x).clone(), without_gradients(peer, x))


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_captured_graph(name: str, goal: str | None, cuda: torch.device) -> None:
    """What is captured once gives, replayed, the results of other inputs too."""
    model, peer = ours(name, cuda, optimize=goal), theirs(name, cuda)
    given = batch(cuda)
    with torch.no_grad():
        graph, result = _captured(model, given)
        for seed in (1, 2):
            x = batch(cuda, seed=seed)
            given.copy_(x)
            graph.replay()
            hold_close(result, without_gradients(peer, x))


def _captured(model: torch.nn.Module, given: torch.Tensor) -> tuple[Any, torch.Tensor]:
    """A graph of a model's call, after some calls on a stream of their own, as torch asks for."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            model(given)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = model(given)
    return graph, result


@pytest.mark.parametrize("goal", [None, "training"])
@pytest.mark.parametrize("name", QUICK)
def test_graphed_training(name: str, goal: str | None, cuda: torch.device) -> None:
    """Forward and backward as CUDA graphs: the same gradients as without."""
    x = batch(cuda)
    want = step(name, theirs(name, cuda), x, compiled=False)
    model = ours(name, cuda, optimize=goal).train()
    graphed = torch.cuda.make_graphed_callables(model, (batch(cuda, seed=3),))
    hold_gradients(step(name, graphed, x, compiled=True), want)
