"""What can go wrong with a figure."""

from __future__ import annotations


class DrawingError(RuntimeError):
    """A figure cannot be drawn; the text says in one line why, and what helps."""
