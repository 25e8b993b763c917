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


MAX_MISTAKES = 100
"""Mistakes looked for in one file; after so many the rest is likely noise."""
STEPS_A_LAYER = 2.5
"""Steps allowed for each layer allowed; a chain of blocks of one layer each stays well below."""
STEPS_OF_ROUND = 2
STEPS_OF_UNIT = 8
ITEMS_A_STEP = 8


class LimitReached(Mistake):
    """Ends the expansion of the whole network, not only of a statement."""


class Unresolved(Exception):  # noqa: N818  # no error of its own: the mistake behind it is reported
    """What is to be done depends on something that a mistake left undefined."""


class TooManyMistakes(Exception):  # noqa: N818  # no error of its own: the mistakes are reported
    """Ends the expansion of a network whose mistakes fill a screen many times over."""


class Budget:
    """What is left to spend on one network: layers, and steps of work that make none.

    A step is half of what one round of an empty loop costs.
    """

    def __init__(self) -> None:
        self.limit = _from_environment() or MAX_LAYERS
        self._layers = 0
        self._steps = 0

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
        """Spend rounds of loops."""
        self._spend(number * STEPS_OF_ROUND, span)

    def unit(self, span: Span, depth: int = 0) -> None:
        """Spend what it takes to open a block or to call a function, `depth` levels deep.

        Depth counts, since a bomb is deep: two uses in each of forty blocks make a million million.
        """
        self._spend(STEPS_OF_UNIT + depth, span)

    def look_through(self, items: int, span: Span) -> None:
        """Spend what it takes to look at every item of a list."""
        self._spend(items // ITEMS_A_STEP, span)

    def _spend(self, steps: int, span: Span) -> None:
        self._steps += steps
        if self._steps > self.limit * STEPS_A_LAYER:
            raise LimitReached(TooManySteps(limit=self.limit), span)

    def expect(self, layers: int, span: Span) -> None:
        """Say beforehand how many layers are to come, so that a bomb never starts."""
        if self._layers + layers > self.limit:
            expected = self._layers + layers
            raise LimitReached(TooManyLayers(limit=self.limit, expected=expected), span)


def _from_environment() -> int | None:
    text = os.environ.get(ENVIRONMENT, "")
    return int(text) if text.isdecimal() and len(text) < 12 else None
