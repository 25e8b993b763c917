"""Right-to-left scripts in the order and the forms they are drawn in, for formats that do not know.

What is read from right to left is a run of Hebrew or Arabic letters with the spaces and numbers
between them; lines of a figure begin at the left. This is the part of the Unicode bidirectional
algorithm (UAX #9) that a line of text without nested directions needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby, pairwise
from unicodedata import bidirectional, combining, decomposition, mirrored

_FORMS = ("isolated", "final", "initial", "medial")


def ordered(text: str) -> Iterator[tuple[str, str]]:
    """A line as pieces from left to right: as drawn, and as read where that is different."""
    levels = _levels(text)
    pieces = groupby(zip(levels, text, strict=True), key=lambda pair: pair[0] > 0)
    for leftward, pairs in pieces:
        run = list(pairs)
        read = "".join(char for _, char in run)
        if leftward:
            yield _leftward(_shaped(read), [level for level, _ in run]), read
        else:
            yield read, ""


def _levels(text: str) -> list[int]:
    """For each character: 0, 1 if it is read to the left, 2 if it is a number within that."""
    levels = [{"R": 1, "AL": 1, "AN": 2, "NSM": 1}.get(bidirectional(c), 0) for c in text]
    letters = [i for i, level in enumerate(levels) if level == 1]
    for left, right in pairwise(letters):
        between = [bidirectional(c) for c in text[left + 1 : right]]
        if "L" not in between:
            levels[left + 1 : right] = [2 if c in ("EN", "AN") else 1 for c in between]
    return levels


def _leftward(shaped: str, levels: list[int]) -> str:
    """A run turned around, but not the numbers in it; marks stay behind their letters."""
    units: list[str] = []
    before = 0
    for char, level in zip(shaped, levels, strict=True):
        if units and (combining(char) or level == before == 2):
            units[-1] += char
        else:
            units.append(_mirror(char))
        before = level
    return "".join(reversed(units))


def _mirror(char: str) -> str:
    """A bracket that opens is drawn as one that closes."""
    pairs = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))
    return pairs.get(char, char) if mirrored(char) else char


def _shaped(text: str) -> str:
    """Arabic letters in the forms in which they join their neighbours."""
    joins = _joining()
    shaped: list[str] = []
    for i, char in enumerate(text):
        forms = joins.get(char, {})
        before = any("initial" in joins.get(c, {}) for c in _next(text[:i][::-1]))
        after = any("final" in joins.get(c, {}) for c in _next(text[i + 1 :]))
        form = _FORMS[2 * (after and "initial" in forms) + (before and "final" in forms)]
        shaped.append(forms.get(form, char))
    return "".join(shaped)


def _next(text: str) -> str:
    """The first character that is no mark upon another."""
    return next((char for char in text if not combining(char)), "")


@cache
def _joining() -> dict[str, dict[str, str]]:
    """Arabic letter → form → the character that is that form."""
    found: dict[str, dict[str, str]] = {}
    for code in [*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF)]:
        form, _, plain = decomposition(chr(code)).partition(" ")
        if form.strip("<>") in _FORMS and len(plain) == 4:
            found.setdefault(chr(int(plain, 16)), {})[form.strip("<>")] = chr(code)
    return found
