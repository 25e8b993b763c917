"""The `weights` commands: options in, one call, exit code out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="A file, an address with its hash, or torchvision's name of weights; without one, "
        "those that the network declares (DEFAULT).",
        show_default=False,
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="SOURCE",
        help="A file, an address with its hash, torchvision's name of weights, or DEFAULT.",
        show_default=False,
    ),
]
KeyMap = Annotated[
    Path | None,
    typer.Option("--map", help="A key map of `archlang weights match`.", show_default=False),
]
WeightsOf = Annotated[
    str | None,
    typer.Option(
        metavar="NETWORK",
        help="Whose weights they are, where it could be the network or one it derives from.",
        show_default=False,
    ),
]

weights = typer.Typer(
    help="Weights from elsewhere: what would be loaded, and which tensor is which.",
    no_args_is_help=True,
)


@weights.command("report")
def report(
    spec: Spec,
    source: Source = None,
    parameters: Set = None,
    key_map: KeyMap = None,
    weights_of: WeightsOf = None,
    every: Annotated[bool, typer.Option("--all", help="Name every tensor.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say for every tensor of a network whether weights would be loaded, adapted or new."""
    from archlang.cli.weights import report_weights

    report_weights(
        spec, parameters or [], source, key_map, weights_of, every=every, as_json=as_json
    )


@weights.command("match")
def match(
    spec: Spec,
    source: Annotated[
        str,
        typer.Argument(
            metavar="CHECKPOINT", help="A file or an address with its hash.", show_default=False
        ),
    ],
    parameters: Set = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The map, a .json file.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file.")] = False,
) -> None:
    """Propose which tensor of a foreign checkpoint is which, from their order and shapes."""
    from archlang.cli.weights import match_weights

    match_weights(spec, parameters or [], source, out, force)
