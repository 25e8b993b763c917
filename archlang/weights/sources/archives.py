"""Zip archives as PyTorch writes them: records lie in the file as they are, and can be mapped."""

from __future__ import annotations

import mmap
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from archlang.weights.sources.refusals import unreadable

if TYPE_CHECKING:
    from torch import UntypedStorage

_LOCAL_HEADER = 30
"""Bytes of a record's own header before its name (PKWARE's APPNOTE, 4.3.7)."""
_MANGLED = (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError, EOFError)
"""What `zipfile` raises for an archive that is not as it should be."""
_CUT = "it is cut off, or damaged: the list of its records, at the end, is missing or wrong"


@dataclass(frozen=True, slots=True)
class Record:
    """A file inside the archive."""

    name: str
    start: int
    size: int
    crc: int
    plain: bool
    """Whether it lies there as it is, neither compressed nor encrypted, as PyTorch has it."""


@dataclass(frozen=True)
class Archive:
    """A zip archive whose list of records was read and lies within the file."""

    path: Path
    shown: str
    records: dict[str, Record]

    @property
    def plain(self) -> bool:
        """Whether no record is compressed, so that all can be used where they lie."""
        return all(record.plain for record in self.records.values())

    def ending(self, *tails: str) -> list[str]:
        """The names of the records in the folder that the archive consists of, or without one."""
        return [n for n in self.records if n in tails or n.partition("/")[2] in tails]

    def read(self, name: str) -> bytes:
        """The contents of a record.

        Raises:
            SpecError: there is none, or it is compressed (E0707).
        """
        record = self.record(name)
        with self.path.open("rb") as file:
            file.seek(record.start)
            return file.read(record.size)

    def record(self, name: str) -> Record:
        """The record of that name, which can be used where it lies.

        Raises:
            SpecError: there is none, or it is compressed (E0707).
        """
        record = self.records.get(name)
        if record is None:
            raise unreadable(self.shown, f"it lacks {name}")
        if not record.plain:
            way = "unpack it and zip it without compression (zip -0), or save it again"
            raise unreadable(self.shown, f"{name} in it is compressed; PyTorch's are not", way)
        return record

    @cached_property
    def _mapped(self) -> Any:
        """The whole file as one storage; torch has no types for it."""
        from torch import UntypedStorage

        storage: Any = UntypedStorage
        return storage.from_file(str(self.path), False, self.path.stat().st_size)

    def storage(self, name: str) -> UntypedStorage:
        """The bytes of a record, mapped: nothing is read before it is used, and the file stays as
        it is whatever is written to them."""
        record = self.record(name)
        return self._mapped[record.start : record.start + record.size]

    def check_sums(self) -> None:
        """Compare the checksums of all records, which PyTorch itself does not.

        Raises:
            SpecError: one differs (E0707).
        """
        summed = [r for r in self.records.values() if r.plain and r.crc and r.size]
        if not summed:  # torch.serialization.set_crc32_options(False) writes zeros
            return
        with (
            self.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
            ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool,
        ):
            sums = pool.map(_sum, repeat(view), summed)  # zlib lets others run meanwhile
            damaged = [r.name for r, got in zip(summed, sums, strict=True) if got != r.crc]
        if damaged:
            raise unreadable(
                self.shown, f"it is damaged: the checksum of {damaged[0]} in it does not fit"
            )


def open_archive(path: Path, shown: str) -> Archive:
    """Read the list of the records of a zip archive.

    Raises:
        SpecError: it is cut off or damaged (E0707).
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            listed = archive.infolist()
            size = file.seek(0, os.SEEK_END)
            records = {info.filename: _record(info, file, size) for info in listed}
    except _MANGLED:
        raise unreadable(shown, _CUT) from None
    return Archive(path, shown, records)


def _record(info: zipfile.ZipInfo, file: BinaryIO, end: int) -> Record:
    """A record with the place of its contents, behind its own header.

    Raises:
        ValueError: it does not lie within the file.
    """
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER)
    if header[:4] != b"PK\x03\x04":
        raise ValueError("no record where one should be")
    name, extra = struct.unpack("<HH", header[26:_LOCAL_HEADER])
    start = info.header_offset + _LOCAL_HEADER + name + extra
    if start + info.compress_size > end:
        raise ValueError("a record goes on behind the end of the file")
    plain = (
        info.compress_type == zipfile.ZIP_STORED
        and info.file_size == info.compress_size
        and not info.flag_bits & 1
    )
    return Record(info.filename, start, info.file_size, info.CRC, plain)


def _sum(view: memoryview, record: Record) -> int:
    value = 0
    for piece in _pieces(record):
        value = zlib.crc32(view[piece], value)
    return value


def _pieces(record: Record, step: int = 1 << 24) -> Iterator[slice]:
    end = record.start + record.size
    return (slice(at, min(at + step, end)) for at in range(record.start, end, step))
