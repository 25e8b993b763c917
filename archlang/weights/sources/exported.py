"""Weights from a `.pt2` file, nothing of which is run, as `torch.export.load` would.

The layout is that of `torch.export.pt2_archive`: a JSON of the tensors' names, shapes and strides,
and the bytes of each storage as a record of its own, which several tensors may share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar, cast

from archlang.weights.sources.archives import Archive
from archlang.weights.sources.jsons import read_json
from archlang.weights.sources.pickled import read_embedded
from archlang.weights.sources.refusals import unreadable

if TYPE_CHECKING:
    from torch import Tensor, UntypedStorage

_OLD_STATE = ("serialized_state_dict.pt", "serialized_state_dict.json")
"""The state_dict as torch up to 2.7 has it: a checkpoint, whatever the suffix."""
_CONFIG = re.compile(r"(?:[^/]+/)?data/weights/(?P<model>.+)_weights_config\.json")
_EARLIER = re.compile(r"(?:[^/]+/)?data/weights/(?P<model>.+)\.pt")
"""The state_dict as torch 2.8 has it."""
_LARGEST_CONFIG = 1 << 28
_DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    9: "complex32",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu",
    34: "uint32",
    35: "uint64",
}
"""`torch._export.serde.schema.ScalarType`."""
_STRIDED = 7
"""`torch._export.serde.schema.Layout.Strided`."""


_T = TypeVar("_T")


class _MalformedError(ValueError):
    """Something in the JSON is not as it should be; its text says what."""


def looks_exported(archive: Archive) -> bool:
    """Whether an archive is what `torch.export.save` wrote, now or in an earlier version."""
    old = archive.ending("serialized_exported_program.json", *_OLD_STATE)
    return bool(archive.ending("archive_format") or old)


def read_exported(archive: Archive) -> object:
    """The parameters and persistent buffers of an exported program, under their names.

    Of an archive with several programs it is a mapping from the name of each to its weights.

    Raises:
        SpecError: it is damaged or has no weights of its own (E0707), or wants to run code (E0708).
    """
    if old := archive.ending(*_OLD_STATE):
        return read_embedded(archive.read(old[0]), archive.shown)
    programs = dict(_programs(archive))
    if not programs:
        raise unreadable(
            archive.shown,
            "it holds no exported program with weights of its own",
            "one compiled by AOTInductor has them within its machine code: "
            "pass the state_dict of the module it was made from",
        )
    return next(iter(programs.values())) if len(programs) == 1 else programs


def _programs(archive: Archive) -> Iterator[tuple[str, object]]:
    for name in archive.records:
        if found := _CONFIG.fullmatch(name):
            yield found["model"], _weights(archive, name)
        elif found := _EARLIER.fullmatch(name):
            yield found["model"], read_embedded(archive.read(name), archive.shown)


def _weights(archive: Archive, config: str) -> dict[str, Tensor]:
    """The tensors that a JSON lists.

    Raises:
        SpecError: the JSON and the records do not fit (E0707).
    """
    name = ""
    folder = config.rpartition("/")[0]
    try:
        listed = _listing(archive, config)
        tensors: dict[str, Tensor] = {}
        for name, entry in listed.items():
            tensors[name] = _tensor(archive, folder, entry)
    except _MalformedError as error:
        at = f"{name} in it " if name else ""
        raise unreadable(archive.shown, f"it is damaged: {at}{error}") from None
    return tensors


def _listing(archive: Archive, config: str) -> dict[str, object]:
    if archive.record(config).size > _LARGEST_CONFIG:
        raise _MalformedError("the list of its tensors is too large to be one")
    try:
        listed = read_json(archive.read(config))
    except ValueError:
        raise _MalformedError("the list of its tensors is no JSON") from None
    return cast("dict[str, object]", _field(listed, "config", dict))


def _tensor(archive: Archive, folder: str, entry: object) -> Tensor:
    """One tensor, a view of its record.

    Raises:
        SpecError: the record is missing or compressed (E0707), or wants to run code (E0708).
        _MalformedError: it is not described as it should be, or does not lie in its record.
    """
    record = f"{folder}/{_field(entry, 'path_name', str)}"
    if _field(entry, "use_pickle", bool):
        return _pickled(archive, record)
    return _view(archive, record, cast("object", _field(entry, "tensor_meta", dict)))


def _pickled(archive: Archive, record: str) -> Tensor:
    """A tensor of a class of its own, which the archive has as a checkpoint."""
    from torch import Tensor

    value = read_embedded(archive.read(record), archive.shown)
    if not isinstance(value, Tensor):
        raise _MalformedError("is no tensor")
    return value


def _view(archive: Archive, record: str, meta: object) -> Tensor:
    import torch

    dtype = getattr(torch, _DTYPES.get(_field(meta, "dtype", int), ""), None)
    if not isinstance(dtype, torch.dtype):
        raise _MalformedError("has a type that is not known here")
    if _field(meta, "layout", int) != _STRIDED:
        raise _MalformedError("is no dense tensor")
    sizes, strides = _numbers(meta, "sizes"), _numbers(meta, "strides")
    offset = _number(cast("object", _field(meta, "storage_offset", dict)))
    if len(sizes) != len(strides):
        raise _MalformedError("has more sizes than strides, or fewer")
    last = offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    try:
        if 0 in sizes:
            return torch.empty(sizes, dtype=dtype)
        storage = _storage(archive, record, last + 1, dtype.itemsize)
        return torch.empty(0, dtype=dtype).set_(storage, offset, sizes, strides)
    except RuntimeError:  # sizes or strides of zero, and more numbers than can be counted
        raise _MalformedError("has a size that cannot be") from None


def _storage(archive: Archive, record: str, numbers: int, width: int) -> UntypedStorage:
    """The bytes of a record, which have to be enough for so many numbers of that width."""
    storage = archive.storage(record)
    if numbers * width > storage.nbytes():
        raise _MalformedError("goes on behind the end of its data")
    # a processor may refuse a number that lies askew
    return storage.clone() if archive.record(record).start % width else storage


def _numbers(meta: object, key: str) -> list[int]:
    return [_number(item) for item in cast("list[object]", _field(meta, key, list))]


def _number(item: object) -> int:
    """A size, which may be given as `{"as_int": 64}` alone: a symbol has no weights."""
    number = _field(item, "as_int", int)
    if not 0 <= number < 1 << 62:
        raise _MalformedError(f"has {number} for a size")
    return number


def _field(entry: object, key: str, kind: type[_T]) -> _T:
    """What lies under a key, which has to be of that kind."""
    if not isinstance(entry, dict):
        raise _MalformedError(f"lacks {key}")
    value: object = cast("dict[str, object]", entry).get(key)
    if type(value) is not kind:
        raise _MalformedError(f"lacks {key}" if value is None else f"has {value!r} for {key}")
    return value
