"""Receptive fields: how much of the input a unit of each tensor sees, and where."""

from __future__ import annotations

from archlang.analysis.receptive.field import Field
from archlang.analysis.receptive.follow import (
    last_with_a_place,
    receptive_field,
    receptive_fields,
)

__all__ = ["Field", "last_with_a_place", "receptive_field", "receptive_fields"]
