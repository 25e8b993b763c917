"""The header of a safetensors file: which tensors it holds, and what is noted in it.

The format: the length of the header in eight bytes (little-endian), the header in JSON, then the
numbers of all tensors. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from archlang.weights.sources.jsons import read_json
from archlang.weights.sources.opening import opened
from archlang.weights.sources.refusals import in_one_line, unreadable

LONGEST = 32 * 2**20
"""Bytes of a header; that of a ResNet-152 has 0.1 MB, its spec included."""
METADATA = "__metadata__"
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "C64": 64, "F4": 4,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F8_E8M0": 8,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip
"""The types of numbers that torch has too, as the format calls them."""

_BEHIND = "it is cut off: its header goes on behind its end"
_CUT = "it is cut off, or longer than it should be"
_NO_LENGTH = "its first eight bytes are not the length of a header"
_NO_LIST = "its header is damaged: it is no list of tensors"
_NO_FIT = "its header is damaged: the shape of a tensor does not fit its size"
_OVERLAP = "its header is damaged: tensors overlap, or leave gaps"
_TOO_LARGE = "its header is damaged: a tensor is larger than can be"
_UNKNOWN = "a tensor in it has a type that is not known here"
_MOST = 1 << 62
"""Numbers of a tensor."""
_MOST_LENGTHS = 64
"""Of a shape; few, and none of many digits, can be multiplied in no time."""


class Entry(NamedTuple):
    """A tensor, as a header describes it."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Its bytes."""
        return prod(self.shape) * BITS[self.dtype] // 8


class Header(NamedTuple):
    """What a file says of itself."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, Entry]


class _DamagedError(ValueError):
    """A header against the rules; its text says in which way."""


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


def looks_like_safetensors(head: bytes) -> bool:
    """Whether a file begins with the length of a header and the header's first brace."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST


def read_header(path: Path, shown: str) -> Header:
    """The header of a file, held to the rules of the format; nothing behind it is read.

    Raises:
        SpecError: there is no such file, it is cut off, or its header is damaged (E0707).
    """
    with opened(path, shown) as file:
        try:
            return _header(*_parts(file))
        except (_DamagedError, OSError) as error:
            raise unreadable(shown, in_one_line(error)) from None


def _parts(file: BinaryIO) -> tuple[bytes, int]:
    """The text of the header, and how many bytes are behind it.

    Raises:
        _DamagedError: it is not all there.
    """
    head = file.read(8)
    length, size = int.from_bytes(head, "little"), os.fstat(file.fileno()).st_size
    if len(head) < 8:
        raise _DamagedError("it is cut off: there is no header")
    if length > LONGEST:
        raise _DamagedError(_NO_LENGTH)
    text = file.read(length)
    if len(text) < length:
        raise _DamagedError(_BEHIND)
    return text, size - 8 - length


def _header(text: bytes, rest: int) -> Header:
    """What a header says, in front of `rest` bytes.

    Raises:
        _DamagedError: it is against the rules.
    """
    try:
        entries = read_json(text)
        if not isinstance(entries, dict) or not text.startswith(b"{"):
            raise _DamagedError(_NO_LIST)
        items = cast("dict[str, Any]", entries)
        metadata = _texts(items.pop(METADATA, None) or {})
        spans = {name: _entry(name, item) for name, item in items.items()}
    except _DamagedError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _DamagedError(_NO_LIST) from None
    _hold_covered(spans.values(), rest)
    return Header(metadata, {name: entry for name, (entry, _, _) in spans.items()})


def _texts(metadata: dict[str, object]) -> dict[str, str]:
    """What is noted.

    Raises:
        ValueError, AttributeError: it is something else than texts under names.
    """
    for text in chain.from_iterable(metadata.items()):
        if not isinstance(text, str):
            raise ValueError("no text")
        text.encode()  # half a character is no text
    return cast("dict[str, str]", metadata)


def _entry(name: str, item: Any) -> tuple[Entry, int, int]:
    """A tensor, and where it begins and ends.

    Raises:
        _DamagedError: it cannot be.
        ValueError, KeyError, TypeError: it is none of the format.
    """
    name.encode()  # half a character is no text
    shape: tuple[object, ...] = tuple(item["shape"])
    begin, end = item["data_offsets"]
    if not all(type(n) is int and n >= 0 for n in (*shape, begin, end)):
        raise ValueError("no counts")
    entry = Entry(item["dtype"], cast("tuple[int, ...]", shape))
    if entry.dtype not in BITS:
        raise _DamagedError(_UNKNOWN)
    _hold_bounded(entry.shape)
    if end - begin != entry.size:
        raise _DamagedError(_NO_FIT)
    return entry, begin, end


def _hold_bounded(shape: Sequence[int]) -> None:
    """See that there can be such a tensor; the lengths beside one of zero count as well.

    Raises:
        _DamagedError: it would be larger than any.
    """
    if len(shape) > _MOST_LENGTHS or prod(filter(None, shape)) > _MOST:
        raise _DamagedError(_TOO_LARGE)


def _hold_covered(entries: Iterable[tuple[Entry, int, int]], rest: int) -> None:
    """See that the tensors fill what is behind the header, without a gap.

    Raises:
        _DamagedError: they are more or less than what is there, or lie over each other.
    """
    spans = sorted((begin, end) for _, begin, end in entries)
    if max((end for _, end in spans), default=0) != rest:
        raise _DamagedError(_CUT)
    edges = [(0, 0), *spans, (rest, rest)]
    if any(before[1] != after[0] for before, after in pairwise(edges)):
        raise _DamagedError(_OVERLAP)
