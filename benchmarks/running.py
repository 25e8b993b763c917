"""How fast a compiled network runs against torchvision's, eager. Run: python -m benchmarks.running"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

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
    ours.train()
    peer.train()
    training = paired(
        f"{name} forward + backward (s)", lambda: step(ours, x), lambda: step(peer, x), GOAL,
        rounds=7,
    )  # fmt: skip
    return [inference, training]


def peak(name: str, which: str) -> float:
    """By how much one training step raises a process's peak memory (MiB); median of three."""
    command = [sys.executable, "-m", "benchmarks.running", "--peak", name, which]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(3)]
    return statistics.median(float(run.stdout.split()[-1]) for run in runs)


def measure_peak(name: str, which: str) -> None:
    """Print by how much one training step raises the process's peak memory (MiB)."""
    if which == "ours":
        model: nn.Module = archlang.load(name)
    else:
        model = getattr(torchvision_models(), NETWORKS[name])()
    x = torch.randn(BATCH, 3, 224, 224)
    before = resident()
    step(model, x)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before)


def resident() -> float:
    """Memory of this process now (MiB)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 4 and sys.argv[1] == "--peak":
        measure_peak(sys.argv[2], sys.argv[3])
        return
    torch.set_num_threads(1)
    print(HEADER)
    for name in NETWORKS:
        for ratio in compare(name):
            print(ratio.row(), flush=True)
        ours, peer = peak(name, "ours"), peak(name, "peer")
        row = Ratio(f"{name} peak memory, training step (MiB)", ours, peer, ours / peer,
                    ours / peer, ours / peer, 1.0)  # fmt: skip
        print(row.row(), flush=True)


if __name__ == "__main__":
    main()
