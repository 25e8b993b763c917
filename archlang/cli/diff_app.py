"""`archlang diff`: its options."""

from __future__ import annotations


def diff() -> None:
    """Compare two networks: layers, shapes, parameters, MACs."""
