"""`archlang watch`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec


def watch(
    spec: Spec,
    port: Annotated[
        int,
        typer.Option(help="Of 127.0.0.1; 0 takes one that is free.", min=0, max=65535),
    ] = 0,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    editor: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="What a click opens a line in, as 'code -g {file}:{line}'.",
            show_default="$VISUAL or $EDITOR",
        ),
    ] = None,
    parameters: Set = None,
) -> None:
    """Show a spec in the browser, and follow each save."""
    from archlang.cli.watch import watch_spec

    watch_spec(spec, parameters or [], port=port, open_browser=open_, editor=editor)
