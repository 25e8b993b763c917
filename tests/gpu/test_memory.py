"""Recomputation: the same gradients, dropout included, and less memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gpu.pairs import batch, hold_gradients, ours, step

pytestmark = pytest.mark.gpu
SAMPLES = 4
PART = 0.5


def _budget(name: str, device: torch.device, part: float) -> int:
    """Weights, gradients and the batch, and a part of what activations take without a budget."""
    from archlang.compiler import graph
    from archlang.measuring.memory import measure_memory

    model = ours(name, torch.device("meta"))
    fixed = 2 * sum(p.numel() * p.element_size() for p in model.parameters())
    x = batch(device, SAMPLES)
    activations = measure_memory(graph(name), SAMPLES).training
    return fixed + x.numel() * x.element_size() + int(part * activations)


def _recomputed(name: str, device: torch.device) -> nn.Module:
    wish = _budget(name, device, PART)
    return ours(name, device, optimize="training", train_memory=wish, batch=SAMPLES)


@pytest.mark.parametrize("name", ["DenseNet121", pytest.param("ResNet50", marks=pytest.mark.slow)])
def test_the_gradients_stay(name: str, device: torch.device) -> None:
    x = batch(device, SAMPLES)
    want = step(name, ours(name, device, optimize="training"), x, compiled=True)
    hold_gradients(step(name, _recomputed(name, device), x, compiled=True), want)


@pytest.mark.parametrize("name", ["DenseNet121", "ResNet50"])
def test_the_statistics_move_once(name: str, device: torch.device) -> None:
    """A batch norm that runs twice has seen the batch once."""
    x = batch(device, SAMPLES)
    models = ours(name, device, optimize="training"), _recomputed(name, device)
    for model in models:
        step(name, model, x, compiled=True)
    plain, again = (dict(model.named_buffers()) for model in models)
    assert plain.keys() == again.keys()
    for key, value in plain.items():
        torch.testing.assert_close(again[key], value, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["DenseNet121", "ResNet50"])
def test_less_memory_is_taken(name: str, cuda: torch.device) -> None:
    peaks = [
        _peak(name, model, cuda)
        for model in (_recomputed(name, cuda), ours(name, cuda, optimize="training"))
    ]
    assert peaks[0] < 0.65 * peaks[1]  # workspaces of convolutions count for both


def _peak(name: str, model: nn.Module, cuda: torch.device) -> int:
    """The most bytes in a step, on top of those of weights, gradients and batch."""
    x = batch(cuda, SAMPLES)
    for _ in range(2):
        kept = step(name, model, x, compiled=True)
        torch.cuda.synchronize(cuda)
        before = torch.cuda.memory_allocated(cuda)
        torch.cuda.reset_peak_memory_stats(cuda)
        del kept
    step(name, model, x, compiled=True)
    return torch.cuda.max_memory_allocated(cuda) - before


@pytest.mark.parametrize("name", [pytest.param("VGG16", marks=pytest.mark.slow)])
def test_dropout_draws_the_same_again(name: str, device: torch.device) -> None:
    x = batch(device, SAMPLES)
    model = ours(name, device, optimize="training")
    first, second = (step(name, model, x, compiled=True) for _ in range(2))
    hold_gradients(first, second, tolerance=1e-5)
    hold_gradients(step(name, _recomputed(name, device), x, compiled=True), first)
