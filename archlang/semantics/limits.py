"""Bounds on expansion: a spec is finite, and small enough for a machine."""

from __future__ import annotations

import os

from archlang.diagnostics.catalog.limits import TooManyLayers, TooManySteps
from archlang.diagnostics.model import Mistake
from archlang.source import Span

ENVIRONMENT = "ARCHLANG_MAX_LAYERS"
MAX_LAYERS = 500_000
MAX_NESTING = 64
"""How deep blocks may use blocks."""
MAX_ELEMENTS = 2**40
"""Numbers in one tensor of one sample: 4 TiB in float32."""


class LimitReached(Mistake):
    """Ends the expansion of the whole network, not only of a statement."""


class Budget:
    """What is left to spend on one network. The same bound serves layers and loop rounds."""

    def __init__(self) -> None:
        self.limit = _from_environment() or MAX_LAYERS
        self._layers = 0
        self._rounds = 0

    @property
    def layers(self) -> int:
        """Layers spent so far."""
        return self._layers

    def layer(self, span: Span) -> None:
        """Spend one layer."""
        self._layers += 1
        if self._layers > self.limit:
            raise LimitReached(TooManyLayers(limit=self.limit), span)

    def rounds(self, number: int, span: Span) -> None:
        """Spend rounds of loops, or calls of functions."""
        self._rounds += number
        if self._rounds > 2 * self.limit:
            raise LimitReached(TooManySteps(limit=2 * self.limit), span)

    def expect(self, layers: int, span: Span) -> None:
        """Say beforehand how many layers are to come, so that a bomb never starts."""
        if self._layers + layers > self.limit:
            expected = self._layers + layers
            raise LimitReached(TooManyLayers(limit=self.limit, expected=expected), span)


def _from_environment() -> int | None:
    text = os.environ.get(ENVIRONMENT, "")
    return int(text) if text.isdecimal() and len(text) < 12 else None
