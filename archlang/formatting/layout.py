"""One line of a program to rows: on one if it fits, else broken where it reads best."""

from __future__ import annotations

from archlang.formatting.breaking import Breaker
from archlang.formatting.docstrings import moved
from archlang.formatting.groups import nodes_of
from archlang.formatting.lines import Line, column_of
from archlang.formatting.rows import COLUMNS, INDENT, Row
from archlang.formatting.words import flat, width, words_of


def lay_line(line: Line, at_sign: bool) -> list[Row]:
    """The rows of a line; none for what follows the last one."""
    if not line.tokens:
        return []
    rows = _rows(line, at_sign)
    rows[-1].comment = line.comment
    rows[-1].ends = line
    return rows


def _rows(line: Line, at_sign: bool) -> list[Row]:
    indent = INDENT * line.level
    first = line.tokens[0]
    if first.type == "LONG_STRING":
        head, *rest = moved(str(first), column_of(line.text, first.start_pos or 0), indent)
        return [Row(" " * indent + head), *map(Row, rest)]
    words = words_of(line, at_sign)
    text = " " * indent + flat(words)
    if not line.inner and width(text) <= COLUMNS:
        return [Row(text)]
    breaker = Breaker(indent, opens=line.opens)
    breaker.lay(nodes_of(words))
    return breaker.rows
