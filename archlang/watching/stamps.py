"""Whether a file has changed since it was read: by size, time, number; while young by its bytes."""

from __future__ import annotations

from pathlib import Path, PurePath
from time import time
from typing import NamedTuple
from zlib import crc32

from archlang.semantics.places import Disk
from archlang.source import Source, Span
from archlang.syntax.parse import MAX_BYTES

YOUNG = 2.0
"""Seconds for which a file's time does not tell two writes apart on every file system."""


class Stamp(NamedTuple):
    """What a file looked like; all zero if it was not there."""

    modified: int = 0
    size: int = 0
    number: int = 0
    digest: int = 0
    """Of its bytes, where it was written a moment before."""


def stamp(path: Path, before: Stamp | None = None) -> Stamp:
    """What a file looks like now. `before` is what it looked like when it was asked last."""
    try:
        status = path.stat()
        now = Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
        young = abs(time() - status.st_mtime) < YOUNG
        if young and now.size <= MAX_BYTES and path.is_file():
            return now._replace(digest=crc32(path.read_bytes()))
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return Stamp()
    same = before is not None and before[:3] == now[:3]
    return before if same and before is not None else now


class Recorder(Disk):
    """Files on the disk, with a note of each that was asked for, also of those that are missing."""

    def __init__(self) -> None:
        self.stamps: dict[Path, Stamp] = {}
        self.sources: dict[str, Source] = {}
        """What was read, by the names that diagnostics show."""

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """Its text; the stamp is taken first, so that a write in between is seen as a change."""
        there = Path(path)
        self.stamps.setdefault(there, stamp(there))
        source = super().read(path, name, at)
        self.sources[name] = source
        return source
