"""Weights from what `torch.save` wrote, read as data: no code in it is ever run."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

from archlang.diagnostics.catalog.checkpoints import UnsafeWeights
from archlang.diagnostics.model import SpecError
from archlang.problems import about
from archlang.weights.sources.archives import Archive
from archlang.weights.sources.pickles import asked_for, is_module
from archlang.weights.sources.refusals import in_one_line, unreadable

_REFUSED = re.compile(r"(?:GLOBAL|class|function) ([\w.]+)(?= (?:was not|whose)|$)", re.MULTILINE)
"""Where torch names what it did not let in."""
_MANGLED = (
    RuntimeError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    MemoryError,
    ImportError,
    struct.error,
)
"""What torch raises where a pickle, or a tensor in it, is not as it should be."""
_PICKLES_OF_OLD = 5
"""Before torch 1.6 a checkpoint was five pickles (magic number, version, system, object, keys)."""
_NOTHING = "it is damaged, or nothing that torch.save wrote"
_TAR = "it is in the tar format that torch wrote before 0.1.10"
_RESAVE = (
    "load it with a version of torch that still reads it, and save it again: "
    "torch.save(model.state_dict(), …)"
)


def read_zipped(archive: Archive) -> object:
    """What a checkpoint in torch's zip format holds; its tensors are mapped where that is possible.

    Raises:
        SpecError: it is damaged (E0707), or wants to run code (E0708).
    """
    (script, *_) = (*archive.ending("constants.pkl"), "")
    if script:
        raise unreadable(
            archive.shown,
            "it is a TorchScript program",
            "where it was made, or after torch.jit.load(…), if you trust it: "
            "torch.save(model.state_dict(), …)",
        )
    (data, *_) = archive.ending("data.pkl")

    def asked() -> list[str]:
        return asked_for(BytesIO(archive.read(data))) if archive.records[data].plain else []

    return _load(archive.path, archive.shown, asked, is_mapped(archive))


def is_mapped(archive: Archive) -> bool:
    """Whether the tensors of a checkpoint stay where they lie in the file.

    Not those that were compressed, nor in a file that torch would take for safetensors by its name.
    """
    return archive.plain and not archive.path.name.endswith(".safetensors")


def check_places(archive: Archive, tensors: Iterable[object]) -> None:
    """See that each mapped tensor has a record of its own size: torch only looks where it begins.

    Raises:
        SpecError: one is longer than its record, or shorter (E0707).
    """
    storages = dict(_storages(tensors))
    if not storages:
        return
    sizes = {record.start: record.size for record in archive.records.values() if record.size}
    first = min(storages)
    for start, size in sizes.items():  # where torch has mapped the file is not known
        if size == storages[first] and all(
            sizes.get(address - first + start) == length for address, length in storages.items()
        ):
            return
    raise unreadable(archive.shown, "it is damaged: a tensor is longer or shorter than its data")


def _storages(tensors: Iterable[object]) -> Iterator[tuple[int, int]]:
    """Address and bytes of what the tensors lie in."""
    import torch

    for tensor in tensors:
        if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided:
            continue
        storage = tensor.untyped_storage()
        if tensor.device.type == "cpu" and storage.nbytes():
            yield storage.data_ptr(), storage.nbytes()


def read_unzipped(path: Path, shown: str) -> object:
    """What a checkpoint in the format before torch 1.6 holds, or another pickle.

    Raises:
        SpecError: it is damaged or none (E0707), or wants to run code (E0708).
    """
    with path.open("rb") as file:
        head = file.read(512)
        if head[257:262] == b"ustar":
            raise unreadable(shown, _TAR, _RESAVE)

    def asked() -> list[str]:
        with path.open("rb") as file:
            return asked_for(file, _PICKLES_OF_OLD)

    return _load(path, shown, asked, mapped=False)


def read_embedded(data: bytes, shown: str) -> object:
    """What a checkpoint holds that lies within another file.

    Raises:
        SpecError: it is damaged (E0707), or wants to run code (E0708).
    """
    return _load(BytesIO(data), shown, list, mapped=False)


def _load(file: Path | BytesIO, shown: str, asked: Callable[[], list[str]], mapped: bool) -> object:
    """What torch reads.

    Args:
        file: the checkpoint.
        shown: its name, for people.
        asked: what its pickle names, found out where it is refused.
        mapped: whether the tensors are to stay where they lie in the file.
    """
    import torch

    try:
        with warnings.catch_warnings():  # of protocols; what comes of it is said below
            warnings.simplefilter("ignore")
            if isinstance(file, BytesIO) or mapped:
                return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
            with file.open("rb") as opened:  # by its path, torch would go by the suffix
                return torch.load(opened, map_location="cpu", weights_only=True, mmap=False)
    except pickle.UnpicklingError as error:
        raise _refusal(shown, str(error), asked()) from None
    except EOFError:
        raise unreadable(shown, "it is cut off") from None
    except _MANGLED as error:
        raise unreadable(shown, _damage(error)) from None


def _refusal(shown: str, said: str, asked: list[str]) -> SpecError:
    """What torch would not read: code, or what is no checkpoint."""
    refused = _REFUSED.search(said)
    if refused or asked:
        first = refused[1] if refused else asked[0]
        # torch names a builtin without its module
        others = [name for name in asked if name.removeprefix("builtins.") != first]
        wanted = (first, *others)
        return about(shown, UnsafeWeights(name=shown, wanted=wanted, module=is_module(wanted)))
    if re.search(r"Unsupported operand 1[45]\d", said):
        why = "it was pickled in a way that cannot be read as data alone (a protocol above 2)"
        return unreadable(shown, why, "save it with torch.save, without pickle_protocol")
    return unreadable(shown, _NOTHING)


def _damage(error: BaseException) -> str:
    """What torch says, if it says it about the file; otherwise it only stumbled over it."""
    if type(error) is RuntimeError and "magic number" not in str(error):
        return f"it is damaged: torch says {in_one_line(error)!r}"
    return _NOTHING
