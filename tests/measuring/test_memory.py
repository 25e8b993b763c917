"""The memory of activations on the meta device, against what torch's allocator hands out."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from archlang.compiler import graph
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph
from archlang.loading import to_module
from archlang.measuring.memory import measure_memory

NETWORKS: list[tuple[str, dict[str, Any]]] = [
    ("ResNet18", {"size": 64}),
    ("ResNet50", {"size": 64}),
    ("VGG11", {"size": 64}),
    ("GoogLeNet", {}),
    ("DenseNet121", {"size": 64}),
    ("UNet", {"H": 188, "W": 188}),
    ("LeNet5", {}),
    ("AlexNet2012", {}),
    ("FractalNet", {}),
    ("Highway", {}),
]


def memory_events(model: nn.Module, xs: list[torch.Tensor], training: bool) -> list[Any]:
    """What torch's profiler records of one forward pass on the CPU."""
    model.train(training)
    recording = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
    with recording as profiler, nullcontext() if training else torch.no_grad():
        _kept = model(*xs)  # alive until the profiler has stopped
    return list(profiler.profiler.kineto_results.events())


def bytes_of(tensors: list[torch.Tensor]) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def allocations(events: list[Any]) -> list[tuple[int, int]]:
    """When how many bytes were handed out, or given back."""
    return sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")


def peak(model: nn.Module, xs: list[torch.Tensor]) -> int:
    """The most bytes alive at the end of an operator; those within a convolution do not count.

    A convolution on the CPU may copy its weights into another order for as long as it runs.
    """
    events = memory_events(model, xs, training=False)
    spans = [(e.start_ns(), e.start_ns() + e.duration_ns(), e.name()) for e in events]
    operators = sorted((s, -end, n) for s, end, n in spans if n.startswith("aten::"))
    ends: list[int] = []
    convolved = -1
    for start, end, name in operators:
        if start >= convolved:
            ends.append(-end)
            if name == "aten::convolution":
                convolved = -end
    waiting, alive, most = allocations(events), 0, 0
    for end in sorted(ends):
        while waiting and waiting[0][0] <= end:
            alive += waiting.pop(0)[1]
        most = max(most, alive)
    return bytes_of(xs) + most


def kept(model: nn.Module, xs: list[torch.Tensor]) -> int:
    """The bytes that are alive behind a forward pass in training, the result included."""
    events = memory_events(model, xs, training=True)
    return bytes_of(xs) + sum(size for _, size in allocations(events))


def some(network: Graph, batch: int) -> list[torch.Tensor]:
    return [torch.randn(batch, *network.nodes[number].shape) for number in network.inputs]


@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_torch_hands_out_as_much(name: str, options: dict[str, Any]) -> None:
    network = graph(name, **options)
    found = measure_memory(network, 2)
    model, xs = to_module(network), some(network, 2)
    assert found.forward == pytest.approx(peak(model, xs), rel=0.005)
    assert found.training == pytest.approx(kept(model, xs), rel=0.005)


def build(tmp_path: Path, text: str, name: str = "N") -> Graph:
    path = tmp_path / "net.arch"
    path.write_text(text, encoding="utf-8")
    return graph(f"{path}:{name}")


@pytest.mark.parametrize("name", ["ResNet18", "GoogLeNet"])
def test_steps_add_up(name: str) -> None:
    network = graph(name)
    found = measure_memory(network, 3)
    assert set(found.steps) == {node.id for node in network.nodes if node.role != "input"}
    assert found.training == sum(step.training for step in found.steps.values())
    assert found.forward == max(step.forward for step in found.steps.values())


def test_memory_grows_with_the_batch() -> None:
    network = graph("VGG11")  # no batch norm, whose statistics have the same size for any batch
    one, eight = (measure_memory(network, batch) for batch in (1, 8))
    assert eight.forward == 8 * one.forward
    assert eight.training == 8 * one.training


def test_what_works_in_place_takes_nothing(tmp_path: Path) -> None:
    network = build(tmp_path, "network N:\n    input 2x8x8\n    conv(4, 3x3) -> bn -> relu\n")
    found = measure_memory(network, 1)
    conv, bn, relu = (found.steps[node.id] for node in network.nodes[1:])
    x, y = 4 * 2 * 8 * 8, 4 * 4 * 8 * 8
    assert conv.training == x + y  # its input, which is the batch, and its result
    statistics = 2 * 4 * 4  # mean and deviation of 4 channels
    assert bn.training == y + statistics
    assert relu.training == 0
    assert [conv.forward, relu.forward] == [x + y, x + y]
    assert bn.forward == x + 2 * y + statistics


def test_parts_for_training_count_for_training_alone(tmp_path: Path) -> None:
    text = (
        "network N:\n    input 2x8x8\n    a = conv(4, 3x3)\n"
        "    output aux = a -> sigmoid when training\n    a -> conv(4, 1x1)\n"
    )
    network = build(tmp_path, text)
    found = measure_memory(network, 1)
    (head,) = (node.id for node in network.nodes if node.training)
    assert found.steps[head].training == 4 * 4 * 8 * 8
    assert found.steps[head].forward == 0


def test_frozen_layers_keep_less(tmp_path: Path) -> None:
    text = (
        "network N:\n    input 2x8x8\n    a = conv(4, 3x3) -> bn -> sigmoid\n    conv(4, 1x1)\n\n"
        "network Tuned from N:\n    freeze a\n"
    )
    whole, tuned = (measure_memory(build(tmp_path, text, name), 1) for name in ("N", "Tuned"))
    assert tuned.training == 4 * 4 * 8 * 8  # what the last convolution needs of its input
    assert tuned.training < whole.training


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_has_samples(batch: int) -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        measure_memory(graph("LeNet5"), batch)


def test_a_batch_norm_cannot_train_on_one_number(tmp_path: Path) -> None:
    network = build(tmp_path, "network N:\n    input 4\n    fc(8) -> bn -> relu\n    fc(2)\n")
    assert measure_memory(network, 2).batch == 2
    with pytest.raises(SpecError) as caught:
        measure_memory(network, 1)
    assert [d.code for d in caught.value.diagnostics] == ["E0861"]
    with pytest.raises(ValueError, match="more than 1 value"):
        to_module(network)(torch.randn(1, 4))


def test_a_batch_too_large_for_any_memory_is_a_mistake() -> None:
    with pytest.raises(SpecError) as caught:
        measure_memory(graph("UNet"), 10**15)
    assert [d.code for d in caught.value.diagnostics] == ["E0862"]
