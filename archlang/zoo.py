"""The built-in zoo: where its specs lie, and which file defines a network."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NETWORK = re.compile(r"^network\s+([A-Za-z_]\w*)", re.MULTILINE)


@cache
def zoo_folder() -> Path:
    """The folder of the zoo: inside the installed package, or `specs/` of the repository."""
    package = Path(__file__).parent
    installed = package / "specs"
    return installed if installed.is_dir() else package.parent / "specs"


@cache
def zoo() -> dict[str, Path]:
    """Every network of the zoo by name, with the file that declares it."""
    found: dict[str, Path] = {}
    for path in sorted(zoo_folder().glob("*.arch")):
        for name in _NETWORK.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, path)
    return found
