"""Repeated units stay counted, however often a figure has to be folded to fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archlang.compiler import graph
from archlang.figures import draw_svg

SPEC = """
block NAME(C, t, stride=1):
    conv(t*C, 1x1) -> relu -> conv(t*C, 3x3, stride=stride) -> relu -> conv(C, 1x1) + project∘x

network N:
    input 3x224x224
    for s in range(3):
        NAME(8 * (s + 1), 6, stride=2)
        NAME(8 * (s + 1), 6)
        NAME(8 * (s + 1), 6)
    gap -> flatten -> fc(2)
"""


@pytest.mark.parametrize("name", ["U", "InvertedResidual", "ABlockWithQuiteALongNameOfItsOwn"])
def test_no_unit_is_dropped(name: str, tmp_path: Path) -> None:
    spec = tmp_path / "n.arch"
    spec.write_text(SPEC.replace("NAME", name), encoding="utf-8")
    counts = [int(n) for n in re.findall(r">×(\d+)<", draw_svg(graph(f"{spec}:N")))]
    folded = [n for n in counts if n > 1]
    assert sum(folded) - len(folded) >= 3  # nine units in at most six boxes
