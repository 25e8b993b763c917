"""What stands between quotes. Strings are data: escapes are decoded here, nothing is evaluated."""

from __future__ import annotations

import re

from archlang.diagnostics.catalog.syntax import BadEscape
from archlang.diagnostics.model import Mistake
from archlang.source import Span

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'", "\n": ""}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def string_value(token: str, span: Span) -> str:
    """The text of a string token.

    Raises:
        Mistake: an escape that is not one of `\\n \\t \\\\ \\" \\'`.
    """
    width = 3 if token.startswith(('"""', "'''")) else 1

    def decode(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise Mistake(BadEscape(escape=match[0]), span)
        return _ESCAPES[match[1]]

    text = _ESCAPE.sub(decode, token[width:-width])
    return _unindent(text) if width == 3 else text


def _unindent(text: str) -> str:
    """Documentation without the indentation of its place in the file."""
    from inspect import cleandoc

    return cleandoc(text)
