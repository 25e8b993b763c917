"""What formatting may not change, read off a text without the parser: words, bodies, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlang.formatting.lines import tidy
from archlang.source import Source, Span
from archlang.syntax.indentation import width_of
from archlang.syntax.literals import string_value

_TOKEN = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*|\\[ \t]*\r?\n"""
    r"""|\r?\n[ \t]*|[ \t\f]+|\w*\d(?=(?:if|else|and|or|in|for|when)\b)"""
    r"""|\w+|->|\*\*|\+\+|//|[<>=!]=|.""",
    re.DOTALL,
)
_OPEN, _CLOSE = "([", ")]"


def essence(text: str) -> list[str]:
    """Its words, with `>` where a body begins, `<` where it ends, and a line end behind each line;
    comments apart, behind them. The comma before a closing bracket does not count, nor which quotes
    are used; `@` is `∘`.
    """
    words: list[str] = []
    comments: list[str] = []
    levels, depth, indent, begins = [0], 0, 0, True
    for token in _TOKEN.findall(text):
        first = token[0]
        if first == "#":
            comments.append(tidy(token))
        elif first in "\r\n":
            if not depth:
                indent, begins = width_of(token.lstrip("\r\n")), True
        elif first == "\\" and token[-1] == "\n":
            indent = indent if words else 0  # the first word's own row tells where it stands
        elif first in " \t\f":
            indent += width_of(token) if begins and not words else 0
        else:
            if begins:
                words += _changes(levels, indent)
                begins = False
            depth += (first in _OPEN) - (first in _CLOSE)
            if first in _CLOSE and words[-1] == ",":
                words.pop()
            words.append(_same(token))
    return [*words, *comments]


def _changes(levels: list[int], indent: int) -> Iterator[str]:
    """The marks of a new line: what begins or ends there."""
    yield "\n"
    if indent > levels[-1]:
        levels.append(indent)
        yield ">"
    while indent < levels[-1]:
        levels.pop()
        yield "<"


def _same(token: str) -> str:
    """A word, without what may be written in two ways."""
    if token == "@":
        return "∘"
    if token[0] not in "\"'":
        return token
    if token[:3] in ('"""', "'''"):
        return f'"""{string_value(token, Span(Source("", ""), 0, 0))}'
    return f'"{token[1:-1]}'
