"""Activations and gradients against torchvision's networks with hooks written here."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest
import torch
from oracle.reference import reference
from torch import Tensor, nn
from torch.nn import functional

import archlang
from archlang.measuring import probe
from archlang.measuring.gradients import gradients
from archlang.weights.keys.torchvision import key_map

QUICK = ("ResNet18",)
NETWORKS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in ("ResNet18", "ResNet50", "VGG11", "DenseNet121", "GoogLeNetInference", "GoogLeNet")
]


pytestmark = pytest.mark.filterwarnings("ignore:Full backward hook is firing:UserWarning")


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    yield
    gc.collect()


def size(tensor: Tensor) -> float:
    return tensor.detach().double().square().mean().sqrt().item()


def length(tensor: Tensor) -> float:
    """Of a sample; the root of the mean square over the samples."""
    by_sample = tensor.detach().double().flatten(1).norm(dim=1)
    return by_sample.square().mean().sqrt().item()


class Hooked:
    """torchvision's network, listened to by plain hooks of modules."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model.train()
        self.activations: dict[str, float] = {}
        self.gradients: dict[str, float] = {}
        for name, module in model.named_modules():
            if getattr(module, "inplace", False):
                module.inplace = False  # hooks of modules cannot bear it
            # auxiliary heads overwrite what they would be asked for, and are not in the loss
            if isinstance(module, nn.Conv2d | nn.Linear) and not name.startswith("aux"):
                module.register_forward_hook(self._forward(name))
                module.register_full_backward_hook(self._backward(name))

    def _forward(self, name: str):
        return lambda _module, _inputs, output: self.activations.update({name: size(output)})

    def _backward(self, name: str):
        return lambda _module, _inputs, outputs: self.gradients.update({name: length(outputs[0])})

    def run(self, x: Tensor, y: Tensor) -> float:
        torch.manual_seed(0)
        output = self.model(x)
        output = output if isinstance(output, Tensor) else output.logits
        loss = functional.cross_entropy(output, y)
        loss.backward()
        return loss.item()


def compare(name: str, dtype: torch.dtype, tolerance: float, count: int = 2) -> int:
    """Hold every size of ours against theirs; how many layers there are."""
    torch.manual_seed(0)
    theirs = reference(name)
    ours = archlang.load(name, weights=theirs.state_dict(), dtype=dtype)
    x, y = torch.randn(count, 3, 224, 224, dtype=dtype), torch.randint(1000, (count,))
    hooked = Hooked(theirs.to(dtype))
    loss = hooked.run(x, y)
    report = gradients(ours, data={"x": x, "y": y}, seeds=1)
    assert report.loss[0] == pytest.approx(loss, rel=tolerance)
    keys = key_map(archlang.network(name))
    assert keys is not None
    for layer in report.layers:
        path = keys[layer.path]
        weight = theirs.get_submodule(path).weight.grad
        close = {"rel": tolerance, "abs": 0}
        assert layer.activation[0] == pytest.approx(hooked.activations[path], **close), path
        assert layer.gradient[0] == pytest.approx(hooked.gradients[path], **close), path
        assert layer.weight[0] == pytest.approx(size(weight), **close), path
    return len(report.layers)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_as_torchvision_has_it(name: str) -> None:
    layers = compare(name, torch.float32, 1e-5)
    expected = {"ResNet18": 21, "ResNet50": 54, "VGG11": 11, "DenseNet121": 121}
    assert layers == expected.get(name, 58)


@pytest.mark.slow
def test_the_comparison_sees_a_look_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: what is measured behind the activation that overwrites it is something else."""
    late = probe.rms
    monkeypatch.setattr(probe, "rms", lambda tensor: late(tensor.relu()))
    with pytest.raises(AssertionError):
        compare("ResNet18", torch.float32, 1e-5)


def test_the_comparison_sees_another_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: gradients are lengths, and not what an element hears."""
    monkeypatch.setattr(probe, "length", probe.rms)
    with pytest.raises(AssertionError):
        compare("ResNet18", torch.float32, 1e-5)


@pytest.mark.slow
def test_in_float64_to_nine_digits() -> None:
    assert compare("ResNet18", torch.float64, 1e-9) == 21


@pytest.mark.slow
def test_it_costs_at_most_half_more_than_a_pass() -> None:
    """The least of a few measurements each, as others may be using the machine."""
    torch.manual_seed(0)
    theirs = reference("ResNet50").train()
    ours = archlang.load("ResNet50", weights=theirs.state_dict())
    x, y = torch.randn(8, 3, 224, 224), torch.randint(1000, (8,))
    graph = archlang.network("ResNet50")

    def a_pass() -> None:
        functional.cross_entropy(theirs(x), y).backward()
        theirs.zero_grad()

    from archlang.measuring.batches import Batch
    from archlang.measuring.run import Run

    def measured() -> None:
        Run(graph, ours, Batch((x,), y)).measure()

    times: dict[str, list[float]] = {"theirs": [], "ours": []}
    for _ in range(3):
        for name, call in (("theirs", a_pass), ("ours", measured)):
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    assert min(times["ours"]) <= 1.5 * min(times["theirs"])
