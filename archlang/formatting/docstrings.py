"""Documentation moves with its quotes; what it says stays as it is."""

from __future__ import annotations

from archlang.syntax.indentation import width_of


def moved(text: str, was: int, now: int) -> list[str]:
    """The lines of a docstring whose quotes stood in column `was` and now stand in `now`.

    Lines below the first move along, as far as there is room. Where a tab or an escaped line end
    makes what they say depend on where they stand, they stay.
    """
    quotes = '"""'
    if text.startswith("'''") and '"' not in text and "\\" not in text:
        text = f"{quotes}{text[3:-3]}{quotes}"
    first, *rest = text.split("\n")
    if "\t" in text or "\\t" in text or "\\\n" in text:
        return [first, *rest]
    margins = [width_of(line) - width_of(line.lstrip(" ")) for line in rest if line.strip()]
    by = max(now - was, -min(margins, default=0))
    return [first, *(_shifted(line, by) for line in rest)]


def _shifted(line: str, by: int) -> str:
    if by >= 0:
        return " " * by + line if line else line
    return line[min(-by, len(line) - len(line.lstrip(" "))) :]
