"""`archlang diff`: its options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

_HELP = (
    "A name of the zoo, a file, net.arch:Net, or one of a git revision as HEAD~1:net.arch:Net; "
    "a revision alone takes the file of the other side."
)
Before = Annotated[str, typer.Argument(metavar="A", help=_HELP, show_default=False)]
After = Annotated[str, typer.Argument(metavar="B", help="The same.", show_default=False)]
Format = Annotated[
    Literal["text", "json"], typer.Option("--format", help="How to say it.", metavar="text|json")
]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit code 1 if anything changed.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter of both; repeatable."),
]
SetA = Annotated[
    list[str] | None, typer.Option("--set-a", metavar="NAME=VALUE", help="Of the first alone.")
]
SetB = Annotated[
    list[str] | None, typer.Option("--set-b", metavar="NAME=VALUE", help="Of the second alone.")
]


def diff(
    before: Before,
    after: After,
    form: Format = "text",
    exit_code: ExitCode = False,
    parameters: Set = None,
    first: SetA = None,
    second: SetB = None,
) -> None:
    """Compare two networks: layers, shapes, parameters, MACs."""
    from archlang.cli.diff import show_difference

    given = parameters or []
    same = show_difference(before, after, [*given, *(first or [])], [*given, *(second or [])], form)
    if exit_code and not same:
        raise typer.Exit(1)
