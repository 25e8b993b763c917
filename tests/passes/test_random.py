"""Random networks compute the same when they are optimised, at more than one batch and size."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings

from tests.passes.networks import both, error
from tests.property.test_shapes import FEW, built, programs


def hold_equal(text: str) -> None:
    """Hold that a program gives the same, plain and optimised, one model for all its inputs."""
    graph = built(text)
    shape = graph.nodes[graph.inputs[0]].shape
    shapes = [(2, *shape), (1, *shape)]
    if "fc(2)" not in text:  # which fixes the size of what is flattened
        shapes.append((2, shape[0], *(n + 2 for n in shape[1:])))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.arch"
        file.write_text(text, encoding="utf-8")
        for dtype, most in ((torch.float64, 1e-10), (torch.float32, 1e-4)):
            plain, fast = both(f"{file}:N", dtype)
            for sizes in shapes:
                x = torch.randn(sizes, dtype=dtype)
                try:
                    plain(x)
                except RuntimeError:  # this other size is not legal: maps no longer fit
                    assert sizes == shapes[-1]
                    assert len(shapes) == 3
                    continue
                assert error(plain, fast, x) < most


@settings(FEW, max_examples=25)
@given(programs())
def test_random_networks(text: str) -> None:
    hold_equal(text)


@pytest.mark.slow
@settings(FEW, max_examples=500)
@given(programs())
def test_many_random_networks(text: str) -> None:
    hold_equal(text)
