"""`archlang lint`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Specs, or folders that hold some; this folder if none.", show_default=False
    ),
]
Fix = Annotated[bool, typer.Option("--fix", help="Repair what can be repaired for sure.")]
Diff = Annotated[
    bool, typer.Option("--diff", help="With --fix: show what would change, and write nothing.")
]
Select = Annotated[
    str | None,
    typer.Option(
        "--select", metavar="CODES", help="These rules alone: W0501,W0507.", show_default=False
    ),
]
Ignore = Annotated[
    str | None,
    typer.Option("--ignore", metavar="CODES", help="All rules but these.", show_default=False),
]
Rules = Annotated[bool, typer.Option("--rules", help="List the rules.")]
Format = Annotated[
    Literal["text", "json", "github"],
    typer.Option("--format", help="For people, programs, or GitHub.", metavar="text|json|github"),
]


def lint(
    paths: Paths = None,
    fix: Fix = False,
    diff: Diff = False,
    select: Select = None,
    ignore: Ignore = None,
    rules: Rules = False,
    form: Format = "text",
) -> None:
    """Find what is legal in specs, but probably not meant."""
    from archlang.cli.lint import Wanted, lint_files, list_rules

    if rules:
        list_rules()
        return
    if diff and not fix:
        raise typer.BadParameter("--diff shows what --fix would change: use both")
    if not lint_files(paths or [Path()], Wanted.of(select, ignore), form, fix=fix, show=diff):
        raise typer.Exit(1)
