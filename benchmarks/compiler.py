"""How fast the compiler is: cold check, load, growth. Run: python -m benchmarks.compiler"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import archlang
from benchmarks.common import HEADER, Ratio, paired

ROOT = Path(__file__).parent.parent
RESNET = str(ROOT / "specs" / "resnet.arch")


def process(*command: str) -> Callable[[], object]:
    """A whole process, as a user starts it."""
    return lambda: subprocess.run(command, check=True, capture_output=True)


def cold_check() -> Ratio:
    """`archlang check specs/resnet.arch` against importing torch, both cold."""
    script = Path(sys.executable).with_name("archlang")
    return paired(
        "cold `archlang check specs/resnet.arch` / cold `import torch` (s)",
        process(str(script), "check", RESNET),
        process(sys.executable, "-c", "import torch"),
        goal=0.30,
        rounds=9,
    )


def chain(layers: int) -> str:
    """A residual chain; a unit is two layers, so that half as many units are needed."""
    return f"""
block Unit(C):
    conv(C, 3x3) + x

network Deep:
    input 4x8x8
    {layers // 2} * Unit(4)
"""


def check_chain(layers: int) -> None:
    """Check the chain."""
    assert not archlang.check_text(chain(layers))


def load_chain(layers: int, folder: Path) -> None:
    """Build the chain without memory for its weights."""
    path = folder / f"chain{layers}.arch"
    path.write_text(chain(layers), encoding="utf-8")
    archlang.load(f"{path}:Deep", device="meta")


def growth(what: str, run: Callable[[int], object]) -> Ratio:
    """Time per layer at 100,000 layers against that at 1,000 (measured over a hundred of them)."""
    return paired(
        f"{what}: 100,000 layers / 100 × 1,000 layers (s)",
        lambda: run(100_000),
        lambda: [run(1_000) for _ in range(100)],
        goal=1.5,
        rounds=3,
        warmup=0,
    )


def fx_chain(layers: int) -> None:
    """A GraphModule of as many nodes, built by torch.fx itself."""
    import torch
    from torch import fx, nn

    root = nn.Module()
    graph = fx.Graph()
    x = graph.placeholder("x")
    with torch.device("meta"):
        for i in range(layers // 2):
            root.add_module(f"conv{i}", nn.Conv2d(4, 4, 3, padding=1))
    for i in range(layers // 2):
        y = graph.call_module(f"conv{i}", (x,))
        x = graph.call_function(torch.add, (y, x))
    graph.output(x)
    fx.GraphModule(root, graph)


def main() -> None:
    """Print the table."""
    import tempfile

    import torch

    from benchmarks.vision import torchvision_models

    models = torchvision_models()

    def reference(device: str) -> object:
        with torch.device(device):
            return models.resnet152()

    torch.set_num_threads(1)
    print(HEADER)
    print(cold_check().row())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            paired("load ResNet152 / torchvision (s)", lambda: archlang.load("ResNet152"),
                   lambda: reference("cpu"), goal=1.2, rounds=5),
            paired("load ResNet152 on meta / torchvision (s)",
                   lambda: archlang.load("ResNet152", device="meta"),
                   lambda: reference("meta"), goal=3.0, rounds=7),
            growth("check", check_chain),
            growth("load on meta", lambda n: load_chain(n, folder)),
            paired("check of 100,000 layers / torch.fx building as many nodes (s)",
                   lambda: check_chain(100_000), lambda: fx_chain(100_000), goal=1.0, rounds=3,
                   warmup=0),
        ]  # fmt: skip
        for row in rows:
            print(row.row(), flush=True)


if __name__ == "__main__":
    main()
