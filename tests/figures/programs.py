"""Programs that nobody here wrote and that open what archlang writes: browsers, viewers, TeX."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str) -> str:
    """The path of a program; the test is skipped where it is not installed.

    With `ARCHLANG_ALL_PROGRAMS=1`, as CI sets it, a missing program is a failure instead.
    """
    path = shutil.which(name)
    if path is None:
        problem = f"{name} is not installed"
        if os.environ.get("ARCHLANG_ALL_PROGRAMS") == "1":
            pytest.fail(problem)
        pytest.skip(problem)
    return path
