"""`archlang paths`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec


def paths(
    spec: Spec,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="LAYER",
            help="The layer whose paths are shown by their length, without the rows of the others.",
            show_default="the first weighted one",
        ),
    ] = None,
    factor: Annotated[
        float | None,
        typer.Option(
            "--factor",
            metavar="A",
            help="Weigh a path of length k by A to the k: every layer multiplies a gradient by A.",
        ),
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="With the outputs `when training` in the loss.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A plot of the lengths: .svg, .pdf, .png.")
    ] = None,
    parameters: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Count the paths from the loss to every layer: how many, and how long they are."""
    from archlang.cli.paths import show_paths

    show_paths(
        spec, parameters or [], to=to, factor=factor, training=training, out=out, as_json=as_json
    )
