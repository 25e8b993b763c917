"""`archlang lsp`: its options."""

from __future__ import annotations

from typing import Annotated

import typer

Stdio = Annotated[
    bool, typer.Option("--stdio", help="As editors may ask; there is no other way.", hidden=True)
]


def lsp(stdio: Stdio = True) -> None:
    """Serve an editor: the language server, over stdin and stdout."""
    from archlang.cli.lsp import serve

    serve()
