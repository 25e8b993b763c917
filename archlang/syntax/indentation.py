"""Indentation and brackets: line starts become _INDENT and _DEDENT, and what is off is said.

Inside brackets line ends do not count. Lark's own indenter gives no place; this one does.
"""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token

from archlang.diagnostics.catalog.limits import NestedTooDeeply
from archlang.diagnostics.catalog.syntax import (
    BadDedent,
    StrayClosing,
    StrayIndent,
    UnclosedBracket,
)
from archlang.diagnostics.model import Fix, Mistake
from archlang.source import Source, Span

OPENING = {"LPAR": "(", "LSQB": "["}
CLOSING = {"RPAR": ("(", ")"), "RSQB": ("[", "]")}
MAX_NESTING = 100


class Indentation:
    """A lark postlexer; `source` is set anew for each text."""

    always_accept = ("_NL",)

    def __init__(self) -> None:
        self.source = Source("", "")
        self.base = 0
        """Columns by which the text itself is indented: those of a body, for a line out of one."""
        self.open_brackets: list[Token] = []
        self.kept: list[Token] | None = None
        """Where the tokens are put besides, if anybody wants them."""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The token stream with _INDENT and _DEDENT put in; a last line end is supplied."""
        tokens = self._indented(stream)
        return tokens if self.kept is None else _keeping(tokens, self.kept)

    def _indented(self, stream: Iterator[Token]) -> Iterator[Token]:
        self.open_brackets = []
        levels = [self.base]
        begun, ended = False, True
        for token in stream:
            if token.type == "_NL":
                if not self.open_brackets and begun:
                    if not ended:
                        yield token
                    ended = True
                    yield from self._change(token, levels)
                continue
            if not begun:
                self._check_first(token)
            self._track(token, levels)
            begun, ended = True, False
            yield token
        if self.open_brackets:
            opening = self.open_brackets[-1]
            raise Mistake(UnclosedBracket(bracket=str(opening)), self._span(opening))
        end = len(self.source.text)
        if not ended:
            yield self._at("_NL", end)
        yield from (self._at("_DEDENT", end) for _ in levels[1:])

    def _check_first(self, token: Token) -> None:
        start = token.start_pos or 0
        line_start = self.source.text.rfind("\n", 0, start) + 1
        if width_of(self.source.text[line_start:start]) != self.base:
            raise Mistake(StrayIndent(), self._span(token))

    def _change(self, newline: Token, levels: list[int]) -> Iterator[Token]:
        end = newline.end_pos or 0
        if end >= len(self.source.text):
            return
        width = width_of(str(newline).rsplit("\n", 1)[1].partition("#")[0])
        if width > levels[-1]:
            levels.append(width)
            if len(levels) > MAX_NESTING:
                raise Mistake(NestedTooDeeply(), Span(self.source, end, end + 1))
            yield self._at("_INDENT", end)
        while width < levels[-1]:
            levels.pop()
            yield self._at("_DEDENT", end)
        if width != levels[-1]:
            start = end - width
            raise Mistake(BadDedent(columns=width), Span(self.source, max(start, 0), end))

    def _track(self, token: Token, levels: list[int]) -> None:
        if token.type in OPENING:
            self.open_brackets.append(token)
            if len(self.open_brackets) + len(levels) > MAX_NESTING:
                raise Mistake(NestedTooDeeply(), self._span(token))
        elif token.type in CLOSING:
            opening, closing = CLOSING[token.type]
            opened = str(self.open_brackets.pop()) if self.open_brackets else None
            if opened != opening:
                problem, at = StrayClosing(bracket=closing, opened=opened), self._span(token)
                raise Mistake(problem, at, fix=None if opened else Fix(at, ""))

    def _span(self, token: Token) -> Span:
        return Span(self.source, token.start_pos or 0, token.end_pos or 0)

    def _at(self, kind: str, offset: int) -> Token:
        return Token(kind, "", start_pos=offset, end_pos=offset)


def _keeping(tokens: Iterator[Token], kept: list[Token]) -> Iterator[Token]:
    for token in tokens:
        kept.append(token)
        yield token


def width_of(indent: str) -> int:
    """The columns that the blanks before a line take; tabs go to the next multiple of 8."""
    return len(indent.expandtabs(8))
