"""Where weights come from: a `state_dict`, a file, an address, or torchvision's names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, cast

from archlang.diagnostics.catalog.checkpoints import UnknownWeights
from archlang.problems import about
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.sources import names
from archlang.weights.sources.addresses import parse_address
from archlang.weights.sources.download import download
from archlang.weights.sources.files import read_file
from archlang.weights.sources.opening import SUFFIXES

__all__ = ["read_declared", "read_weights"]

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")


def read_weights(
    source: object, builders: Sequence[str] = (), *, progress: bool | None = None
) -> Checkpoint:
    """Read weights from wherever they are, whole or not at all; no code in them is run.

    Args:
        source: a `state_dict`; the name of a file, with `#key` behind it for a part of it; an
            address with its hash; a member of one of torchvision's enumerations, or its name.
        builders: the builders of `torchvision.models` for the network and for those it derives
            from, nearest first; for names without an enumeration (`DEFAULT`).
        progress: whether to show how far a download is; None: if standard error is a terminal.

    Returns:
        The tensors under the names of whoever saved them. Those of a file may be mapped from it.

    Raises:
        SpecError: a file cannot be read (E0707), wants to run code (E0708) or is not the one that
            was meant (E0709); it is unclear which weights are meant (E0710); a file cannot be
            downloaded (E0711), or its address has no hash (E0715).
    """
    if isinstance(source, Mapping):
        return Checkpoint(_named(cast("Mapping[object, object]", source)), "a state_dict")
    if isinstance(source, str | os.PathLike):
        text = os.fsdecode(cast("str | os.PathLike[Any]", source))
        return _read_text(text, builders, progress, only_file=not isinstance(source, str))
    if isinstance(source, Enum) and names.is_member(source):
        return _read_named(names.of_member(source), progress)
    raise about("weights", _no_source(source))


def read_declared(kind: str, source: str, builders: Sequence[str] = ()) -> Checkpoint:
    """Read the weights that a spec declares: by an address, or by torchvision's name.

    A spec may be somebody else's, so what it says is nothing but that: no file is opened for it.

    Raises:
        SpecError: as for `read_weights`.
    """
    if kind == "url":
        return _read_address(source, None)
    return _read_named(names.by_name(source, builders), None)


def _named(state: Mapping[object, object]) -> Mapping[str, object]:
    """A `state_dict`, whose keys have to be names.

    Raises:
        SpecError: one is something else (E0710).
    """
    for key in state:
        if not isinstance(key, str):
            why = f"in this state_dict a value stands under {key!r:.60}, which is no name"
            way = 'pass names and tensors, as model.state_dict() has them: {"fc1.weight": …}'
            raise about("weights", UnknownWeights(why=why, way=way))
    return cast("Mapping[str, object]", state)


def _read_text(
    text: str, builders: Sequence[str], progress: bool | None, only_file: bool
) -> Checkpoint:
    """A string: an address, a file or a name, in this order."""
    if not only_file and _SCHEME.match(text):
        return _read_address(text, progress)
    path, key = _without_key(text)
    if only_file or _is_file_name(path):
        return read_file(_expanded(path), path, key)
    return _read_named(names.by_name(text, builders), progress)


def _without_key(text: str) -> tuple[str, str]:
    """`run.pth` and `model` of `run.pth#model`; but a file may have `#` in its name."""
    path, _, key = text.rpartition("#")
    if _has_suffix(path) or (path and _there(path)):
        return (text, "") if _there(text) else (path, key)
    return text, ""


def _is_file_name(path: str) -> bool:
    """Whether it is a file, or is called like one."""
    return _has_suffix(path) or not names.looks_like_name(path) or (path != "" and _there(path))


def _has_suffix(path: str) -> bool:
    return PurePath(path).suffix.lower() in SUFFIXES


def _there(path: str) -> bool:
    try:
        return _expanded(path).exists()
    except OSError:  # a name too long, a folder that may not be looked into
        return False


def _expanded(path: str) -> Path:
    """With `~` for the user's folder, as shells have it."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user
        return Path(path)


def _read_address(text: str, progress: bool | None) -> Checkpoint:
    address = parse_address(text)
    path = download(address, progress)
    return read_file(path, address.shown, address.key, checked=True)


def _read_named(named: names.Named, progress: bool | None) -> Checkpoint:
    checkpoint = _read_address(named.url, progress)
    return replace(checkpoint, origin=named.origin, builder=named.builder)


def _no_source(source: Any) -> UnknownWeights:
    """What was passed instead of weights, and what to pass."""
    kind = type(source).__name__
    if kind == "EnumType":
        return UnknownWeights(
            why=f"{source.__name__} is a list of weights, not one of them",
            way=f"name one: {source.__name__}.DEFAULT",
        )
    if callable(getattr(source, "state_dict", None)):
        return UnknownWeights(
            why=f"weights cannot be read from a {kind} itself", way="pass model.state_dict()"
        )
    if source is True:
        return UnknownWeights(why="weights=True does not say which", way='pass weights="DEFAULT"')
    if hasattr(source, "read"):
        return UnknownWeights(why="weights cannot be read from an open file", way="pass its name")
    return UnknownWeights(why=f"weights cannot be read from {_what(source)}")


def _what(source: object) -> str:
    return "None" if source is None else f"a value of the type {type(source).__name__}"
