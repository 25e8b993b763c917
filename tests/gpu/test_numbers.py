"""The same numbers as torchvision on the same device, in each type and memory format."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from gpu.pairs import (
    NETWORKS,
    QUICK,
    batch,
    hold_as_exact,
    hold_close,
    hold_gradients,
    ours,
    step,
    theirs,
    without_gradients,
)

pytestmark = pytest.mark.gpu
GOALS = [None, "inference"]


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", NETWORKS)
def test_float32(name: str, goal: str | None, device: torch.device) -> None:
    x = batch(device)
    want = without_gradients(theirs(name, device), x)
    hold_close(without_gradients(ours(name, device, optimize=goal), x), want)


def test_the_comparison_sees_a_wrong_weight(device: torch.device) -> None:
    """The canary: one weight of the last layer."""
    x, model = batch(device), ours("ResNet18", device)
    want = without_gradients(model, x)
    with torch.no_grad():
        model.get_parameter("fc1.weight")[0, 0] += 1
    with pytest.raises(AssertionError):
        hold_close(without_gradients(model, x), want)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", NETWORKS)
def test_channels_last(name: str, goal: str | None, device: torch.device) -> None:
    x = batch(device)
    turned = x.to(memory_format=torch.channels_last)
    want = without_gradients(theirs(name, device), x)
    model = ours(name, device, optimize=goal).to(memory_format=torch.channels_last)
    hold_close(without_gradients(model, turned), want)
    hold_close(without_gradients(model, x), want)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16(name: str, goal: str | None, device: torch.device) -> None:
    x, peer = batch(device), theirs(name, device)
    truth = without_gradients(peer, x)
    few = without_gradients(deepcopy(peer).bfloat16(), x.bfloat16())
    model = ours(name, device, optimize=goal, dtype=torch.bfloat16)
    hold_as_exact(without_gradients(model, x.bfloat16()), few, truth)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", NETWORKS)
def test_autocast(name: str, goal: str | None, device: torch.device) -> None:
    x, peer = batch(device), theirs(name, device)
    truth = without_gradients(peer, x)
    with torch.autocast(device.type, dtype=torch.bfloat16):
        few = without_gradients(peer, x)
        got = without_gradients(ours(name, device, optimize=goal), x)
    hold_as_exact(got, few, truth)


@pytest.mark.parametrize("goal", [None, "training"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_step(name: str, goal: str | None, device: torch.device) -> None:
    x = batch(device)
    want = step(name, theirs(name, device), x, compiled=False)
    hold_gradients(step(name, ours(name, device, optimize=goal), x, compiled=True), want)


@pytest.mark.parametrize("name", QUICK)
def test_a_training_step_with_autocast_and_channels_last(name: str, device: torch.device) -> None:
    """Gradients in few bits: as near to those in many as torchvision's are."""
    x = batch(device, samples=4)
    truth = step(name, theirs(name, device), x, compiled=False)
    turned = x.to(memory_format=torch.channels_last)
    models = {
        True: ours(name, device, optimize="training"),
        False: theirs(name, device).to(memory_format=torch.channels_last),
    }
    errors: dict[bool, float] = {}
    for compiled, model in models.items():
        with torch.autocast(device.type, dtype=torch.bfloat16):
            got = step(name, model, turned, compiled=compiled)
        errors[compiled] = max((got[key] - truth[key]).norm().item() for key in truth)
    assert errors[True] <= 1.5 * errors[False]
