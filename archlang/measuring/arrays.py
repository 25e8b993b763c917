"""The arrays of a file, read as data: nothing in it is run."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from archlang.diagnostics.catalog.measuring import UnreadableBatch
from archlang.diagnostics.model import SpecError
from archlang.problems import about
from archlang.weights.sources.files import read_file
from archlang.weights.sources.opening import opened
from archlang.weights.sources.refusals import in_one_line

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".npz", ".safetensors", ".pt", ".pth")
_DAMAGED = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, MemoryError)
"""What NumPy raises where a file is not as it should be; OSError also where the disk fails."""


def read_arrays(path: Path) -> Mapping[str, Tensor]:
    """The arrays of a file by their names.

    Raises:
        SpecError: it cannot be read (E0822).
    """
    shown = str(path)
    if path.suffix not in SUFFIXES:
        raise _unreadable(shown, f"the name of a batch ends in {', '.join(SUFFIXES[:3])}")
    try:
        if path.suffix == ".npz":
            return _of_numpy(path, shown)
        tensors = read_file(path, shown).tensors
    except SpecError as error:  # the readers of weights speak of weights
        (first, *_) = error.diagnostics
        if first.code == UnreadableBatch.code:
            raise
        why = first.message.removeprefix(f"cannot read weights from {shown}: ")
        raise _unreadable(shown, why.removeprefix(f"{shown} ")) from None
    return {name: _usable(shown, name, value) for name, value in tensors.items()}


def given_arrays(data: Mapping[str, object]) -> Mapping[str, Tensor]:
    """The arrays of a mapping, be they of torch or of NumPy.

    Raises:
        TypeError: it holds something else.
        SpecError: a tensor is of a kind that no network takes (E0822).
    """
    import numpy as np

    found: dict[str, Tensor] = {}
    for name, value in data.items():
        if isinstance(value, np.ndarray):
            found[name] = _tensor("data", name, cast("object", value))
        elif isinstance(value, Tensor):
            found[name] = _usable("data", name, value)
        else:
            kind = type(value).__name__
            raise TypeError(f"data[{name!r}] is a {kind}: pass a tensor, or an array of NumPy")
    return found


def _usable(shown: str, name: str, value: object) -> Tensor:
    """
    Raises:
        SpecError: it is no tensor of plain numbers (E0822).
    """
    if not isinstance(value, Tensor):
        why = f"{name} is a {type(value).__name__}, not a tensor"
        raise _unreadable(shown, why, f"write torch.as_tensor({name})")
    kind = str(value.dtype).removeprefix("torch.")
    if value.is_quantized:
        raise _unreadable(shown, f"{name} is quantized ({kind})", f"write {name}.dequantize()")
    if value.layout != torch.strided:
        raise _unreadable(shown, f"{name} is sparse", f"write {name}.to_dense()")
    if value.is_meta:
        raise _unreadable(shown, f"{name} lies on the device meta, and has no numbers")
    if kind.startswith(("float8", "float4")):
        raise _unreadable(shown, f"{name} is in {kind}", f"write {name}.to(torch.float32)")
    return value.clone() if value.is_inference() else value


def _of_numpy(path: Path, shown: str) -> Mapping[str, Tensor]:
    import numpy as np

    with opened(path, shown) as file:
        if not zipfile.is_zipfile(file):
            raise _unreadable(shown, "it is none of the files that numpy.savez writes")
        file.seek(0)
        try:
            with np.load(file, allow_pickle=False) as arrays:
                found = {str(name): arrays[name] for name in arrays.files}
        except _DAMAGED as error:
            raise _unreadable(shown, _reason(error)) from None
    return {name: _tensor(shown, name, array) for name, array in found.items()}


def _reason(error: Exception) -> str:
    if "allow_pickle" in str(error):
        return "an array in it is pickled, which could run code"
    return f"it is damaged: {in_one_line(error)}"


def _tensor(shown: str, name: str, array: object) -> Tensor:
    """The same numbers; torch knows only those in the order of the machine's bytes."""
    import numpy as np

    if not isinstance(array, np.ndarray):  # a member that is no array comes as its bytes
        raise _unreadable(shown, f"it is damaged: {name} is no array")
    values = cast("np.ndarray[Any, Any]", array)
    native = values.astype(values.dtype.newbyteorder("="))
    try:
        return torch.from_numpy(native)  # pyright: ignore[reportUnknownMemberType]  # torch leaves out the type
    except TypeError:
        why = f"{name} holds {values.dtype} where numbers should be"
        raise _unreadable(shown, why) from None


def _unreadable(shown: str, why: str, way: str = "") -> SpecError:
    return about(shown, UnreadableBatch(name=shown, why=why, way=way))
