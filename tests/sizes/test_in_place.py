"""A sum in place cannot grow: sizes at which its first operand would be repeated are not legal."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import archlang

NET = """network N:
    input 4x8x8
    a = conv(4, 3x3, stride=2)
    b = x -> conv(4, 5x5, pad=0)
    {} -> relu
"""


@pytest.mark.parametrize("total", ["b + a", "a + b", "b * a"])
def test_legal_is_what_the_module_takes(tmp_path: Path, total: str) -> None:
    file = tmp_path / "n.arch"
    # a is ceil(n / 2) wide, b is n - 4: equal at 7 and 8, and at 5 b has one pixel
    file.write_text(NET.format(total))
    model, sizes = archlang.load(file), archlang.sizes(file)
    legal = set()
    for n in range(1, 16):
        try:
            with torch.no_grad():
                model(torch.zeros(1, 4, n, n))
        except RuntimeError:
            continue
        legal.add(n)
    assert legal == {n for n in range(1, 16) if sizes.legal(n)}
    assert (5 in legal) == (total != "b + a")
