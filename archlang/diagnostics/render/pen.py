"""The colours of rendered text: ANSI codes written by hand, so that nothing need be imported."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Style(Enum):
    """What a piece of text is; the value is its ANSI code."""

    PLAIN = ""
    BOLD = "1"
    ERROR = "1;31"
    WARNING = "1;33"
    FRAME = "1;34"
    SECONDARY = "1;36"
    ADDED = "32"
    REMOVED = "31"


class Pen(NamedTuple):
    """Writes in colour, or not."""

    colour: bool = False

    def __call__(self, text: str, style: Style) -> str:
        """The text in a style."""
        if not (self.colour and style.value and text):
            return text
        return f"\x1b[{style.value}m{text}\x1b[0m"
