"""Colours and measures of a figure: fills by layer family, strokes by kind of skip."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    fonts: str = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


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
