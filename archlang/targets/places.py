"""Whether files can be written where they shall be, found out before anything long is done."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from archlang.files import OutputError


def hold_writable(paths: Iterable[Path]) -> None:
    """
    Raises:
        OutputError: one of them cannot be written, as far as can be told without writing.
    """
    for path in paths:
        if why := _obstacle(path):
            raise OutputError(f"cannot write {path}: {why}")


def _obstacle(path: Path) -> str:
    try:
        target = path.resolve()
        if target.is_dir():
            return "it is a folder"
        if target.exists():
            return "" if os.access(target, os.W_OK) else "permission denied"
        there = next(folder for folder in target.parents if folder.exists())
        if not there.is_dir():
            return "a part of the path is a file, not a folder"
        # the last folder of a path is made, and below the current one all of them are
        missing = len(target.parent.parts) - len(there.parts)
        if missing > 1 and not target.is_relative_to(Path.cwd()):
            return f"there is no folder {target.parent.parent}"
    except (OSError, RuntimeError) as error:
        return str(getattr(error, "strerror", None) or error).lower()
    return "" if os.access(there, os.W_OK | os.X_OK) else "permission denied"
