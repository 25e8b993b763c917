"""What `archlang explain-gradient` does: formulas to the terminal, or into a file."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import typer

from archlang.chainrule.page import explain
from archlang.cli.commands import network_of
from archlang.diagnostics.render.display import visible_lines, visible_text
from archlang.figures.errors import DrawingError
from archlang.files import write_all

SUFFIXES = (".txt", ".tex")


def write_chain_rule(
    spec: str,
    given: Sequence[str],
    focus: str | None,
    at: Sequence[float] | None,
    latex: bool,
    formulas: bool,
    digits: int,
    out: Path | None,
) -> None:
    """Print the chain rule of a network or block, or write it into a file.

    `formulas`: without the sentences below; `digits`: at most so many of each number.

    Raises:
        SpecError: the spec has mistakes; there is no such block; it is too large; no numbers can
            be put in.
        DrawingError: the file's name ends in neither .txt nor .tex.
        OutputError: the file cannot be written.
        typer.BadParameter: a number is not finite, or there are more or fewer than inputs; the
            block has no name; the file's name does not go with --latex.
    """
    if at is not None and not all(map(isfinite, at)):
        raise typer.BadParameter("X is a finite number, as in --at 1.0", param_hint="--at")
    if focus is not None and not focus.strip():
        raise typer.BadParameter(
            "BLOCK is a name or a path, as in --focus Basic", param_hint="--focus"
        )
    latex = _is_latex(latex, out)
    graph = network_of(spec, given)
    try:
        pages = explain(graph, focus, at)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from None
    if latex:
        from archlang.chainrule.latex import HEAD, latex_of

        text = "\n\n".join([HEAD, *(latex_of(page, digits, formulas) for page in pages)])
    else:
        from archlang.chainrule.text import text_of

        shown = (text_of(page, digits, formulas) for page in pages)
        text = visible_lines("\n\n\n".join(shown))
    if out is None:
        print(text)
    else:
        write_all({out: f"{text}\n"})
        print(f"written {visible_text(str(out))}")


def _is_latex(asked: bool, out: Path | None) -> bool:
    if out is None:
        return asked
    if out.suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise DrawingError(f"formulas cannot be written as {out.name!r}: the name ends in {known}")
    if asked and out.suffix == ".txt":
        raise typer.BadParameter("--latex goes into a .tex file", param_hint="--out")
    return out.suffix == ".tex"
