"""Networks from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import fx

import archlang

Compile = Callable[..., fx.GraphModule]


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """Loads the network that a text declares, or the one of that name in it."""

    def load(text: str, network: str = "", **options: object) -> fx.GraphModule:
        path = tmp_path / "spec.arch"
        path.write_text(text, encoding="utf-8")
        torch.manual_seed(0)
        return archlang.load(f"{path}:{network}" if network else str(path), **options)

    return load
