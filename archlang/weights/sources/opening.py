"""A file of weights, opened, or told why it cannot be: it is missing, a folder, a pipe, …"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import BinaryIO

from archlang.diagnostics.model import SpecError
from archlang.diagnostics.suggest import closest
from archlang.files import NotRegularError, open_regular
from archlang.weights.sources.refusals import in_one_line, unreadable

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".pt2")
"""What files of weights are called."""

_NEIGHBOURS = 2000
"""Files of a folder that are looked at for a suggestion."""


def opened(path: Path, shown: str) -> BinaryIO:
    """The file, to read its bytes.

    Raises:
        SpecError: there is no such file, it is none, or it may not be read (E0707).
    """
    try:
        return open_regular(path)
    except IsADirectoryError:
        raise _a_folder(path, shown) from None
    except NotRegularError:
        raise unreadable(shown, "it is no file but a device or a pipe", "pass a file") from None
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(path, shown) from None
    except PermissionError:
        raise unreadable(shown, "permission denied", f"allow it: chmod u+r {shown}") from None
    except (OSError, ValueError) as error:  # a name too long, or with a character of no name
        reason = error.strerror if isinstance(error, OSError) else None
        raise unreadable(shown, (reason or in_one_line(error)).lower(), "pass a file") from None


def _a_folder(path: Path, shown: str) -> SpecError:
    names = sorted(p.name for p in _neighbours(path) if p.suffix in SUFFIXES)
    way = f"pass the file in it: {path / names[0]}" if names else "pass a file"
    return unreadable(shown, "it is a folder", way)


def _missing(path: Path, shown: str) -> SpecError:
    """There is no such file; one of nearly that name may be meant."""
    folder = path.parent
    if not folder.is_dir():
        return unreadable(shown, "there is no such file", f"there is no folder {folder} either")
    names = [p.name for p in _neighbours(folder)]
    alike = sorted(names, key=lambda name: (not name.endswith(path.suffix or SUFFIXES), name))
    if near := closest(path.name, alike):
        return unreadable(shown, "there is no such file", f"did you mean {folder / near}?")
    return unreadable(shown, "there is no such file", f"look at what is in {folder.resolve()}")


def _neighbours(folder: Path) -> list[Path]:
    """What is in a folder, as far as it may be looked into."""
    try:
        return list(islice(folder.iterdir(), _NEIGHBOURS))
    except OSError:
        return []
