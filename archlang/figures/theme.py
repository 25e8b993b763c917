"""Colours and measures of a figure: fills by layer family, strokes by kind of skip."""

from __future__ import annotations

from dataclasses import dataclass, field

from archlang.figures.options import ThemeName

# The colours of Okabe and Ito (2008), which people with any colour vision tell apart.
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"


@dataclass(frozen=True, slots=True)
class Paint:
    """Fill and outline of a box."""

    fill: str
    stroke: str


def _families() -> dict[str, Paint]:
    return {
        "input": Paint("#FFFFFF", "#444444"),
        "unit": Paint("#D6E4F0", BLUE),
        "conv": Paint("#D9EEFB", SKY),
        "linear": Paint("#FBE6BF", ORANGE),
        "pool": Paint("#CDEBE1", GREEN),
        "norm": Paint("#FBF8CC", "#B5A800"),
        "activation": Paint("#FADDCB", VERMILION),
        "regular": Paint("#EDEDED", "#888888"),
        "shape": Paint("#EDEDED", "#888888"),
        "merge": Paint("#FFFFFF", "#222222"),
        "skip": Paint("#F6E3EE", PURPLE),
    }


@dataclass(frozen=True, slots=True)
class Theme:
    """All that a figure's look depends on; lengths in points."""

    families: dict[str, Paint] = field(default_factory=_families)
    skips: dict[str, str] = field(
        default_factory=lambda: {"short": VERMILION, "long": BLUE, "dense": "#A8417F"}
    )
    ink: str = "#1A1A1A"
    faint: str = "#555555"
    line: str = "#444444"
    paper: str = "#FFFFFF"
    stage: str = "#F4F4F1"
    frame: str = "#C9C9C4"
    accent: str = VERMILION
    """Of what is to catch the eye."""
    faded: float = 0.72
    """How much of the paper's colour is mixed into what steps back."""

    def dimmed(self, colour: str) -> str:
        """A colour mixed with the paper's."""
        return _mixed(colour, self.paper, self.faded) if colour else ""


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


THEMES: dict[ThemeName, Theme] = {"light": Theme(), "dark": Theme(), "print": Theme()}

FONT_STACK = ("Helvetica", "Arial", "DejaVu Sans", "sans-serif")
"""Fonts that text is written in, the first that is there; boxes are made for the widest of them."""

FAMILY_NAMES = {
    "unit": "block",
    "conv": "convolution",
    "linear": "fully connected",
    "pool": "pooling",
    "norm": "normalisation",
    "activation": "activation",
    "regular": "regularisation",
    "shape": "reshaping",
    "skip": "matching W",
}
"""What the legend calls the families that need an explanation."""

TITLE, SMALL, HEADING = 12.0, 10.5, 18.0
"""Font sizes: what a box is, what stands with it, and the figure's heading."""

LEADING = 1.25
"""Distance of lines of text, in font sizes."""
