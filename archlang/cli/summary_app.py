"""`archlang summary`: its options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec


class Rows(StrEnum):
    """What the rows of a summary are."""

    LAYER = "layer"
    BLOCK = "block"
    STAGE = "stage"


class Order(StrEnum):
    """What they can be sorted by."""

    PARAMS = "params"
    MACS = "macs"
    MEMORY = "memory"
    FIELD = "field"


class Form(StrEnum):
    """How they are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


def summary(
    spec: Spec,
    by: Annotated[
        Rows | None, typer.Option("--by", help="What a row is.", show_default="layer")
    ] = None,
    sort: Annotated[
        Order | None,
        typer.Option("--sort", help="The greatest first.", show_default="as in the network"),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", metavar="N", min=1, help="The first N rows alone.")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch",
            metavar="N",
            min=1,
            help="Measure the memory of the activations of N samples.",
        ),
    ] = None,
    flops: Annotated[
        bool,
        typer.Option("--flops", help="What torchinfo, fvcore, ptflops and torch would print."),
    ] = False,
    form: Annotated[
        Form | None, typer.Option("--format", help="How to write it.", show_default="table")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    parameters: Set = None,
) -> None:
    """Show a network with shapes, receptive fields, parameters, MACs and memory."""
    from archlang.cli.summary import Wanted, summarise_network

    if as_json and form not in (None, Form.JSON):
        raise typer.BadParameter(f"--json and --format {form} contradict each other")
    wanted = Wanted(
        by=by.value if by else None,
        sort=sort.value if sort else None,
        top=top,
        batch=batch,
        flops=flops,
        form="json" if as_json else (form or Form.TABLE).value,
    )
    summarise_network(spec, parameters or [], wanted)
