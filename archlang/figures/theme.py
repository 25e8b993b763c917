"""Colours and measures of a figure: fills by layer family, strokes by kind of skip."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.figures.options import ThemeName


@dataclass(frozen=True, slots=True)
class Paint:
    """Fill and outline of a box."""

    fill: str
    stroke: str
    width: float = 1.1
    """Of the outline, in points."""


@dataclass(frozen=True, slots=True)
class Theme:
    """All that a figure's look depends on; lengths in points.

    Families and kinds of skip differ for readers of any colour vision: the hues are those of
    Okabe and Ito (2008), and where two of them look alike to someone their lightness differs.
    """

    families: dict[str, Paint]
    skips: dict[str, str]
    ink: str
    faint: str
    line: str
    paper: str
    stage: str
    """The ground under a stage or a unit drawn open."""
    frame: str
    accent: str
    """Of what is to catch the eye."""
    marker: str
    """What lies under parts that differ from another network, as if drawn with a text marker."""
    faded: float = 0.72
    """How much of the paper's colour is mixed into what steps back."""

    def dimmed(self, colour: str) -> str:
        """A colour mixed with the paper's."""
        return mixed(colour, self.paper, self.faded) if colour else ""


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share of another in it."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


LIGHT = Theme(
    families={
        "input": Paint("#FFFFFF", "#444444"),
        "unit": Paint("#DDDFF5", "#3D3F99"),
        "conv": Paint("#D6EEFB", "#2583B8"),
        "linear": Paint("#FDEDBF", "#AD7F00"),
        "pool": Paint("#C3E6D6", "#006346"),
        "norm": Paint("#FBF8CC", "#857B00"),
        "activation": Paint("#F8D3C1", "#A83A00"),
        "regular": Paint("#EDEDED", "#767676"),
        "shape": Paint("#EDEDED", "#767676"),
        "merge": Paint("#FFFFFF", "#222222"),
        "skip": Paint("#F7DFEC", "#A8417F"),
    },
    skips={"short": "#B84A00", "long": "#0062A3", "dense": "#8F1D6B"},
    ink="#1A1A1A",
    faint="#4D4D4D",
    line="#444444",
    paper="#FFFFFF",
    stage="#F3F3F0",
    frame="#C9C9C4",
    accent="#D1002F",
    marker="#FFE04D",
)

DARK = Theme(
    families={
        "input": Paint("#16191D", "#A3AAB1"),
        "unit": Paint("#2B2C6B", "#8688EA"),
        "conv": Paint("#17495F", "#79CBF2"),
        "linear": Paint("#5E4606", "#F5C749"),
        "pool": Paint("#0A4636", "#17A67C"),
        "norm": Paint("#4A450C", "#DCD03C"),
        "activation": Paint("#5A2410", "#E56A35"),
        "regular": Paint("#33383E", "#9AA0A6"),
        "shape": Paint("#33383E", "#9AA0A6"),
        "merge": Paint("#16191D", "#F4F4F1"),
        "skip": Paint("#552647", "#E391C3"),
    },
    skips={"short": "#FF9A3D", "long": "#6CC3FF", "dense": "#D964B8"},
    ink="#F4F4F1",
    faint="#C3C8CE",
    line="#A3AAB1",
    paper="#16191D",
    stage="#21262C",
    frame="#4B525A",
    accent="#FF5470",
    marker="#665200",
)

# For printers that know black and white alone: greys far apart, and outlines of different weight.
PRINT = Theme(
    families={
        "input": Paint("#FFFFFF", "#333333"),
        "unit": Paint("#E4E4E4", "#000000", 1.9),
        "conv": Paint("#FFFFFF", "#333333"),
        "linear": Paint("#CFCFCF", "#333333"),
        "pool": Paint("#BABABA", "#333333"),
        "norm": Paint("#F1F1F1", "#333333"),
        "activation": Paint("#A5A5A5", "#333333"),
        "regular": Paint("#FFFFFF", "#808080"),
        "shape": Paint("#FFFFFF", "#808080"),
        "merge": Paint("#FFFFFF", "#000000"),
        "skip": Paint("#FFFFFF", "#000000", 2.4),
    },
    skips={"short": "#000000", "long": "#000000", "dense": "#000000"},
    ink="#000000",
    faint="#262626",
    line="#6B6B6B",
    paper="#FFFFFF",
    stage="#F4F4F4",
    frame="#999999",
    accent="#000000",
    marker="#C4C4C4",
)

THEMES: dict[ThemeName, Theme] = {"light": LIGHT, "dark": DARK, "print": PRINT}

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
