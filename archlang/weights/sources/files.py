"""Weights from a file, by what its first bytes say it is; the suffix is only a hint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archlang.mistaken import in_place_of_weights
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.sources.archives import Archive, open_archive
from archlang.weights.sources.exported import looks_exported, read_exported
from archlang.weights.sources.header import looks_like_safetensors, read_header
from archlang.weights.sources.opening import SUFFIXES, opened
from archlang.weights.sources.parts import select
from archlang.weights.sources.pickled import check_places, is_mapped, read_unzipped, read_zipped
from archlang.weights.sources.refusals import in_one_line, unreadable
from archlang.weights.sources.safetensors_file import read_safetensors

_HEAD = 512
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
        tensors, metadata = read_safetensors(path, shown)
        return replace(select(tensors, shown, key), metadata=metadata)
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
        with opened(path, shown) as file:
            head = file.read(_HEAD)
    except OSError as error:  # the disk, or the net that it is reached through
        raise unreadable(shown, in_one_line(error)) from None
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
        read_header(path, shown)  # says what is wrong with it
    if head[:1] != b"\x80" and (found := in_place_of_weights(path, shown)) is not None:
        raise unreadable(shown, found.reason, found.way)
    if not any(head):
        raise unreadable(shown, "it begins with nothing but zeros: it was never written in full")
