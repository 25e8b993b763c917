"""`archlang explain-gradient`: its options."""

from __future__ import annotations

from archlang.cli.common_options import Spec


def explain_gradient(spec: Spec) -> None:
    """To be written."""
    raise NotImplementedError
