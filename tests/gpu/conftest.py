"""The device of these tests, and what holds on it: full float32, the same algorithms each time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

WISH = os.environ.get("ARCHLANG_TEST_DEVICE", "cuda")


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Where it is tested: the first GPU, or what ARCHLANG_TEST_DEVICE says."""
    wish = torch.device(WISH)
    if wish.type == "cuda" and not torch.cuda.is_available():
        pytest.skip(
            "no CUDA device here; ARCHLANG_TEST_DEVICE=cpu runs what has a meaning on a CPU"
        )
    return wish


@pytest.fixture
def cuda(device: torch.device) -> torch.device:
    """A GPU, for what a CPU has not."""
    if device.type != "cuda":
        pytest.skip("CUDA alone has this")
    return device


@pytest.fixture(autouse=True)
def _exact(device: torch.device) -> Iterator[None]:
    """No TF32, no algorithm chosen by timing, no sums in an order that changes."""
    cudnn = torch.backends.cudnn
    before = cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic
    precision = torch.get_float32_matmul_precision()
    cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic = False, False, True
    torch.set_float32_matmul_precision("highest")
    yield
    cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic = before
    torch.set_float32_matmul_precision(precision)
    torch.compiler.reset()
    if device.type == "cuda":
        torch.cuda.empty_cache()
