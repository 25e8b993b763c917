"""What several commands can be told."""

from __future__ import annotations

from typing import Annotated

import typer

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC[:NETWORK]",
        help="A file and the network in it, as specs/resnet.arch:ResNet50, or a name of the zoo.",
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter of the network; repeatable."),
]
