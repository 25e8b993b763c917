"""`archlang sizes`: its options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from archlang.cli.common_options import Set, Spec

Near = Annotated[
    str | None,
    typer.Option(
        "--near",
        metavar="SIZE",
        help="The legal sizes next to this one: 570, or 570x600; of several inputs 570,285.",
        show_default=False,
    ),
]
Upto = Annotated[
    int | None,
    typer.Option("--upto", metavar="N", help="List all legal sizes up to N.", show_default=False),
]
Format = Annotated[
    Literal["text", "json"], typer.Option("--format", help="How to say it.", metavar="text|json")
]


def sizes(
    spec: Spec,
    near: Near = None,
    upto: Upto = None,
    form: Format = "text",
    parameters: Set = None,
) -> None:
    """Find the input sizes that a network takes, and what comes out of them."""
    from archlang.cli.sizes import show_sizes

    show_sizes(spec, parameters or [], near, upto, form)
