"""Weights from a safetensors file, mapped into memory by its own library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archlang.weights.sources.header import read_header
from archlang.weights.sources.refusals import in_one_line, unreadable

_STUMBLED = (OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError)
"""What the library raises beside its own error: this torch lacks a type of number, for instance."""


def read_safetensors(path: Path, shown: str) -> tuple[Mapping[str, object], Mapping[str, str]]:
    """The tensors of a safetensors file, by name: it does not say in which order a model has them.

    Beside them what is noted in the file.

    Raises:
        SpecError: it is cut off or damaged (E0707).
    """
    from safetensors import SafetensorError, safe_open

    header = read_header(path, shown)  # says what is wrong in words of ours
    opening: Any = safe_open  # what it gives has no types
    try:
        with opening(path, framework="pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in sorted(header.tensors)}
    except (SafetensorError, *_STUMBLED) as error:
        raise unreadable(shown, in_one_line(error)) from None
    return tensors, header.metadata
