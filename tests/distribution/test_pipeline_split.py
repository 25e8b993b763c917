"""Stages run one after the other are the network: results, gradients, statistics, names."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import fx

import archlang
from archlang import SpecError, distributed, load
from archlang.distributed.planning.plan import Plan

SIZES = {"UNet": {"H": 188, "W": 188}, "UNetPadded": {"H": 32, "W": 32}}
"""As small as they take: their own sizes are for long waits."""
CASES = [
    ("ResNet18", 3),
    ("DenseNet40k12", 4),
    ("Highway", 3),
    ("UNetPadded", 4),
    pytest.param("FractalNet", 4, marks=pytest.mark.slow),
    pytest.param("ResNet34A", 5, marks=pytest.mark.slow),
    pytest.param("GoogLeNet", 4, marks=pytest.mark.slow),
    pytest.param("UNet", 4, marks=pytest.mark.slow),
    pytest.param("DenseNet121", 8, marks=pytest.mark.slow),
    pytest.param("AlexNetOneGroup", 2, marks=pytest.mark.slow),
    pytest.param("GoogLeNet2014", 3, marks=pytest.mark.slow),
]


def made(name: str, stages: int) -> tuple[fx.GraphModule, Plan, torch.Tensor]:
    torch.manual_seed(0)
    sizes = SIZES.get(name, {})
    model = load(name, **sizes)
    batch = 2 * stages
    plan = distributed.plan(name, stages=stages, batch=batch, microbatches=stages, **sizes)
    return model, plan, torch.randn(2, *plan.graph.nodes[plan.graph.inputs[0]].shape)


def flat(result: Any) -> tuple[torch.Tensor, ...]:
    return tuple(result) if isinstance(result, tuple) else (result,)


def chained(parts: list[fx.GraphModule], x: torch.Tensor) -> tuple[Any, list[int]]:
    """The result of stages one after the other, and the numbers sent for a sample."""
    values: Any = (x,)
    sent: list[int] = []
    for part in parts[:-1]:
        values = part(*values)
        assert type(values) is tuple
        sent.append(sum(value[0].numel() for value in values))
    return parts[-1](*values), sent


@pytest.mark.parametrize(("name", "stages"), CASES)
@pytest.mark.parametrize("training", [True, False])
def test_stages_are_the_network(name: str, stages: int, training: bool) -> None:
    model, plan, x = made(name, stages)
    model.train(training)
    whole = copy.deepcopy(model)
    parts = plan.split(model)
    torch.manual_seed(1)
    expected = whole(x)
    torch.manual_seed(1)
    got, sent = chained(parts, x)
    assert type(got) is type(expected)
    assert sent == [stage.numbers_sent for stage in plan.stages[:-1]]
    pairs = list(zip(flat(expected), flat(got), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    if not training:
        return
    sum((a.square().mean() for a, _ in pairs), torch.zeros(())).backward()
    sum((b.square().mean() for _, b in pairs), torch.zeros(())).backward()
    for (key, a), (_, b) in zip(whole.named_parameters(), model.named_parameters(), strict=True):
        assert a.grad is not None and b.grad is not None
        assert torch.equal(a.grad, b.grad), key
    for (key, a), (_, b) in zip(whole.named_buffers(), model.named_buffers(), strict=True):
        assert torch.equal(a, b), key


@pytest.mark.parametrize(("name", "stages"), [("ResNet18", 3), ("GoogLeNetInference", 4)])
def test_checkpoints_of_stages_are_that_of_the_network(name: str, stages: int) -> None:
    model, plan, _ = made(name, stages)
    parts = plan.split(model)
    together = {key: value for part in parts for key, value in part.state_dict().items()}
    assert sum(len(part.state_dict()) for part in parts) == len(together)
    assert together.keys() == model.state_dict().keys()
    load(name).load_state_dict(together)
    for stage, part in zip(plan.stages, parts, strict=True):
        assert sum(p.numel() for p in part.parameters()) == stage.params
        assert {plan.owners[plan.graph.owner_of(k).path] for k in part.state_dict()} == {
            stage.number
        }


def test_every_part_can_be_pickled() -> None:
    model, plan, x = made("ResNet18", 3)
    model.eval()
    parts = [pickle.loads(pickle.dumps(part)) for part in plan.split(model)]
    assert torch.equal(chained(parts, x)[0], model(x))


def test_the_model_stays_as_it_is() -> None:
    model, plan, x = made("ResNet18", 3)
    before = str(model.graph), model.eval()(x)
    parts = plan.split(model)
    parts[0].train()
    assert str(model.graph) == before[0]
    assert not model.training


OVERWRITES = """
network Late:
    input 4x8x8
    conv(4, 3x3) -> dropout(0.0) -> relu -> conv(4, 3x3) -> gap -> flatten -> fc(2)
"""


def test_a_received_tensor_is_not_overwritten(tmp_path: Path) -> None:
    """As a pass may have made a step work in place that did not when it was planned."""
    spec = tmp_path / "late.arch"
    spec.write_text(OVERWRITES)
    model = load(str(spec))
    graph = archlang.network(str(spec))
    relu = next(node for node in graph.nodes if node.kind == "relu")
    plans = (distributed.plan(graph, stages=n) for n in range(2, 8))
    plan = next(p for p in plans if any(s.start == relu.id for s in p.stages))
    model.get_submodule(relu.path).inplace = True
    values: Any = (torch.randn(2, 4, 8, 8),)
    for part in plan.split(model):
        received = [value.detach().requires_grad_() for value in values]
        before = [value.detach().clone() for value in received]
        values = flat(part(*received))  # torch refuses to overwrite a leaf
        assert all(torch.equal(a, b) for a, b in zip(received, before, strict=True))


def test_another_network_is_refused() -> None:
    plan = distributed.plan("ResNet18", stages=4)
    with pytest.raises(SpecError, match="E0936"):
        plan.split(load("LeNet5"))


def test_a_stage_that_is_not_there() -> None:
    model, plan, _ = made("LeNet5", 2)
    with pytest.raises(ValueError, match="stages 0 to 1, not 2"):
        distributed.stage(model, plan, 2, "cpu")


def test_steps_that_run_again_stay_together() -> None:
    torch.manual_seed(0)
    model = load("DenseNet40k12", optimize="training", train_memory="40MB", batch=2)
    whole = copy.deepcopy(model)
    plan = distributed.plan("DenseNet40k12", stages=3, batch=6, microbatches=3)
    x = torch.randn(2, 3, 32, 32)
    got, _ = chained(plan.split(model), x)
    expected = whole(x)
    assert torch.equal(got, expected)
    got.square().sum().backward()
    expected.square().sum().backward()
    for a, b in zip(whole.parameters(), model.parameters(), strict=True):
        assert a.grad is not None and b.grad is not None
        assert torch.equal(a.grad, b.grad)


@pytest.mark.parametrize("goal", ["inference", "training"])
def test_optimised_networks_are_split_too(goal: str) -> None:
    torch.manual_seed(0)
    model = load("ResNet18", optimize=goal)
    model.eval()
    plan = distributed.plan("ResNet18", stages=3)
    x = torch.randn(2, 3, 224, 224)
    assert torch.equal(chained(plan.split(model), x)[0], model(x))
