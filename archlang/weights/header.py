"""The header of a safetensors file: which tensors it holds, and what is noted in it.

The format: the length of the header in eight bytes (little-endian), the header in JSON, then the
numbers of all tensors. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from archlang.diagnostics.model import SpecError
from archlang.weights.sources.refusals import unreadable

LONGEST = 32 * 2**20
"""Bytes of a header; that of a ResNet-152 has 0.1 MB, its spec included."""
METADATA = "__metadata__"
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip
"""The types of numbers that networks have, as the format calls them."""


class Entry(NamedTuple):
    """A tensor, as a header describes it."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Its bytes."""
        numbers = 1
        for length in self.shape:
            numbers *= length
        return numbers * BITS[self.dtype] // 8


class Header(NamedTuple):
    """What a file says of itself."""

    metadata: Mapping[str, object]
    tensors: Mapping[str, Entry]


def header_bytes(metadata: Mapping[str, str], tensors: Mapping[str, Entry]) -> bytes:
    """The beginning of a file whose tensors follow in this order; equal input gives equal bytes.

    The library's own writer is not used here, as it writes metadata in an order of chance.
    """
    entries: dict[str, object] = {METADATA: dict(metadata)}
    at = 0
    for name, entry in tensors.items():
        offsets = [at, at + entry.size]
        entries[name] = {"dtype": entry.dtype, "shape": entry.shape, "data_offsets": offsets}
        at += entry.size
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers lie where they can be mapped
    return len(text).to_bytes(8, "little") + text


def read_header(path: Path, shown: str) -> Header:
    """The header of a file, held to the rules of the format; nothing behind it is read.

    Raises:
        SpecError: there is no such file, it is cut off, or its header is damaged (E0707).
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            size = path.stat().st_size
            if length > LONGEST:
                raise unreadable(shown, "its first eight bytes are not the length of a header")
            if size < 8 + length:
                raise unreadable(shown, "it is cut off: its header goes on behind its end")
            text = file.read(length)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unopened(shown, error) from None
    return _parsed(text, size - 8 - length, shown)


def _unopened(shown: str, error: OSError | ValueError) -> SpecError:
    match error:
        case FileNotFoundError():
            return unreadable(shown, "there is no such file", "look at the path")
        case IsADirectoryError():
            return unreadable(shown, "it is a folder", "name the file")
        case _:
            why = getattr(error, "strerror", None) or "it cannot be opened"
            return unreadable(shown, why.lower(), "look at the path and its permissions")


def _parsed(text: bytes, rest: int, shown: str) -> Header:
    try:
        entries = json.loads(text)
        if not isinstance(entries, dict):
            raise ValueError("no list of tensors")
        metadata = entries.pop(METADATA, {})  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if not isinstance(metadata, dict):
            raise ValueError("no metadata")
        tensors = dict(_entries(entries.items(), rest))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise unreadable(shown, "its header is damaged: it is no list of tensors") from None
    except EOFError:
        raise unreadable(shown, "it is cut off, or longer than it should be") from None
    return Header(metadata, tensors)  # pyright: ignore[reportUnknownArgumentType]


def _entries(items: Iterable[tuple[str, Any]], rest: int) -> Iterable[tuple[str, Entry]]:
    """The tensors by name, which have to fill what is behind the header without a gap.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none of the format.
        EOFError: they are more or less than what is there.
    """
    spans: list[tuple[int, int]] = []
    for name, item in items:
        entry = Entry(item["dtype"], tuple(item["shape"]))
        begin, end = item["data_offsets"]
        if not all(type(n) is int and n >= 0 for n in (*entry.shape, begin, end)):
            raise ValueError("no counts")
        if entry.dtype in BITS and end - begin != entry.size:
            raise ValueError("sizes differ")
        spans.append((begin, end))
        yield name, entry
    edges = sorted([(0, 0), *spans, (rest, rest)])
    if max((end for _, end in spans), default=0) != rest:
        raise EOFError
    if any(a[1] != b[0] for a, b in pairwise(edges)):
        raise ValueError("gaps")
