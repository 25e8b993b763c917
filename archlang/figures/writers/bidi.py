"""Right-to-left scripts in the order and the forms they are drawn in, for formats that do not know.

What is read from right to left is a run of Hebrew or Arabic letters with the numbers after them
and what stands between; lines of a figure begin at the left. This is the part of the Unicode
bidirectional algorithm (UAX #9) that a line of text without nested directions needs, but for its
rule on pairs of brackets (N0).
"""

from __future__ import annotations

from functools import cache
from itertools import groupby, pairwise
from unicodedata import bidirectional, combining, decomposition

_FORMS = ("isolated", "final", "initial", "medial")
_DECIMALS = {("EN", "CS", "EN"), ("EN", "ES", "EN"), ("AN", "CS", "AN")}
"""A comma or a sign between digits belongs to the number."""
_MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))


def visual(text: str) -> str:
    """A line with its characters from left to right, Arabic letters as they join each other."""
    if not any(bidirectional(char) in ("R", "AL") for char in text):
        return text
    shaped = _shaped(text)
    runs = groupby(zip(_levels(shaped), shaped, strict=True), key=lambda pair: pair[0] > 0)
    return "".join(
        _leftward(list(run)) if leftward else "".join(char for _, char in run)
        for leftward, run in runs
    )


def _levels(text: str) -> list[int]:
    """For each character: 0, 1 if it is read to the left, 2 if it is a number within that."""
    kinds = _kinds(text)
    levels: list[int] = []
    strong = "L"
    for i, kind in enumerate(kinds):
        strong = kind if kind in ("L", "R", "AL") else strong
        if kind == "EN" and strong == "AL":
            kinds[i] = "AN"
        number = strong != "L" and kind in ("EN", "AN")
        levels.append(2 if number else int(kind in ("R", "AL")))
    for left, right in pairwise([i for i, level in enumerate(levels) if level]):
        if "L" not in kinds[left + 1 : right]:
            inner = 2 if tuple(kinds[left : right + 1]) in _DECIMALS else 1
            levels[left + 1 : right] = [inner] * (right - left - 1)
    return levels


def _kinds(text: str) -> list[str]:
    """The bidirectional type of each character; a mark's is that of its letter."""
    kinds: list[str] = []
    for char in text:
        kind = bidirectional(char)
        kinds.append(kinds[-1] if kind == "NSM" and kinds else kind)
    return kinds


def _leftward(run: list[tuple[int, str]]) -> str:
    """A run turned around, but not the numbers in it; marks stay behind their letters."""
    units: list[str] = []
    before = 0
    for level, char in run:
        if units and (combining(char) or level == before == 2):
            units[-1] += char
        else:
            units.append(_MIRRORED.get(char, char))
        before = level
    return "".join(reversed(units))


def _shaped(text: str) -> str:
    """Arabic letters in the forms in which they join their neighbours."""
    joins = _joining()
    for letters in (key for key in joins if len(key) == 2):  # Lam and Alef are written as one
        text = text.replace(letters, joins[letters]["isolated"])
    letters = [i for i, char in enumerate(text) if not combining(char)]
    shaped = list(text)
    for before, here, after in zip([None, *letters], letters, [*letters[1:], None], strict=False):
        forms = joins.get(text[here], {})
        joined = before is not None and "initial" in joins.get(text[before], {})
        joining = after is not None and "final" in joins.get(text[after], {})
        form = _FORMS[2 * (joining and "initial" in forms) + (joined and "final" in forms)]
        shaped[here] = forms.get(form, text[here])
    return "".join(shaped)


@cache
def _joining() -> dict[str, dict[str, str]]:
    """Arabic letter → form → the character that is that form; Lam with Alef is a letter, too."""
    found: dict[str, dict[str, str]] = {}
    for code in [*range(0xFB50, 0xFBB2), *range(0xFBD3, 0xFBEA), *range(0xFE80, 0xFEFD)]:
        form, _, plain = decomposition(chr(code)).partition(" ")
        letters = "".join(chr(int(part, 16)) for part in plain.split())
        if form.strip("<>") in _FORMS:
            found.setdefault(letters, {})[form.strip("<>")] = chr(code)
    ligatures = [forms for letters, forms in found.items() if len(letters) == 2]
    return found | {forms["isolated"]: forms for forms in ligatures}
