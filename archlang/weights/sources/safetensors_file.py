"""Weights from a safetensors file, mapped into memory by its own library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archlang.weights.sources.refusals import in_one_line, unreadable

NETWORK = "archlang.network"
"""The key of the metadata under which `archlang.save` notes the network."""
_LONGEST_HEADER = 100_000_000
"""Bytes; the library allows no more."""

_PLAINLY = (
    ("incomplete metadata", "it is cut off, or longer than it should be"),
    ("MetadataIncompleteBuffer", "it is cut off, or longer than it should be"),
    ("invalid header length", "it is cut off: its header goes on behind its end"),
    ("InvalidHeaderLength", "it is cut off: its header goes on behind its end"),
    ("header too small", "it is cut off: there is no header"),
    ("HeaderTooSmall", "it is cut off: there is no header"),
    ("header too large", "its first eight bytes are not the length of a header"),
    ("HeaderTooLarge", "its first eight bytes are not the length of a header"),
    ("unknown variant", "a tensor in it has a type that is not known here"),
    ("invalid offset", "its header is damaged: tensors overlap, or lie outside of the file"),
    ("InvalidOffset", "its header is damaged: tensors overlap, or lie outside of the file"),
    ("invalid shape", "its header is damaged: the shape of a tensor does not fit its size"),
    ("TensorInvalidInfo", "its header is damaged: the shape of a tensor does not fit its size"),
    ("overflow", "its header is damaged: a tensor is larger than can be"),
    ("Overflow", "its header is damaged: a tensor is larger than can be"),
    ("in header", "its header is damaged: it is no list of tensors"),
    ("InvalidHeader", "its header is damaged: it is no list of tensors"),
)
"""The library's reasons in its words, or those of its earlier versions, and in plain ones."""


def looks_like_safetensors(head: bytes) -> bool:
    """Whether a file begins with the length of a header and the header's first brace."""
    length = int.from_bytes(head[:8], "little")
    return head[8:9] == b"{" and length <= _LONGEST_HEADER


def read_safetensors(path: Path, shown: str) -> tuple[Mapping[str, object], str]:
    """The tensors of a safetensors file; its library sorts them by name.

    Beside them the network that they are of, if `archlang.save` wrote the file; else nothing.

    Raises:
        SpecError: it is cut off or damaged (E0707).
    """
    from safetensors import SafetensorError, safe_open

    opening: Any = safe_open  # what it gives has no types
    try:
        with opening(path, framework="pt", device="cpu") as file:
            names: list[str] = file.keys()
            metadata: Mapping[str, str] = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in names}
            return tensors, metadata.get(NETWORK, "")
    except SafetensorError as error:
        raise unreadable(shown, _reason(error)) from None
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError, LookupError) as error:
        # a type of number that this torch does not have, or a name that is no text
        raise unreadable(shown, in_one_line(error)) from None


def _reason(error: Exception) -> str:
    text = in_one_line(error)
    return next((plain for words, plain in _PLAINLY if words in text), text)
