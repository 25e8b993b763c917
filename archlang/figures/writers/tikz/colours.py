"""Names for the colours of scenes, the theme's own where it has one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from archlang.figures.theme import THEMES, Theme

_PREFIX = "arch"


class Colours:
    """The colours that are in use, each with a name for LaTeX; `paper` tells the theme."""

    def __init__(self, paper: str) -> None:
        self._known: dict[str, str] = {}
        self._families: dict[tuple[str, str], str] = {}
        self._used: dict[str, str] = {}
        """Name → colour."""
        for theme in sorted(THEMES.values(), key=lambda theme: theme.paper != paper):
            for colour, name in _named(theme):
                self._known.setdefault(colour.upper(), name)
            for family, paint in theme.families.items():
                self._families.setdefault((paint.fill, paint.stroke), family)

    def __getitem__(self, colour: str) -> str:
        """The name that stands in the file for a colour given as #RRGGBB."""
        return self.called(self.plain(colour), colour)

    def called(self, name: str, colour: str) -> str:
        """The same, with a name of its own: what is alike by chance can be changed alone."""
        name = _PREFIX + name.replace(" ", "")
        return name if self._used.setdefault(name, colour) == colour else self[colour]

    def plain(self, colour: str) -> str:
        """What the theme calls a colour, else its digits."""
        return self._known.get(colour.upper(), colour.removeprefix("#").lower())

    def family(self, fill: str, stroke: str) -> str:
        """What the theme paints so, else the name of the colour."""
        return self._families.get((fill, stroke)) or self.plain(fill or stroke)

    def definitions(self) -> Iterator[tuple[str, str]]:
        """What was used: the names with the lines that define them."""
        for name, colour in self._used.items():
            digits = colour.removeprefix("#").upper()
            yield name, rf"\definecolor{{{name}}}{{HTML}}{{{digits}}}"


def _named(theme: Theme) -> Iterator[tuple[str, str]]:
    """The colours of a theme with their names, then how they are where they step back."""
    plain = [*_colours(theme)]
    yield from plain
    yield from ((theme.dimmed(colour), f"{name} dim") for colour, name in plain)


def _colours(theme: Theme) -> Iterator[tuple[str, str]]:
    """Families come before what takes its colour from them."""
    plain = {f.name: getattr(theme, f.name) for f in fields(theme)}
    accent = plain.pop("accent", "")
    yield from ((c, name) for name, c in plain.items() if isinstance(c, str) and c[:1] == "#")
    for family, paint in theme.families.items():
        yield paint.fill, family
        yield paint.stroke, f"{family} line"
    yield from ((colour, kind) for kind, colour in theme.skips.items())
    if accent:
        yield accent, "accent"
