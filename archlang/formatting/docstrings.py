"""Documentation moves with its quotes; what it says stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

_QUOTES = '"""'


def moved(text: str, was: int, now: int) -> list[str]:
    """The lines of a docstring whose quotes stood in column `was` and now stand in `now`.

    Lines below the first move along, as far as there is room. Where an escaped tab or line end
    makes what they say depend on where they stand, they stay.
    """
    quotes = text[:3]
    if quotes == "'''" and '"' not in text and "\\" not in text:
        quotes = _QUOTES
    body = text[3:-3]
    if "\\t" in body or "\\\n" in body:
        first, *rest = list(_without_leading_tabs(body.split("\n")))
        by = 0
    else:
        first, *rest = body.expandtabs().split("\n")  # tabs count so in documentation
        by = max(now - was, -min((_margin(line) for line in rest if line.strip()), default=0))
    lines = [first, *(_shifted(line, by) for line in rest)]
    return f"{quotes}{chr(10).join(lines)}{quotes}".split("\n")


def _without_leading_tabs(lines: list[str]) -> Iterator[str]:
    """Lines without tabs before them, which do not go with blanks in other lines."""
    yield lines[0]
    for above, line in pairwise(lines):
        blanks = line[: len(line) - len(line.lstrip(" \t"))]
        goes_on = (len(above) - len(above.rstrip("\\"))) % 2  # what precedes it is its beginning
        spelled = blanks.replace("\t", "\\t") if goes_on else blanks.expandtabs()
        yield spelled + line[len(blanks) :]


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shifted(line: str, by: int) -> str:
    if by >= 0:
        return " " * by + line if line else line
    return line[min(-by, _margin(line)) :]
