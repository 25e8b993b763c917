"""`archlang new`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Target = Annotated[
    Path | None,
    typer.Argument(metavar="PATH", help="The spec to write: lenet.arch.", show_default=False),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="NETWORK", help="Derive from a network of the zoo.", show_default=False
    ),
]
Template = Annotated[
    str | None,
    typer.Option(
        "--template", metavar="NAME", help="What to begin with; see --list.", show_default="cnn"
    ),
]
Listing = Annotated[bool, typer.Option("--list", help="List the templates.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file.")]


def new(
    path: Target = None,
    base: Base = None,
    template: Template = None,
    listing: Listing = False,
    force: Force = False,
) -> None:
    """Begin a spec: from a template, or a network of the zoo."""
    from archlang.cli.new import begin, list_templates

    if listing:
        if path or base or template:
            raise typer.BadParameter("it goes by itself", param_hint="--list")
        list_templates()
        return
    if path is None:
        raise typer.BadParameter("say which file to write: archlang new lenet.arch")
    if base is not None and template is not None:
        raise typer.BadParameter("a spec begins with one of --from and --template")
    begin(path, base=base, template=template, force=force)
