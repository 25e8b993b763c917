"""The errors that all readers of weights raise, in one line each."""

from __future__ import annotations

from archlang.diagnostics.catalog.checkpoints import UnreadableWeights
from archlang.diagnostics.model import SpecError
from archlang.problems import about


def unreadable(name: str, why: str, way: str = "") -> SpecError:
    """E0707: the file of that name does not hold weights that can be read."""
    return about(name, UnreadableWeights(name=name, why=why, way=way))


def in_one_line(error: object) -> str:
    """The first sentence or line of what a library says, short enough for a message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= 160 else f"{text[:159]}…"
