"""What holds of every text that is formatted."""

from __future__ import annotations

import re

from archlang.diagnostics.model import Diagnostics
from archlang.diagnostics.render.display import columns_of
from archlang.formatting import format_text
from archlang.source import Source
from archlang.syntax import tree
from archlang.syntax.parse import parse

_STRINGS = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(\#[^\n]*)""",
    re.DOTALL,
)
WIDEST = 100


def parsed(text: str) -> tree.File | None:
    """The tree of a text, if it parses."""
    return parse(Source("text", text), Diagnostics())


def comments(text: str) -> list[str]:
    """The comments of a text in order, blanks aside."""
    found = (match[1] for match in _STRINGS.finditer(text))
    return [re.sub(r"^#\s*", "#", comment).rstrip() for comment in found if comment]


def hold_good_format(text: str) -> str:
    """Format a text that parses and hold what is promised of the outcome."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    before = parsed(plain)
    assert before is not None
    formatted = format_text(text)
    after = parsed(formatted)
    assert after is not None
    assert after.definitions == before.definitions
    assert format_text(formatted) == formatted
    assert comments(formatted) == comments(plain)
    assert not formatted or (formatted.endswith("\n") and not formatted.endswith("\n\n"))
    assert "\n\n\n\n" not in formatted and not formatted.startswith("\n")
    return formatted


def too_wide(formatted: str) -> list[str]:
    """Rows whose code is wider than it may be."""
    code = _STRINGS.sub(lambda m: "" if m[1] else m[0], formatted)
    return [row for row in code.split("\n") if sum(map(columns_of, row.rstrip())) > WIDEST]
