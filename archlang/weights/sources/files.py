"""Weights from a file, by what its first bytes say it is; the suffix is only a hint."""

from __future__ import annotations

import stat
from dataclasses import replace
from itertools import islice
from pathlib import Path

from archlang.diagnostics.model import SpecError
from archlang.diagnostics.suggest import closest
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.sources.archives import Archive, open_archive
from archlang.weights.sources.exported import looks_exported, read_exported
from archlang.weights.sources.parts import select
from archlang.weights.sources.pickled import check_places, is_mapped, read_unzipped, read_zipped
from archlang.weights.sources.refusals import in_one_line, unreadable
from archlang.weights.sources.safetensors_file import looks_like_safetensors, read_safetensors

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".pt2")
"""What files of weights are called."""

_HEAD = 512
_NEIGHBOURS = 2000
"""Files of a folder that are looked at for a suggestion."""
_UNPACK = "unpack it, and pass the file that is in it"
_OTHERS = (
    (b"\x1f\x8b", "it is compressed (gzip)", _UNPACK),
    (b"BZh", "it is compressed (bzip2)", _UNPACK),
    (b"\xfd7zXZ", "it is compressed (xz)", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "it is compressed (zstd)", _UNPACK),
    (b"\x89HDF", "it is HDF5, as Keras writes it", "export its weights to safetensors"),
    (b"\x93NUMPY", "it is one array of NumPy", "pass a state_dict: {name: torch.tensor(array)}"),
    (
        b"GGUF",
        "it is GGUF, whose weights are for llama.cpp",
        "look for the safetensors of the model",
    ),
    (
        b"version https://git-lfs",
        "it only says where the file is (a Git LFS pointer)",
        "run git lfs pull where it was cloned, or download the file itself",
    ),
)
"""How files begin that are taken for weights by mistake, what they are, and what to do."""
_PAGES = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--")


def read_file(path: Path, shown: str, key: str = "", *, checked: bool = False) -> Checkpoint:
    """Read the weights of a file, whole or not at all. The tensors may be mapped from the file.

    Args:
        path: the file.
        shown: what to call it.
        key: which part of it is meant, where it holds more than weights.
        checked: whether its hash was compared already, so that its checksums need not be.

    Raises:
        SpecError: it cannot be read (E0707), wants to run code (E0708), or does not say which
            weights are meant (E0710).
    """
    head = _head(path, shown)
    if head.startswith(b"PK"):
        return _read_archive(open_archive(path, shown), key, checked)
    if looks_like_safetensors(head):
        tensors, network = read_safetensors(path, shown)
        return replace(select(tensors, shown, key), network=network)
    _refuse_others(head, path, shown)
    return select(read_unzipped(path, shown), shown, key)


def looks_like_page(head: bytes) -> bool:
    """Whether a file begins as web pages do."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGES)


def _head(path: Path, shown: str) -> bytes:
    """The first bytes.

    Raises:
        SpecError: there is no such file, or it may not be read, or is empty (E0707).
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _a_folder(path, shown)
        if not stat.S_ISREG(mode):  # opening a pipe would wait for somebody to write to it
            raise unreadable(shown, "it is no file but a device or a pipe", "pass a file")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(path, shown) from None
    except PermissionError:
        raise unreadable(shown, "permission denied", f"allow it: chmod u+r {shown}") from None
    except (OSError, ValueError) as error:  # a name too long, or with a character of no name
        reason = error.strerror if isinstance(error, OSError) else None
        raise unreadable(shown, (reason or in_one_line(error)).lower(), "pass a file") from None
    if not head:
        raise unreadable(shown, "the file is empty")
    return head


def _read_archive(archive: Archive, key: str, checked: bool) -> Checkpoint:
    """The weights of a zip archive.

    Raises:
        SpecError: see `read_file`.
    """
    exported, pickled = looks_exported(archive), archive.ending("data.pkl")
    if not exported and not pickled:
        inside = next((n for n in archive.records if n.endswith(SUFFIXES)), "")
        way = f"unpack it, and pass {inside}" if inside else "pass a file that torch.save wrote"
        raise unreadable(archive.shown, "it is a zip archive, but none that PyTorch wrote", way)
    loaded = read_exported(archive) if exported else read_zipped(archive)
    if not checked:
        archive.check_sums()
    checkpoint = select(loaded, archive.shown, key)
    if not exported and is_mapped(archive):
        check_places(archive, checkpoint.tensors.values())
    return checkpoint


def _refuse_others(head: bytes, path: Path, shown: str) -> None:
    """
    Raises:
        SpecError: it is a file of another kind, or what it should be was cut off (E0707).
    """
    if looks_like_page(head):
        way = "download the file itself, not the page that links to it"
        raise unreadable(shown, "it is a web page", way)
    for begin, what, way in _OTHERS:
        if head.startswith(begin):
            raise unreadable(shown, what, way)
    if path.suffix == ".safetensors" and head[:1] != b"\x80":  # which a pickle begins with
        read_safetensors(path, shown)  # says what is wrong with it
    if not any(head):
        raise unreadable(shown, "it begins with nothing but zeros: it was never written in full")


def _a_folder(path: Path, shown: str) -> SpecError:
    names = sorted(p.name for p in islice(path.iterdir(), _NEIGHBOURS) if p.suffix in SUFFIXES)
    way = f"pass the file in it: {path / names[0]}" if names else "pass a file"
    return unreadable(shown, "it is a folder", way)


def _missing(path: Path, shown: str) -> SpecError:
    """There is no such file; one of nearly that name may be meant."""
    folder = path.parent
    if not folder.is_dir():
        return unreadable(shown, "there is no such file", f"there is no folder {folder} either")
    try:
        names = [p.name for p in islice(folder.iterdir(), _NEIGHBOURS)]
    except OSError:
        names = []
    alike = sorted(names, key=lambda name: (not name.endswith(path.suffix or SUFFIXES), name))
    if near := closest(path.name, alike):
        return unreadable(shown, "there is no such file", f"did you mean {folder / near}?")
    return unreadable(shown, "there is no such file", f"look at what is in {folder.resolve()}")
