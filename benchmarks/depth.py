"""The analysis of depth: what it costs, and how it grows. Run: python -m benchmarks.depth"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch.nn import functional

import archlang
from archlang.analysis.gradient_paths import gradient_paths
from archlang.analysis.receptive import receptive_fields
from archlang.graph import Graph
from archlang.measuring.gradients import gradients
from benchmarks.common import HEADER, Ratio, paired, seconds
from benchmarks.compiler import process
from benchmarks.vision import torchvision_models

BATCH = 16
"""What `archlang gradients` takes unless told otherwise."""
SMALL, LARGER = "ResNet20", ("ResNet56", "ResNet110", "ResNet1202")
EDGES = 20_000
"""Each timing goes through about as many, so that none is too short."""
ROUNDS = 9


def measuring() -> Iterator[Ratio]:
    """`gradients` of one seed against one pass forward and backward, on the same batch."""
    x, y = torch.randn(BATCH, 3, 224, 224), torch.randint(1000, (BATCH,))
    batch = {"x": x, "y": y}
    peer = torchvision_models().resnet50().train()
    ours = archlang.load("ResNet50", weights=peer.state_dict())

    def once() -> None:
        functional.cross_entropy(peer(x), y).backward()
        peer.zero_grad(set_to_none=True)

    what = "gradients of a loaded ResNet50 / torchvision's, forward + backward (s)"
    yield paired(what, lambda: gradients(ours, data=batch, seeds=1), once, goal=1.5, rounds=5)
    what = "gradients ResNet50, compiled and initialised / the same (s)"
    yield paired(what, lambda: gradients("ResNet50", data=batch, seeds=1), once, goal=1.5, rounds=5)


def growth(what: str, run: Callable[[Graph], object], larger: str) -> Ratio:
    """Time per edge in a larger network against that in a small one (microseconds)."""
    graphs = archlang.network(larger), archlang.network(SMALL)
    for graph in graphs:
        per_edge(run, graph)
    pairs = [(per_edge(run, graphs[0]), per_edge(run, graphs[1])) for _ in range(ROUNDS)]
    return Ratio.of(f"{what} {larger} / {SMALL}, per edge (µs)", pairs, goal=1.5)


def per_edge(run: Callable[[Graph], object], graph: Graph) -> float:
    """Microseconds for an edge."""
    edges = sum(len(node.inputs) for node in graph.nodes)
    times = -(-EDGES // edges)
    return 1e6 * seconds(lambda: [run(graph) for _ in range(times)]) / (times * edges)


def cold_paths() -> Ratio:
    """`archlang paths` of a network of 110 layers against importing torch, both cold."""
    script = Path(sys.executable).with_name("archlang")
    return paired(
        "cold `archlang paths ResNet110` / cold `import torch` (s)",
        process(str(script), "paths", "ResNet110"),
        process(sys.executable, "-c", "import torch"),
        goal=1.0,
        rounds=ROUNDS,
    )


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(HEADER)
    print(cold_paths().row())
    for what, run in (("paths", gradient_paths), ("receptive fields", receptive_fields)):
        for larger in LARGER:
            print(growth(what, run, larger).row(), flush=True)
    for ratio in measuring():
        print(ratio.row(), flush=True)


if __name__ == "__main__":
    main()
