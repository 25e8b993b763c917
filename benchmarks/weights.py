"""Loading weights, against torchvision. Run: python -m benchmarks.weights"""

from __future__ import annotations

import subprocess
import sys

import torch

import archlang
from benchmarks.common import HEADER, Ratio, paired, seconds
from benchmarks.vision import torchvision_models

NETWORK, BUILDER = "ResNet152", "resnet152"
GOAL = 1.2
ROUNDS = 15
_PROGRAM = """
import sys
import torch
import archlang, archlang.loading, archlang.weights.loading, archlang.weights.asked
import archlang.weights.sources
from benchmarks.vision import torchvision_models
models = torchvision_models()


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


archlang.load("ResNet18", device="meta")                 # what is imported late
with torch.device("meta"):
    shapes = models.resnet152().state_dict()
state = {name: torch.zeros(x.shape, dtype=x.dtype) for name, x in shapes.items()}
for x in state.values():
    x.fill_(1)                                           # so that its pages are there
before = peak()
if sys.argv[1] == "ours":
    model = archlang.load("ResNet152", weights=state)
else:
    model = models.resnet152()
    model.load_state_dict(state)
print(peak() - before)
"""


def loading() -> list[Ratio]:
    """Compiling a network with weights, and the part of it that is about weights (seconds)."""
    builder = getattr(torchvision_models(), BUILDER)
    theirs = builder()
    state = {name: value.clone() for name, value in theirs.state_dict().items()}
    whole = paired(
        f"{NETWORK} compiled with weights / built by torchvision and loaded (s)",
        lambda: archlang.load(NETWORK, weights=state),
        lambda: builder().load_state_dict(state),
        GOAL,
        rounds=ROUNDS,
    )
    return [whole, _weights_alone(theirs, state)]


def _weights_alone(theirs: torch.nn.Module, state: dict[str, torch.Tensor]) -> Ratio:
    """What weights add to compiling: to plan, to allocate, to copy, to look for NaN. The peer only
    copies, into memory that it took when it was built."""
    pairs: list[tuple[float, float]] = []
    archlang.load(NETWORK, weights=state)
    for _ in range(ROUNDS):
        without = seconds(lambda: archlang.load(NETWORK, device="meta"))
        ours = seconds(lambda: archlang.load(NETWORK, weights=state)) - without
        pairs.append((ours, seconds(lambda: theirs.load_state_dict(state))))
    what = f"{NETWORK} of which for the weights / load_state_dict into a network (s)"
    return Ratio.of(what, pairs, GOAL)


def memory() -> Ratio:
    """Peak memory on top of the state_dict, of whole processes on Linux (MiB)."""
    pairs = [(_peak("ours"), _peak("peer")) for _ in range(3)]
    return Ratio.of(f"{NETWORK} peak memory of loading (MiB)", pairs, goal=1.0)


def _peak(who: str) -> float:
    made = subprocess.run(
        [sys.executable, "-c", _PROGRAM, who], capture_output=True, text=True, check=True
    )
    return float(made.stdout)


def main() -> None:
    """Print the table."""
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print(HEADER)
    for ratio in (*loading(), memory()):
        print(ratio.row(), flush=True)


if __name__ == "__main__":
    main()
