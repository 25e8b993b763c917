"""`archlang ablate`: its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec


class Kind(StrEnum):
    """Kinds of skips."""

    SHORT = "short"
    LONG = "long"
    DENSE = "dense"
    ALL = "all"


class Start(StrEnum):
    """Where a skip starts."""

    Y = "Y"
    Z = "Z"


def ablate(
    spec: Spec,
    kind: Annotated[
        Kind, typer.Option("--skips", help="Which skips are meant.", show_default=False)
    ],
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="PATH", help="Leave those in there alone; repeatable."),
    ] = None,
    operator: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="W",
            help="Give them this W, as scale(0.5), instead of taking them away.",
        ),
    ] = None,
    start: Annotated[
        Start | None,
        typer.Option(
            "--from", help="Let them start at the linear Z before an activation, or at Y = f(Z)."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What to call the new network.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE.arch", help="Write the spec.", show_default="print it"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file.")] = False,
    parameters: Set = None,
    gradients: Annotated[
        bool, typer.Option(" /--no-gradients", help="Leave out the gradients, which take longest.")
    ] = True,
    seeds: Annotated[
        int, typer.Option(min=1, help="So many initialisations for the gradients.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Derive a network without its skips, or with others, and set the two beside each other."""
    from archlang.cli.ablate import ablate_network

    ablate_network(
        spec, kind.value, keep or [], operator, start.value if start else "", name=name, out=out,
        force=force, given=parameters or [], seeds=seeds if gradients else 0, as_json=as_json,
    )  # fmt: skip
