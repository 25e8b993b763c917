"""`archlang gradients`: its options."""

from __future__ import annotations

from archlang.cli.common_options import Spec


def gradients(spec: Spec) -> None:
    """To be written."""
    raise NotImplementedError
