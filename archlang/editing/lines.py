"""The lines of a text that say something; after an edit only those near it are looked for again."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from archlang.syntax.indentation import width_of

_DEFINES = (
    r"(?:block|network)[ \t]+[A-Za-z_]\w*[ \t]*(?:[(:=]|from\b)|(?:use|let|default|arch)[ \t]"
)
_DEFINITION = re.compile(_DEFINES)
_INSIDE = re.compile(rf"^(?:{_DEFINES})", re.MULTILINE)
_LONG = r"\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}"
_DOCUMENTATION = re.compile(rf"\s*(?:{_LONG})\s*", re.DOTALL)
TOKEN = re.compile(
    rf"(?P<text>{_LONG})"
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*"""
    r"""|(?P<open>[(\[])|(?P<close>[)\]])|(?P<end>\r?\n)|\\[ \t]*\r?\n""",
    re.DOTALL | re.VERBOSE,
)
"""What tells where a line ends: texts, comments, brackets, line ends."""
_END = re.compile(r"\r?\n")
_BLANK = re.compile(r"[ \t\r\f]*(?:#[^\n]*)?(?:\n|\Z)")
_INDENT = re.compile(r"[ \t]*")
_ALL = 1 << 60
"""A reach that goes to the end of any text."""


class Line(NamedTuple):
    """A line, with those that an open bracket or a long string makes part of it."""

    number: int
    start: int
    end: int
    indent: int
    reach: int
    """Where the text ends that was looked at to find its end."""


class Lines:
    """The lines of a text, from one version to the next."""

    def __init__(self) -> None:
        self._text = ""
        self._lines: list[Line] = []

    def of(self, text: str) -> Sequence[Line]:
        """The lines of the next version that say something, in order.

        A bracket that is never closed ends with its line: so it spoils no other.
        """
        before, old = self._text, self._lines
        front = _alike(before, text)
        back = min(_alike(before[::-1], text[::-1]), len(text), len(before))
        lines = list(takewhile(lambda line: line.reach <= front, old))
        at, number = _behind(text, lines[-1]) if lines else (0, 0)
        while at < len(text):
            blank = _BLANK.match(text, at)
            if blank is not None:
                at, number = max(blank.end(), at + 1), number + 1
                continue
            if at >= len(text) - back:
                rest = _rest(old, at - len(text) + len(before))
                if rest:  # the text from here on is that of before, and so are its lines
                    lines += _shifted(rest, number, at)
                    break
            lines.append(_line(text, at, number))
            at, number = _behind(text, lines[-1])
        self._text, self._lines = text, lines
        return lines


def _alike(a: str, b: str) -> int:
    """How many characters two texts have in common at their starts."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _behind(text: str, line: Line) -> tuple[int, int]:
    """Where the line behind begins, and its number."""
    number = line.number + text.count("\n", line.start, line.end) + 1
    return text.find("\n", line.end) + 1 or len(text), number


def _rest(old: list[Line], start: int) -> list[Line]:
    """The lines from the one on that begins at a place; none if none does."""
    at = bisect_left(old, start, key=lambda line: line.start)
    return old[at:] if at < len(old) and old[at].start == start else []


def _shifted(lines: list[Line], number: int, start: int) -> list[Line]:
    down, on = number - lines[0].number, start - lines[0].start
    if not down and not on:
        return lines
    return [
        Line(line.number + down, line.start + on, line.end + on, line.indent, line.reach + on)
        for line in lines
    ]


def _line(text: str, start: int, number: int) -> Line:
    end, reach = _end(text, start)
    said = text[start:end]
    if ('"' in said or "'" in said) and not _is_closed(said):
        reach = _ALL  # a quote far below may close it
    indent = _INDENT.match(text, start)
    return Line(number, start, end, width_of(indent[0] if indent else ""), reach)


def _is_closed(said: str) -> bool:
    """Whether all quotes of a line belong to texts that end in it."""
    longs = said.count('"' * 3) + said.count("'" * 3)
    if longs:
        return longs == 2 and _DOCUMENTATION.fullmatch(said) is not None
    rest = TOKEN.sub("", said)
    return '"' not in rest and "'" not in rest


def _end(text: str, start: int) -> tuple[int, int]:
    """Where the line ends that begins there, brackets and long strings included; its reach."""
    depth = 0
    first: int | None = None
    for token in TOKEN.finditer(text, start):
        if token["text"] and _INSIDE.search(token[0]):  # the quotes of two strings, not of one
            plain = _END.search(text, start)
            return (plain.start() if plain else len(text)), _ALL
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["end"]:
            first = token.start() if first is None else first
            if depth <= 0:
                return token.start(), token.end()
            if _DEFINITION.match(text, token.end()):
                return first, text.find("\n", token.end()) + 1 or _ALL
    return len(text) if depth <= 0 or first is None else first, _ALL
