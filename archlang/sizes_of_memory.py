"""Amounts of memory as people write them: `8GB`, `512MiB`."""

from __future__ import annotations

import re
from fractions import Fraction
from types import MappingProxyType

_POWERS = "KMGTP"
UNITS = MappingProxyType(
    {"B": 1}
    | {f"{letter}B": 1000**power for power, letter in enumerate(_POWERS, start=1)}
    | {f"{letter}iB": 1024**power for power, letter in enumerate(_POWERS, start=1)}
)
"""How many bytes a unit is: GB are 1000³ bytes, GiB 1024³."""
_BY_LETTERS = {unit.upper(): size for unit, size in UNITS.items()}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z]*)\s*", re.ASCII)
_LONGEST = 40
"""Letters that an amount may have; a longer one is shown in part and refused."""


def parse_bytes(text: str) -> int:
    """How many bytes an amount of memory is: 8000000000 for `8GB`, 8589934592 for `8GiB`.

    Capital or small letters, a decimal point and blanks in between are all right; the part of a
    byte that a fraction leaves is cut off.

    Raises:
        ValueError: it is no amount of at least one byte, or lacks its unit; the text says which.
    """
    found = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise ValueError(f"{shown!r} is no amount of memory; write one such as 8GB or 512MiB")
    number, unit = found.groups()
    if not unit:
        raise ValueError(f"{text.strip()} of what? add the unit: {number}GB, or {number}MiB")
    size = _BY_LETTERS.get(unit.upper())
    if size is None:
        raise ValueError(f"there is no unit {unit!r}; the units are {', '.join(UNITS)}")
    amount = int(Fraction(number) * size)
    if amount < 1:
        raise ValueError(f"{text.strip()} is less than a byte; write an amount such as 8GB")
    return amount


def bytes_text(amount: int) -> str:
    """An amount of bytes in decimal units, to three figures: `7.41 GB`."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if amount < 999.5 * UNITS[unit]:
            break
    else:
        unit = "PB"
    return f"{amount}\u00a0B" if unit == "B" else f"{_rounded(amount / UNITS[unit])}\u00a0{unit}"


def _rounded(number: float) -> str:
    """At least three figures, and all of those before the point."""
    return f"{number:.3g}" if number < 999.5 else f"{number:.0f}"
