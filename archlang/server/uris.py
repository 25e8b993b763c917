"""Addresses as editors write them, and files: blanks, umlauts and drive letters included."""

from __future__ import annotations

from pathlib import Path

from pygls.uris import from_fs_path, to_fs_path


def path_of(uri: str) -> Path | None:
    """The file of an address; None for a text that lies nowhere (`untitled:…`)."""
    try:
        path = to_fs_path(uri)
        return Path(path).resolve() if path else None
    except (OSError, ValueError):
        return None


def uri_of(path: Path) -> str:
    """The address of a file."""
    return from_fs_path(str(path)) or ""


def name_of(uri: str) -> str:
    """What diagnostics call the text of an address."""
    path = path_of(uri)
    return uri if path is None else str(path)
