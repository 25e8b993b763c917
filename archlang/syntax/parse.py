"""Text to tree: lark does the parsing, this file the reporting and the going on after a mistake.

A line that does not parse is blanked out and the file is parsed again, so that all syntax errors
of a file are reported at once; offsets stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from archlang.diagnostics.catalog.limits import FileTooLarge, NestedTooDeeply
from archlang.diagnostics.catalog.syntax import MixedTabs
from archlang.diagnostics.model import Diagnostics, Mistake
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.boundaries import end_at_words
from archlang.syntax.build import TreeBuilder
from archlang.syntax.cache import parser_cache
from archlang.syntax.explain import syntax_mistake
from archlang.syntax.indentation import Indentation

GRAMMAR = Path(__file__).with_name("arch.lark")
MAX_BYTES = 1_000_000
MAX_REPARSED = 1_000_000
"""Characters read again after syntax errors; in a large file the first errors have to do."""
_STAND_INS = {
    (True, True): "chain:",
    (True, False): "block _:",
    (False, True): "x",
    (False, False): "",
}
"""What parses in the place of a line that does not: by whether it opens a body, and is indented."""
MAX_MISTAKES = 20
"""Syntax errors reported for one file; after so many the rest is likely noise."""


_TEXT = re.compile(
    r"""(?P<long>\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3})"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*""",
    re.DOTALL,
)
"""Texts and comments; blanks in long ones are no indentation."""
_WORD = re.compile(r"[A-Za-z_]\w*")
_Tree = TypeVar("_Tree")


class Parser:
    """A lark parser whose tree builder and indenter are pointed at one source after the other."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._builder = TreeBuilder()
        self.indentation = Indentation()
        self._lark = Lark(
            GRAMMAR.read_text(encoding="utf-8"),
            parser="lalr",
            start=["file", "statement"],
            keep_all_tokens=True,
            maybe_placeholders=False,
            transformer=self._builder,
            postlex=self.indentation,
            edit_terminals=end_at_words,
            cache=parser_cache(),
        )

    def parse(self, source: Source, text: str) -> tree.File:
        """The tree of a text; spans point into `source`.

        Raises:
            Mistake: the first syntax error.
        """
        return self._parse(source, text, "file", 0)

    def statement(self, source: Source, text: str, indent: int) -> tree.Statement | str:
        """One statement out of a body that is indented by so many columns; a docstring as text.

        Raises:
            Mistake: the first syntax error.
        """
        return self._parse(source, text, "statement", indent)

    def tokens(self, source: Source, text: str) -> list[Token]:
        """The tokens of a text that parses, line ends and changes of indentation among them.

        Raises:
            Mistake: the first syntax error.
        """
        kept: list[Token] = []
        self._parse(source, text, "file", 0, kept)
        return kept

    def _parse(
        self, source: Source, text: str, start: str, indent: int, kept: list[Token] | None = None
    ) -> Any:
        with self._lock:
            self._builder.source = self.indentation.source = source
            self.indentation.base = indent
            self.indentation.kept = kept
            try:
                return self._lark.parse(text, start)  # pyright: ignore  # lark's types
            except UnexpectedInput as error:
                brackets = self.indentation.open_brackets
                raise syntax_mistake(error, source, brackets) from None
            except RecursionError:
                raise Mistake(NestedTooDeeply(), Span(source, 0, 0)) from None


@cache
def parser() -> Parser:
    """The one parser of this process."""
    return Parser()


def parse(source: Source, sink: Diagnostics) -> tree.File | None:
    """The tree of a source; None if there are syntax errors, which are all reported."""
    file, unread = parse_partly(source, sink)
    return None if unread else file


def parse_partly(source: Source, sink: Diagnostics) -> tuple[tree.File | None, frozenset[str]]:
    """The tree of what can be read, and the words of the lines that cannot; errors are reported.

    Without errors there are no such words. With them the tree is good for checking names alone,
    and the words may mean anything: their lines may have given them a meaning.
    """
    if not readable(source, sink):
        return None, frozenset()
    return read_partly(source, sink, partial(parser().parse, source))


def read_partly(
    source: Source, sink: Diagnostics, read: Callable[[str], _Tree]
) -> tuple[_Tree | None, frozenset[str]]:
    """What `read` makes of a source, as `parse_partly` says."""
    text, done = source.text, 0
    unread: set[str] = set()
    replaced: set[int] = set()
    for _ in range(MAX_MISTAKES):
        try:
            return read(text), frozenset(unread)
        except Mistake as mistake:
            at = mistake.at or Span(source, 0, 0)
            if at.begin.line in replaced:
                break  # it is of no use to speak of what stands in for a line
            sink.report_mistake(mistake, Span(source, 0, 0))
            replaced.add(at.begin.line)
            unread |= {"x", "_", *_WORD.findall(source.line(at.begin.line))}
            text, done = without_line(text, at), done + at.start
            if done > MAX_REPARSED:
                break
    return None, frozenset(unread)


def readable(source: Source, sink: Diagnostics) -> bool:
    """Whether there is any use in reading a text; if not, it is reported why."""
    if len(source.text) > MAX_BYTES:
        problem = FileTooLarge(size=len(source.text), limit=MAX_BYTES)
        sink.report(problem, Span(source, 0, 0))
        return False
    return _indentation_is_uniform(source, sink)


def _indentation_is_uniform(source: Source, sink: Diagnostics) -> bool:
    if "\t" not in source.text:
        return True
    tab_first: bool | None = None
    offset = 0
    spoken = _spoken(source.text)
    for line in source.text.split("\n"):
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if indent and line.strip() and offset not in spoken:
            tab_first = indent[0] == "\t" if tab_first is None else tab_first
            wrong = indent.find(" " if tab_first else "\t")
            if wrong >= 0:
                at = Span(source, offset + wrong, offset + len(indent))
                sink.report(MixedTabs(tab_first=tab_first), at)
                return False
        offset += len(line) + 1
    return True


def _spoken(text: str) -> frozenset[int]:
    """Where the lines begin that stand inside a long string."""
    long = (match for match in _TEXT.finditer(text) if match["long"])
    return frozenset(m.start() + end.end() for m in long for end in re.finditer("\n", m["long"]))


def without_line(text: str, at: Span) -> str:
    """The text with the line of a mistake made harmless: what is left still has its shape."""
    start = text.rfind("\n", 0, at.start) + 1
    end = text.find("\n", at.start)
    end = len(text) if end < 0 else end
    line = text[start:end]
    indent = len(line) - len(line.lstrip(" \t"))
    body = line[indent:].rstrip()
    is_header = body.partition("#")[0].rstrip().endswith(":")
    opens_body = is_header or _next_is_deeper(text, end, indent)
    stand_in = _STAND_INS[opens_body, indent > 0]
    if len(stand_in) > len(body):
        stand_in = ""
    return text[: start + indent] + stand_in.ljust(len(line) - indent) + text[end:]


def _next_is_deeper(text: str, end: int, indent: int) -> bool:
    for line in text[end + 1 :].split("\n", 50)[:50]:
        if line.strip() and not line.lstrip().startswith("#"):
            return len(line) - len(line.lstrip(" \t")) > indent
    return False
