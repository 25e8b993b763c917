"""Compiled networks against torchvision's, eager. Run: python -m benchmarks.running"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

import archlang
from benchmarks.common import HEADER, Ratio, paired
from benchmarks.vision import torchvision_models

NETWORKS = {
    "ResNet50": "resnet50",
    "VGG16": "vgg16",
    "GoogLeNet": "googlenet",
    "DenseNet121": "densenet121",
}
BATCH = 4
GOAL = 1.02


def models(name: str) -> tuple[nn.Module, nn.Module]:
    """Ours and torchvision's, with the same weights."""
    builder = getattr(torchvision_models(), NETWORKS[name])
    peer = builder(init_weights=False) if name == "GoogLeNet" else builder()
    return archlang.load(name, weights=peer.state_dict()), peer


def forward(model: nn.Module, x: torch.Tensor) -> None:
    """Inference."""
    with torch.inference_mode():
        model(x)


def step(model: nn.Module, x: torch.Tensor) -> None:
    """Forward and backward."""
    result = model(x)
    main = result if isinstance(result, torch.Tensor) else result[0]
    main.sum().backward()
    model.zero_grad(set_to_none=True)


def compare(name: str) -> list[Ratio]:
    """Inference and training step of one network."""
    ours, peer = models(name)
    x = torch.randn(BATCH, 3, 224, 224)
    ours.eval()
    peer.eval()
    inference = paired(
        f"{name} forward (s)", lambda: forward(ours, x), lambda: forward(peer, x), GOAL, rounds=9
    )
    memory = [memory_ratio(f"{name} peak memory, forward (MiB)", forward, ours, peer, x)]
    ours.train()
    peer.train()
    training = paired(
        f"{name} forward + backward (s)", lambda: step(ours, x), lambda: step(peer, x), GOAL,
        rounds=7,
    )  # fmt: skip
    memory.append(memory_ratio(f"{name} peak memory, training step (MiB)", step, ours, peer, x))
    return [inference, training, *memory]


def memory_ratio(
    what: str,
    run: Callable[[nn.Module, torch.Tensor], None],
    ours: nn.Module,
    peer: nn.Module,
    x: torch.Tensor,
) -> Ratio:
    """Peak memory of both; it is the same in every run."""
    a, b = peak(lambda: run(ours, x)), peak(lambda: run(peer, x))
    return Ratio(what, a, b, a / b, a / b, a / b, goal=1.0)


def peak(run: Callable[[], object]) -> float:
    """The most memory that tensors hold at any time of a run, on top of what was there (MiB)."""
    run()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    held = most = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most / 2**20


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(HEADER)
    for name in NETWORKS:
        for ratio in compare(name):
            print(ratio.row(), flush=True)


if __name__ == "__main__":
    main()
