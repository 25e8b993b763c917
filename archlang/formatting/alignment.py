"""Comments behind code: two blanks before them, or in one column where the author had them so."""

from __future__ import annotations

from itertools import groupby

from archlang.formatting.rows import COLUMNS, Row
from archlang.formatting.words import width

APART = 2
"""Blanks between code and its comment."""


def text_of(rows: list[Row]) -> str:
    """The text of rows; comments that stood below each other in one column still do."""
    lines: list[str] = []
    for column, group in groupby(rows, lambda row: row.comment.column if row.comment else None):
        run = list(group)
        lines += [row.code for row in run] if column is None else _commented(run)
    return "".join(f"{line}\n" for line in lines)


def _commented(run: list[Row]) -> list[str]:
    widths = [width(row.code) for row in run]
    widest = max(widths)
    comments = [row.comment for row in run if row.comment is not None]
    meant = len(run) > 1 and any(comment.distant for comment in comments)
    fits = all(widest + APART + width(comment.text) <= COLUMNS for comment in comments)
    lines: list[str] = []
    for row, wide, comment in zip(run, widths, comments, strict=True):
        blanks = APART + (widest - wide if meant and fits else 0)
        lines.append(f"{row.code}{' ' * blanks}{comment.text}")
    return lines
