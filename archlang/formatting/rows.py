"""The rows of a formatted text: code, and perhaps a comment behind it."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.formatting.lines import Comment, Line

COLUMNS = 100
"""How wide code may be."""
INDENT = 4


@dataclass(slots=True)
class Row:
    """One line of the outcome."""

    code: str
    comment: Comment | None = None
    ends: Line | None = None
    """The line that ends here."""
