"""Tokens to lines: each with its depth, and with what stands before it and behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lark import Token

from archlang.diagnostics.render.display import columns_of
from archlang.syntax.indentation import width_of


@dataclass(slots=True)
class Comment:
    """A comment, without the blanks around it."""

    text: str
    alone: bool
    """Whether it has a line of its own."""
    column: int = 0
    """Where it began in the source, from 0; tabs as wide as the parser takes them."""
    distant: bool = False
    """Whether more than two blanks stood before it, as where comments are aligned."""


@dataclass(slots=True)
class Line:
    """A statement, or its header: what ends where a line end counts."""

    text: str
    """The whole text."""
    tokens: list[Token]
    """None behind the last line of the text."""
    level: int
    gap: str
    """What stands between the line before, its comment included, and this one."""
    columns: list[int]
    """By how much each level is indented in the source, up to that of the line before."""
    opens: bool = False
    """Whether a body is indented below it."""
    comment: Comment | None = None
    """At its end."""
    inner: dict[int, list[Comment]] = field(default_factory=dict[int, list[Comment]])
    """Comments inside of brackets, by the index of the token before."""


def lines_of(text: str, tokens: list[Token]) -> Iterator[Line]:
    """The lines of a text that parses; the last one has no tokens, but what stands before it."""
    level, columns, end = 0, [0], 0
    held: list[Token] = []
    before: Line | None = None
    for token in tokens:
        kind = token.type
        if kind == "_NL":
            line = _line(text, held, level, columns, end, before)
            if before is not None:
                yield before
            before, end = line, held[-1].end_pos or 0
            columns = [*columns[:level], column_of(text, held[0].start_pos or 0)]
            held = []
        elif kind == "_INDENT":
            level += 1
            if before is not None:
                before.opens = True
        elif kind == "_DEDENT":
            level -= 1
        else:
            held.append(token)
    last = _line(text, [], 0, columns, end, before)
    if before is not None:
        yield before
    yield last


def _line(
    text: str, tokens: list[Token], level: int, columns: list[int], end: int, before: Line | None
) -> Line:
    """The line of some tokens; the gap before it begins with the comment of the line before."""
    start = tokens[0].start_pos or 0 if tokens else len(text)
    gap = text[end:start]
    if before is not None:
        behind, _, gap = gap.partition("\n")
        if "#" in behind:
            before.comment = _behind(text, end, behind)
    line = Line(text, tokens, level, gap, columns)
    if tokens and text.find("#", start, tokens[-1].end_pos or 0) >= 0:
        line.inner = _inner(text, tokens)
    return line


def column_of(text: str, offset: int) -> int:
    """The column of an offset as it is seen, from 0; tabs are as wide as the parser takes them."""
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    return width_of(before) if before.isascii() else sum(map(columns_of, before.expandtabs(8)))


def _behind(text: str, end: int, gap: str) -> Comment:
    at = end + gap.index("#")
    blanks = text[end:at]
    distant = len(blanks) > 2 or "\t" in blanks
    return Comment(tidy(gap[at - end :]), False, column_of(text, at), distant)


def _inner(text: str, tokens: list[Token]) -> dict[int, list[Comment]]:
    """The comments between the tokens of a line."""
    found: dict[int, list[Comment]] = {}
    for i in range(len(tokens) - 1):
        end, start = tokens[i].end_pos or 0, tokens[i + 1].start_pos or 0
        if start == end or "#" not in (gap := text[end:start]):
            continue
        behind, *below = gap.split("\n")
        comments = [_behind(text, end, behind)] if "#" in behind else []
        comments += [Comment(tidy(b[b.index("#") :]), True) for b in below if "#" in b]
        found[i] = comments
    return found


def tidy(comment: str) -> str:
    """A comment with a blank behind its `#`, and none at its end."""
    comment = comment.rstrip()
    return f"# {comment[1:]}" if comment[1:2].isalnum() else comment
