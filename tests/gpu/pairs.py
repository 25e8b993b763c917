"""Compiled networks and torchvision's with the same weights on one device, and how they compare."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import torch
from oracle.reference import keys, reference
from torch import Tensor, nn

import archlang

QUICK = ("ResNet18", "DenseNet121")
NETWORKS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in (*QUICK, "ResNet50", "GoogLeNet", "VGG16")
]
SIZE = 224
FLOAT32 = 1e-4
"""By so much of the results' spread float32 may differ when sums are done in another order."""


def theirs(name: str, device: torch.device) -> nn.Module:
    """torchvision's, in evaluation mode; a fresh one each time."""
    return deepcopy(_reference(name)).to(device).eval()


@cache
def _reference(name: str) -> nn.Module:
    """With running statistics as they are after a batch, so that no value grows or vanishes."""
    torch.manual_seed(0)
    model = reference(name)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.reset_running_stats()
    with torch.no_grad():
        model.train()(batch(torch.device("cpu"), 2, seed=5))
    for norm in norms:
        norm.momentum = 0.1
    return model


def ours(name: str, device: torch.device, **options: Any) -> nn.Module:
    """The compiled network with the same weights, in evaluation mode."""
    state = _reference(name).state_dict()
    return archlang.load(name, weights=state, device=device, **options).eval()


def batch(device: torch.device, samples: int = 2, seed: int = 0) -> Tensor:
    """Pictures of unlike brightness and spots: `(samples, 3, 224, 224)`."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randn(samples, 3, 7, 7, generator=random)
    light = torch.randn(samples, 3, 1, 1, generator=random)
    spots = nn.functional.interpolate(coarse + light, size=(SIZE, SIZE), mode="bilinear")
    return (spots + 0.3 * torch.randn(spots.shape, generator=random)).to(device)


def main_output(result: Any) -> Tensor:
    """The first of a network's outputs, where it has several."""
    return result if isinstance(result, Tensor) else result[0]


def hold_close(got: Tensor, want: Tensor, tolerance: float = FLOAT32) -> None:
    """Hold that results differ by little of what lies between the samples of the batch."""
    assert got.shape == want.shape
    got, want = got.double().cpu(), want.double().cpu()
    spread = (want - want.flip(0)).norm()
    assert spread > 0, "the samples cannot be told apart"
    assert (got - want).norm() <= tolerance * spread


def hold_as_exact(got: Tensor, peer: Tensor, truth: Tensor) -> None:
    """Hold that a result in few bits is at most one bit less exact than the peer's."""
    assert got.isfinite().all() and got.dtype == peer.dtype
    errors = [(x.double() - truth.double()).norm().item() for x in (got, peer)]
    assert errors[0] <= 2 * errors[1] + 1e-6 * truth.norm().item()


def step(name: str, model: nn.Module, x: Tensor, *, compiled: bool) -> dict[str, Tensor]:
    """The gradients of a training step, by torchvision's names; dropout always draws the same."""
    model.train().zero_grad(set_to_none=True)
    torch.manual_seed(1)
    result = model(x)
    outputs = [result] if isinstance(result, Tensor) else [y for y in result if y is not None]
    classes = torch.arange(len(x), device=x.device)
    losses = [nn.functional.cross_entropy(y.float(), classes) for y in outputs]
    torch.stack(losses).sum().backward()
    names = keys(name, model) if compiled else {key: key for key in model.state_dict()}
    found = {names[key]: p.grad for key, p in model.named_parameters()}
    return {key: gradient for key, gradient in found.items() if gradient is not None}


def hold_gradients(
    got: dict[str, Tensor], want: dict[str, Tensor], tolerance: float = 1e-2
) -> None:
    """Hold that two steps have the same gradients but for the order of sums."""
    assert got.keys() == want.keys()
    pairs = [(got[key].double().cpu(), want[key].double().cpu()) for key in sorted(want)]
    difference = torch.stack([(a - b).norm() for a, b in pairs]).norm()
    assert difference <= tolerance * torch.stack([b.norm() for _, b in pairs]).norm()


def without_gradients(run: Callable[[Tensor], Any], x: Tensor) -> Tensor:
    """The main output of an ordinary call."""
    with torch.no_grad():
        return main_output(run(x))
