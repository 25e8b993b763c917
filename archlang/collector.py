"""Python's garbage collector, paused while something large is built.

What is built is all kept, so a search for garbage finds none; but with every search it has more to
look through, and the time per layer would grow with the depth of the network.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Generator[None, None, None]:
    """Pause the collector, unless it is off already."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
