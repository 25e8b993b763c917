"""Where the parser's tables are kept between runs: the user's own cache folder, never a shared."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import lark


def cache_folder() -> Path:
    """The folder for this user's caches, as the platform has it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "archlang"


def parser_cache() -> str | bool:
    """A file name for lark's tables; False where none can be written.

    The tables are a pickle, so they lie where only this user writes.
    """
    here = Path(__file__).parent
    made_of = b"".join((here / name).read_bytes() for name in ("arch.lark", "boundaries.py"))
    key = hashlib.sha256(made_of + lark.__version__.encode()).hexdigest()[:16]
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        return False
    if not os.access(folder, os.W_OK):
        return False
    return str(folder / f"parser-{key}-py{sys.version_info[0]}{sys.version_info[1]}.pickle")
