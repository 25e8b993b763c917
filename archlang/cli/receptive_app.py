"""`archlang receptive`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec

At = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="PATH",
        help="A layer or a part, as layer3 or layer3.0.conv1; repeatable. Without it, all stages.",
        show_default=False,
    ),
]
Unit = Annotated[
    str,
    typer.Option("--unit", metavar="UNIT", help="A unit of the map, counted from 0, as 3x4."),
]
Image = Annotated[
    Path | None,
    typer.Option("--image", metavar="FILE", help="Draw over this image.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "-o", "--out", help="A picture: .svg, .pdf or .png.", metavar="FILE", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def receptive(
    spec: Spec,
    at: At = None,
    unit: Unit = "middle",
    image: Image = None,
    out: Out = None,
    as_json: Json = False,
    parameters: Set = None,
) -> None:
    """How much of the input a unit sees: the receptive field of every stage.

    With -o a picture lays the field of one unit of each stage over the input.
    """
    from archlang.cli.receptive import show_fields

    show_fields(spec, parameters or [], tuple(at or ()), unit, image, out, as_json)
