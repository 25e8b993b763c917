"""What `archlang lsp` does: serve one editor until it ends."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec

import typer

from archlang.cli.page import complain

_MISSING = "the language server needs pygls: pip install 'archlang[lsp]'"
_BY_HAND = "archlang lsp speaks with an editor over stdin and stdout; Ctrl-C ends it"


def serve() -> None:
    """Serve over stdin and stdout; nothing but the protocol is written there.

    Raises:
        typer.Exit: with 1, if pygls is not installed.
    """
    if find_spec("pygls") is None:
        complain(_MISSING)
        raise typer.Exit(1)
    from archlang.server.serving import server

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("pygls").setLevel(logging.ERROR)  # a request refused is no failure
    if sys.stdin.isatty():
        print(_BY_HAND, file=sys.stderr)
    made = server()
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not reach the editor
    try:
        made.start_io(stdout=channel)
    finally:
        made.close()
