"""`archlang summary`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec


def summary(
    spec: Spec,
    parameters: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show every layer of a network with its shape, parameters and MACs."""
    from archlang.cli.commands import summarise_network

    summarise_network(spec, parameters or [], as_json)
