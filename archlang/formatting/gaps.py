"""What stands between lines: comments go to the body they belong to, blank lines are counted."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.formatting.lines import Line, tidy
from archlang.formatting.rows import INDENT, Row
from archlang.syntax.indentation import width_of

MOST_INSIDE = 1
MOST_BETWEEN = 2
"""Blank lines in bodies, and between definitions."""


@dataclass(slots=True)
class _Remark:
    """A comment between two lines."""

    text: str
    level: int
    blanks: int
    """Blank lines before it."""


class Gaps:
    """The rows of a text so far; `before` adds those that stand before a line."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._last: Line | None = None
        self._had_body = False
        """Whether the definition before has one."""

    def before(self, line: Line) -> None:
        """Add the comments and blank lines before a line."""
        if line.gap.isspace() or not line.gap:
            remarks: list[_Remark] = []
            blanks = line.gap.count("\n")
        else:
            remarks, blanks = _remarks(line, self._last)
        if line.level == 0:
            self._hold_apart(line, remarks, blanks)
            if line.tokens and not (remarks and remarks[-1].level == 0):
                blanks = max(blanks, self._least(line))
        for remark in remarks:
            self._blank(remark.blanks, remark.level)
            self.rows.append(Row(" " * (INDENT * remark.level) + remark.text))
        if line.tokens:
            self._blank(blanks, line.level)
            if line.level == 0:
                self._had_body = False
        self._had_body = self._had_body or line.opens
        self._last = line

    def _hold_apart(self, line: Line, remarks: list[_Remark], blanks: int) -> None:
        """A definition with a body has a blank line around it and the comments that are its own."""
        outer = [r for r in remarks if r.level == 0]
        if not outer or any(r.blanks for r in outer) or (blanks and line.tokens):
            return
        outer[0].blanks = self._least(line)

    def _least(self, line: Line) -> int:
        """How many blank lines there have to be between the definition before and a line."""
        return 1 if self._had_body or line.opens else 0

    def _blank(self, number: int, level: int) -> None:
        at_start = not self.rows or self._begins_body()
        if not at_start:
            most = MOST_INSIDE if level else MOST_BETWEEN
            self.rows += [Row("")] * min(number, most)

    def _begins_body(self) -> bool:
        """Whether the row before is a header whose body has not begun."""
        return self._last is not None and self._last.opens and self.rows[-1].ends is self._last


def _remarks(line: Line, before: Line | None) -> tuple[list[_Remark], int]:
    """The comments of a gap, and how many blank lines follow them."""
    deepest = before.level if before is not None else 0
    found: list[_Remark] = []
    blanks = 0
    level = max(deepest, line.level)
    rows = line.gap.split("\n")
    for row in rows[:-1] if line.tokens else rows:
        indent, mark, rest = row.partition("#")
        if not mark:
            blanks += 1
            continue
        column = width_of(indent)
        while level > line.level and line.columns[level] > column:
            level -= 1
        found.append(_Remark(tidy(mark + rest), level, blanks))
        blanks = 0
    return found, blanks
