"""Libraries that only some formats need, loaded when they are."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from archlang.figures.errors import DrawingError


def library(module: str, package: str) -> Any:
    """A module, and the name of the package on PyPI that holds it.

    Raises:
        DrawingError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as problem:
        raise DrawingError(
            f"this format needs {package}, which is not installed; pip install {package}, "
            "or save the figure as .svg"
        ) from problem
