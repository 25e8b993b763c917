"""`archlang new`: its options."""

from __future__ import annotations


def new() -> None:
    """Begin a spec: from a template, or a network of the zoo."""
