"""Folders of checkpoints: how they are called, what each lists, and which of them are kept."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from archlang.diagnostics.catalog.distribution_runs import (
    CannotCheckpoint,
    DamagedCheckpoint,
    NoCheckpoint,
)
from archlang.files import hold_place, make_folder, open_regular, reason
from archlang.problems import nowhere
from archlang.record import Record

LIST = "checkpoint.json"
"""The file of a checkpoint that says what it is and lists the others."""
FORMAT = 1
_NAME = re.compile(r"step-(?P<step>\d{8,})")
_PARTIAL = re.compile(r"\.step-\d{8,}\.partial")


class Listed(Record):
    """What a checkpoint says of itself."""

    step: int
    network: Mapping[str, str]
    """As `archlang.save` notes it."""
    extra: Mapping[str, Any]
    files: Mapping[str, str]
    """The SHA-256 of each."""


def steps_in(folder: Path) -> list[int]:
    """The steps of the checkpoints in a folder, in order; those that were only begun are none."""
    try:
        names = [p.name for p in folder.iterdir()]
    except OSError:
        return []
    return sorted(int(match["step"]) for match in map(_NAME.fullmatch, names) if match)


def whole(folder: Path, step: int) -> Path:
    """The folder of a checkpoint."""
    return folder / f"step-{step:08d}"


def partial(folder: Path, step: int) -> Path:
    """Where it lies until it is whole."""
    return folder / f".step-{step:08d}.partial"


def last_in(folder: Path) -> Path:
    """The last checkpoint of a folder.

    Raises:
        SpecError: there is none (E0942).
    """
    steps = steps_in(folder)
    if steps:
        return whole(folder, steps[-1])
    try:
        begun = any(map(_PARTIAL.fullmatch, os.listdir(folder)))  # noqa: PTH208  # names alone are needed
        why = "only one that was not written to the end" if begun else "the folder holds none"
    except FileNotFoundError:
        why = "there is no such folder"
    except NotADirectoryError:
        why = "it is a file, not a folder"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
    raise nowhere(NoCheckpoint(folder=str(folder), why=why))


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def hold_writable(folder: Path) -> None:
    """See that checkpoints can be written into a folder, before anything long is done; if it is
    not there, it is not made yet.

    Raises:
        SpecError: they cannot (E0948).
    """
    try:
        if folder.exists() and not folder.is_dir():
            _cannot(folder, "it is a file, not a folder")
        hold_place(folder)
    except OSError as error:
        _cannot(folder, reason(error))


def begin(folder: Path, step: int) -> None:
    """Make an empty folder for a checkpoint, and remove what earlier ones left unfinished.

    Raises:
        SpecError: nothing can be written there (E0948).
    """
    try:
        if folder.exists() and not folder.is_dir():
            _cannot(folder, "it is a file, not a folder")
        make_folder(folder.resolve())
        for path in folder.iterdir():
            if _PARTIAL.fullmatch(path.name):
                shutil.rmtree(path)
        partial(folder, step).mkdir()
    except OSError as error:
        _cannot(folder, reason(error))


def finish(folder: Path, listed: Listed, keep: int) -> None:
    """Give a checkpoint whose files are written its name, and remove those before the last few.

    Raises:
        SpecError: it cannot be (E0948).
    """
    begun, done = partial(folder, listed.step), whole(folder, listed.step)
    try:
        _write(begun / LIST, _text(listed))
        if done.exists():
            _remove(folder, listed.step, aside=folder / ".step-00000000.partial")
        begun.rename(done)
        _sync(folder)
        for step in [s for s in steps_in(folder) if s <= listed.step][:-keep]:
            _remove(folder, step, aside=partial(folder, step))
    except OSError as error:
        _cannot(folder, (error.strerror or str(error)).lower())


def _remove(folder: Path, step: int, aside: Path) -> None:
    """Remove a checkpoint: it loses its name first, so that no part of it is taken for a whole."""
    whole(folder, step).rename(aside)
    shutil.rmtree(aside)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Bring a change of names to disk, before what it replaces is removed."""
    if os.name == "nt":
        return  # Windows opens no folders
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _cannot(folder: Path, why: str) -> NoReturn:
    raise nowhere(CannotCheckpoint(folder=str(folder), why=why)) from None


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def listed_in(checkpoint: Path) -> Listed:
    """What a checkpoint says of itself.

    Raises:
        SpecError: it cannot be read, or is not what was written (E0944).
    """
    try:
        with open_regular(checkpoint / LIST) as file:
            data = json.loads(file.read())
        listed = Listed(data["step"], data["network"], data["extra"], data["files"])
        is_known = data["format"] == FORMAT
        is_same = json.loads(_text(listed)) == data
    except OSError as error:
        damaged(checkpoint, f"its {LIST} cannot be read: {(error.strerror or str(error)).lower()}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        damaged(checkpoint, f"its {LIST} is not what was written")
    if not is_known:
        damaged(checkpoint, "it was written by another version of archlang")
    if not is_same:
        damaged(checkpoint, f"its {LIST} was changed")
    return listed


def hold_whole(checkpoint: Path, files: Mapping[str, str]) -> None:
    """See that files of a checkpoint are as they were written.

    Raises:
        SpecError: one is missing or differs (E0944).
    """
    for name, want in files.items():
        if Path(name).name != name:
            damaged(checkpoint, f"it lists {name!r:.60}, which lies elsewhere")
        try:
            got = hash_of(checkpoint / name)
        except FileNotFoundError:
            damaged(checkpoint, f"{name} is missing")
        except OSError as error:
            damaged(checkpoint, f"{name} cannot be read: {(error.strerror or str(error)).lower()}")
        if got != want:
            damaged(checkpoint, f"{name} is not as it was written")


def hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of files, by name."""
    return {name: hash_of(folder / name) for name in names}


def hash_of(path: Path) -> str:
    """The SHA-256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # pyright: ignore[reportArgumentType]  # a BinaryIO of open() has readinto


def damaged(checkpoint: Path, what: str) -> NoReturn:
    """Say that a checkpoint is not what was written.

    Raises:
        SpecError: always (E0944).
    """
    match = _NAME.fullmatch(checkpoint.name)
    earlier = [s for s in steps_in(checkpoint.parent) if match and s < int(match["step"])]
    before = str(whole(checkpoint.parent, earlier[-1])) if earlier else ""
    problem = DamagedCheckpoint(checkpoint=str(checkpoint), what=what, before=before)
    raise nowhere(problem) from None


def _text(listed: Listed) -> str:
    """In JSON, with a hash of all the rest."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "step": listed.step,
        "network": dict(listed.network),
        "extra": dict(listed.extra),
        "files": dict(listed.files),
    }
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    data["sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    return json.dumps(data, indent=1)
