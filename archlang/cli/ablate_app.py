"""`archlang ablate`: its options."""

from __future__ import annotations

from archlang.cli.common_options import Spec


def ablate(spec: Spec) -> None:
    """To be written."""
    raise NotImplementedError
