"""`archlang fmt`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Specs, or folders that hold some; - reads stdin. Without any, this folder.",
        show_default=False,
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit code 1 if a file would change.")
]
Diff = Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Write W@x instead of W∘x.")]


def fmt(
    paths: Paths = None, check: Check = False, diff: Diff = False, at_sign: Ascii = False
) -> None:
    """Format specs: one style, no options."""
    from archlang.cli.fmt import format_files, format_stdin

    given = paths or [Path()]
    if Path("-") not in given:
        fine = format_files(given, check=check, diff=diff, at_sign=at_sign)
    elif len(given) == 1:
        fine = format_stdin(check=check, diff=diff, at_sign=at_sign)
    else:
        raise typer.BadParameter("- stands alone: stdin goes to stdout", param_hint="PATHS")
    if not fine:
        raise typer.Exit(1)
