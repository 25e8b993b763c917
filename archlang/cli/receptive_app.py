"""`archlang receptive`: its options."""

from __future__ import annotations

from archlang.cli.common_options import Spec


def receptive(spec: Spec) -> None:
    """To be written."""
    raise NotImplementedError
