"""What a figure is asked to be: what it shows, in which look, and where it has to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from archlang.diagnostics.suggest import closest
from archlang.figures.errors import DrawingError

ViewName = Literal["overview", "blocks", "layers"]
StyleName = Literal["flat", "volume"]
ThemeName = Literal["light", "dark", "print"]
FitName = Literal["16:9", "4:3", "a4", "column"]


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a figure has to fit; lengths in points."""

    name: FitName
    page: tuple[float, float]
    """A slide or sheet."""
    room: tuple[float, float]
    """What the figure may take of it."""
    readable: float
    """Size of the smallest text that can be read there."""
    narrowest: float
    widest: float
    """Between which ratios of width to height the figure stays."""


FITS: dict[FitName, Fit] = {
    "16:9": Fit("16:9", (960, 540), (960, 540), 10, 1.0, 2.4),
    "4:3": Fit("4:3", (720, 540), (720, 540), 10, 0.8, 2.0),
    "a4": Fit("a4", (595, 842), (453, 700), 7, 0.5, 2.0),
    "column": Fit("column", (252, 700), (252, 640), 7, 0.35, 1.6),
}
"""Slides of 13.33 × 7.5 in and 10 × 7.5 in, the text of an A4 page, one column of a paper."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to draw a network.

    view: *overview* folds every unit; *blocks* unfolds each distinct one once, in an inset;
    *layers* shows everything. focus: a block, or the path of a unit, to be drawn alone. depth: how
    many levels of units are open; None: as many as the view wants. fit: where the figure goes.
    style: *volume* draws tensors as boxes in space. highlight: paths of parts to be accented.
    opened, closed: paths of single units that are open, or folded, whatever the depth.

    Raises:
        DrawingError: there is no such view, style, theme or fit.
    """

    view: ViewName = "blocks"
    focus: str = ""
    depth: int | None = None
    fit: FitName = "16:9"
    style: StyleName = "flat"
    theme: ThemeName = "light"
    highlight: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, known in (
            ("view", ViewName), ("style", StyleName), ("theme", ThemeName), ("fit", FitName),
        ):  # fmt: skip
            _one_of(name, getattr(self, name), get_args(known))
        if not (self.depth is None or (_is(self.depth, int) and self.depth >= 0)):
            raise DrawingError(f"a depth of {self.depth!r} is no number of levels; 0 opens no unit")
        if not _is(self.focus, str):
            raise DrawingError(f"a focus is the name of a block or a path, not {self.focus!r}")
        for name in ("highlight", "opened", "closed"):
            _hold_paths(name, getattr(self, name))

    @property
    def place(self) -> Fit:
        """Where the figure has to fit."""
        return FITS[self.fit]


def _is(value: object, kind: type) -> bool:
    """What comes from Python may be of any type."""
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _hold_paths(name: str, given: object) -> None:
    if not (
        isinstance(given, tuple)
        and all(_is(path, str) for path in cast("tuple[object, ...]", given))
    ):
        what = "a highlight" if name == "highlight" else f"what is to be {name}"
        raise DrawingError(f"{what} is a path such as layer3, not {given!r}")


def _one_of(name: str, given: object, known: tuple[str, ...]) -> None:
    if given not in known:
        near = closest(str(given), known)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
        raise DrawingError(f"there is no {name} {given!r}; {hint}")
