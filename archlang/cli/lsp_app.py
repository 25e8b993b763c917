"""`archlang lsp`: its options."""

from __future__ import annotations


def lsp() -> None:
    """Serve an editor: the language server, over stdin and stdout."""
