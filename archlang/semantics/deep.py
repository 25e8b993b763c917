"""Room for recursion: blocks within blocks take a dozen Python frames each."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

FRAMES = 12_000
"""Enough for the deepest nesting the limits allow; Python frames lie on the heap."""


@contextmanager
def deep_recursion() -> Generator[None]:
    """Raise Python's recursion limit for a while."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
