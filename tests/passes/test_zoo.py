"""Every network of the zoo computes the same when it is optimised, from its own shape of input."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import archlang
from archlang.compiler import complete, examine, graph
from archlang.diagnostics.model import Diagnostics
from archlang.zoo import zoo
from tests.passes.networks import both, error

FEW = ("LeNet1998", "ResNet20", "DenseNet40k12")
OTHERS = Path(__file__).parents[1] / "networks"
DEEP = ("ResNet1202",)
"""So deep that its numbers grow too large for float32 unless its blocks add little."""
MOST = 30_000_000
"""Parameters up to which a network is run in float64, too."""


def hold_equal(spec: str) -> None:
    """Hold that a network gives the same, plain and optimised."""
    network = graph(spec)
    small = network.params < MOST
    dtype = torch.float64 if small else torch.float32
    shapes = [network.nodes[i].shape for i in network.inputs]
    plain, fast = both(spec, dtype)
    inputs = [torch.randn(1, *shape, dtype=dtype) for shape in shapes]
    assert error(plain, fast, *inputs) < (1e-10 if small else 1e-4)
    if small:
        if name_of(spec) in DEEP:
            for key, tensor in plain.state_dict().items():
                if key.endswith("bn2.weight"):  # the last norm of each block
                    tensor.mul_(0.01)
        singles = [x.float() for x in inputs]
        assert error(plain.float(), archlang.optimize(plain, "inference"), *singles) < 1e-3


@pytest.mark.parametrize("name", FEW)
def test_a_few(name: str) -> None:
    hold_equal(name)


def ready(file: Path) -> list[str]:
    """The networks of a file that need no parameters."""
    module = examine(file, Diagnostics())
    return [f"{file}:{name}" for name, unit in module.networks.items() if complete(unit)]


ZOO = sorted({spec for file in set(zoo().values()) for spec in ready(file)})
ELSEWHERE = [spec for file in sorted(OTHERS.glob("*.arch")) for spec in ready(file)]


def name_of(spec: str) -> str:
    """What a test is called."""
    return spec.rpartition(":")[2]


@pytest.mark.slow
@pytest.mark.parametrize("spec", [s for s in ZOO if name_of(s) not in FEW], ids=name_of)
def test_the_zoo(spec: str) -> None:
    hold_equal(spec)


@pytest.mark.slow
@pytest.mark.parametrize("spec", ELSEWHERE, ids=name_of)
def test_others(spec: str) -> None:
    hold_equal(spec)
