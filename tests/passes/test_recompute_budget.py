"""What runs again is chosen by a budget of memory; torch's profiler says whether it is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils._pytree import tree_leaves

import archlang
from archlang.diagnostics.model import SpecError
from archlang.measuring.budget import Fit, fit
from archlang.measuring.training_memory import TrainingMemory, training_memory
from archlang.passes.recompute import cheap_parts
from tests.torchvision_shim import torchvision


def step(model: nn.Module, x: torch.Tensor) -> None:
    """Forward and backward from all results."""
    results = [t for t in tree_leaves(model(x)) if t.requires_grad]
    torch.autograd.backward(results, [torch.ones_like(t) for t in results])
    model.zero_grad(set_to_none=True)


def measured(model: nn.Module, x: torch.Tensor) -> int:
    """The most bytes that tensors hold during a step, on top of parameters and batch."""
    step(model, x)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step(model, x)
    held = most = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most


def predicted(memory: TrainingMemory, x: torch.Tensor) -> int:
    """The same as it was predicted."""
    return memory.activations - x.numel() * x.element_size()


def hold_prediction(name: str, fractions: list[float], batch: int, **parameters: Any) -> None:
    """Hold that the budgets are kept, and that the profiler sees what was predicted."""
    graph = archlang.network(name, **parameters)
    plain = training_memory(graph, batch)
    x = torch.randn(batch, *graph.nodes[graph.inputs[0]].shape)
    least = plain.parameters + plain.gradients
    for fraction in fractions:
        budget = least + int(fraction * (plain.peak - least))
        fitted = fit(graph, budget, batch)
        model = archlang.load(
            name, optimize="training", train_memory=budget, batch=batch, **parameters
        )
        assert fitted.memory.peak <= budget
        assert measured(model, x) == pytest.approx(predicted(fitted.memory, x), rel=0.1), fraction


@pytest.mark.slow
def test_the_memory_of_a_small_densenet_is_predicted_at_more_budgets() -> None:
    hold_prediction("DenseNet", [1.0, 0.6, 0.4], 4, depths=[4, 4], size=64, classes=10)


def test_the_memory_of_a_small_densenet_is_predicted() -> None:
    hold_prediction("DenseNet", [0.5], 4, depths=[4, 4], size=64, classes=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fractions"),
    [
        ("DenseNet121", [1.0, 0.5, 0.2]),
        ("ResNet50", [1.0, 0.8, 0.6]),
        ("GoogLeNet", [1.0, 0.8]),
        ("VGG16BN", [1.0, 0.8]),
        ("ResNet18", [0.7]),
    ],
)
def test_the_memory_of_a_training_step_is_predicted(name: str, fractions: list[float]) -> None:
    hold_prediction(name, fractions, 2)


def small(budget: int, batch: int = 8) -> Fit:
    graph = archlang.network("DenseNet", depths=[4, 4], size=64, classes=10)
    return fit(graph, budget, batch)


def test_a_budget_that_is_met_anyway_changes_nothing() -> None:
    fitted = small(10**9)
    assert fitted.graph.again == ()
    assert fitted.changes == ()
    assert fitted.memory == fitted.plain
    assert "nothing has to run again" in fitted.remark


def test_the_less_memory_the_more_runs_again() -> None:
    plain = small(10**9).plain.peak
    chosen = [small(int(plain * share)) for share in (0.9, 0.7, 0.5)]
    assert [f.memory.peak <= f.budget for f in chosen] == [True] * 3
    counts = [len(f.graph.again) for f in chosen]
    assert 0 < counts[0] <= counts[1] <= counts[2]
    assert not any(a.whole for a in chosen[0].graph.again)
    # one part less would be too much
    fewer = replace(chosen[0].graph, again=chosen[0].graph.again[:-1])
    assert training_memory(fewer, 8).peak > chosen[0].budget or counts[0] > 1


def test_where_cheap_steps_do_not_suffice_whole_blocks_run_again() -> None:
    graph = archlang.network("DenseNet", depths=[4, 4], size=64, classes=10)
    cheap = replace(graph, again=tuple(part.again for part in cheap_parts(graph)))
    least_of_cheap = training_memory(cheap, 8).peak
    fitted = fit(graph, least_of_cheap - 1, 8)
    assert fitted.memory.peak < least_of_cheap
    assert any(again.whole for again in fitted.graph.again)


def test_a_budget_that_cannot_be_met_names_the_batch_that_fits() -> None:
    budget = 6_000_000
    with pytest.raises(SpecError) as caught:
        small(budget, batch=16)
    (found,) = caught.value.diagnostics
    assert found.code == "E0905"
    assert found.help is not None
    fits = int(found.help.partition("batch=")[2])
    assert 0 < fits < 16
    assert small(budget, fits).memory.peak <= budget
    with pytest.raises(SpecError):
        small(budget, fits + 1)


def test_parameters_that_do_not_fit_are_told_from_activations() -> None:
    with pytest.raises(SpecError, match="divided over devices"):
        small(10_000)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"train_memory": "8GB"}, "add batch=32"),
        ({"batch": 4}, 'add train_memory="8GB"'),
        ({"train_memory": "8GB", "batch": 4, "optimize": None}, 'add optimize="training"'),
        ({"train_memory": "8GB", "batch": 4, "optimize": "inference"}, 'add optimize="training"'),
        ({"train_memory": 8.5, "batch": 4}, "an amount such as"),
        ({"train_memory": True, "batch": 4}, "an amount such as"),
        ({"train_memory": "8GB", "batch": 4.0}, "a number of samples"),
        ({"train_memory": "8GB", "batch": 0}, "at least one sample"),
        ({"train_memory": "8", "batch": 4}, "add the unit"),
        ({"train_memory": 8, "batch": 4}, "8 of what"),
        ({"train_memory": -1, "batch": 4}, "at least one byte"),
    ],
)
def test_what_is_no_budget_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises((TypeError, ValueError), match=why):
        archlang.load("LeNet5", **({"optimize": "training"} | given))


def test_the_report_says_what_it_takes_now() -> None:
    model = archlang.load("ResNet20", optimize="training", train_memory="12MB", batch=16)
    report = archlang.passes_report(model)
    assert "a step of 16 samples takes" in report.text()
    assert report.as_json()["passes"][-1]["count"] > 0


@pytest.mark.slow
def test_densenet_equals_torchvision_in_less_memory_than_its_memory_efficient_one() -> None:
    torch.manual_seed(0)
    peer = torchvision.models.densenet121()
    thrifty = torchvision.models.densenet121(memory_efficient=True)
    model = archlang.load(
        "DenseNet121", weights=peer.state_dict(), optimize="training", train_memory="160MB", batch=2
    )
    for convolution in (m for m in peer.modules() if isinstance(m, nn.Conv2d)):
        convolution.to(memory_format=torch.channels_last)  # as ours
    x = torch.randn(2, 3, 224, 224).to(memory_format=torch.channels_last)
    keys = archlang.torchvision_state_dict
    for net in (peer, model):
        net.train()(x).square().mean().backward()
    for ours, theirs in zip(model.parameters(), peer.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.equal(ours.grad, theirs.grad)
    assert all(map(torch.equal, keys(model).values(), peer.state_dict().values()))
    assert measured(model, x) < measured(thrifty, x)
