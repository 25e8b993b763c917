"""Opening inputs, which are regular files, and writing outputs: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

Content: TypeAlias = str | bytes | Iterable[bytes | memoryview]
"""Text, bytes, or pieces that are made while they are written, so that they need never be in memory
all at once."""


class OutputError(OSError):
    """A file that cannot be written; its text says which and why."""


class NotRegularError(OSError):
    """What was to be read is a pipe or a device."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read its bytes.

    Raises:
        IsADirectoryError, NotRegularError: it is no regular file: opening a pipe would wait until
            somebody writes to it, and a device may never end.
        OSError: it is not there, or may not be read.
        ValueError: its name holds what no name may.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        why = "it is no regular file but a pipe or a device"
        raise NotRegularError(errno.EINVAL, why, str(path))
    return path.open("rb")


def write_all(contents: Mapping[Path, Content]) -> None:
    """Write files so that all of them are there in full, or none.

    Each is first written beside its target, then all are moved into place. So it is, too, if what
    makes the pieces of a content fails.

    Missing folders are made below the current one; elsewhere the last of a path alone, and none at
    the root: a path that is mistyped leaves no folders behind.

    Raises:
        OutputError: a file cannot be written; what was there before is as it was.
    """
    waiting: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            target = path.resolve()  # a link is followed, not replaced
            if target.is_dir():
                raise OutputError(f"cannot write {path}: it is a folder")
            make_folder(target.parent)
            waiting[target] = _beside(target)
            with waiting[target].open("xb") as file:
                file.writelines(_pieces(content))
        for path, aside in waiting.items():
            _hold_mode(path, aside)
        for path, aside in waiting.items():
            aside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from None
    finally:
        for aside in waiting.values():
            with suppress(OSError):
                aside.unlink()


def make_folder(folder: Path) -> None:
    """Make what is missing of a folder's absolute path, as `write_all` does.

    Raises:
        FileNotFoundError: more of the path is missing than may be made.
        OSError: it cannot be made.
    """
    if _missing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def hold_place(folder: Path) -> None:
    """Find out whether files can be written into a folder, or one that `make_folder` would make;
    by writing an empty one, which is removed again.

    Raises:
        FileNotFoundError: more of the path is missing than may be made.
        OSError: nothing can be written there.
    """
    folder = folder.resolve()
    missing = _missing(folder)
    probe = _beside((missing[-1].parent if missing else folder) / "archlang")
    probe.open("xb").close()
    probe.unlink()


def _missing(folder: Path) -> list[Path]:
    """The folders of a path that are not there, the last one first.

    Raises:
        FileNotFoundError: more of them than may be made.
    """
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    if not missing:
        return missing
    top = missing[-1]
    is_last = top == folder and len(top.parent.parts) > 1
    if not is_last and not folder.is_relative_to(Path.cwd()):
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {top}", str(folder))
    return missing


def _pieces(content: Content) -> Iterable[bytes | memoryview]:
    match content:
        case str():
            return (content.encode(),)
        case bytes():
            return (content,)
        case _:
            return content


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")


def _hold_mode(target: Path, aside: Path) -> None:
    """A file that is replaced keeps its permissions; one that may not be written stays.

    Raises:
        PermissionError: the target is there and write-protected.
    """
    if not target.exists():
        return
    if not os.access(target, os.W_OK):
        raise PermissionError(13, os.strerror(13), str(target))
    aside.chmod(target.stat().st_mode & 0o777)


def reason(error: OSError) -> str:
    """Why a file cannot be written, for a message."""
    match error:
        case FileExistsError() | NotADirectoryError():
            return "a part of the path is a file, not a folder"
        case _:
            return (error.strerror or str(error)).lower()
