"""`archlang explain-gradient`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec


def explain_gradient(
    spec: Spec,
    focus: Annotated[
        str | None,
        typer.Option(metavar="BLOCK", help="One block alone, by name or path.", show_default=False),
    ] = None,
    at: Annotated[
        list[float] | None,
        typer.Option(
            metavar="X",
            help="Put numbers in: the input of a network of scalar neurons; once for each input.",
            show_default=False,
        ),
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="As LaTeX, for amsmath.")] = False,
    formulas: Annotated[
        bool,
        typer.Option("--formulas", help="Formulas and numbers alone, as for a slide."),
    ] = False,
    digits: Annotated[
        int, typer.Option(metavar="N", min=1, max=17, help="Of each number, at most.")
    ] = 4,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Write it into a .txt or .tex file.", show_default=False),
    ] = None,
    parameters: Set = None,
) -> None:
    """Write the chain rule of a small network, or of one block, as on a blackboard."""
    from archlang.cli.explain_gradient import write_chain_rule

    write_chain_rule(spec, parameters or [], focus, at or None, latex, formulas, digits, out)
