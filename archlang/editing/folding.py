"""What can be folded: bodies, lists and calls of several lines, comments, lines of `use`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from archlang.editing.definitions import Read
from archlang.editing.document import Document
from archlang.syntax import tree

FoldKind: TypeAlias = Literal["region", "comment", "imports"]
_BRACKETS = re.compile(
    r'"{3}(?:[^\\]|\\.)*?"{3}|\'{3}(?:[^\\]|\\.)*?\'{3}'
    r'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*|[\[(\])]',
    re.DOTALL,
)


class Fold(NamedTuple):
    """Lines, counted from 1, of which the first stays to be seen."""

    first: int
    last: int
    kind: FoldKind = "region"


def folds(document: Document) -> list[Fold]:
    """All folds of a file, in the order of their first lines."""
    found = {(fold.first, fold.last): fold for fold in reversed(list(_folds(document)))}
    return list(_nested(sorted(found.values(), key=lambda fold: (fold.first, -fold.last))))


def _nested(found: Iterable[Fold]) -> Iterator[Fold]:
    """In half-written lines some would overlap: of two such, the one that begins first."""
    around: list[Fold] = []
    for fold in found:
        while around and around[-1].last < fold.first:
            around.pop()
        if not around or fold.last <= around[-1].last:
            around.append(fold)
            yield fold


def _folds(document: Document) -> Iterator[Fold]:
    lines = document.text.split("\n")
    spoken = _spoken(document.text)
    lines = [line if n not in spoken else "" for n, line in enumerate(lines, 1)]
    yield from _indented(lines)
    yield from _runs(lines)
    yield from _brackets(document.text)
    yield from _imports(document.reads())


def _spoken(text: str) -> frozenset[int]:
    """Lines that begin inside a long text; they are no code, however they are indented."""
    found: set[int] = set()
    for match in _BRACKETS.finditer(text):
        if ends := match[0].count("\n"):
            first = text.count("\n", 0, match.start()) + 1
            found.update(range(first + 1, first + ends + 1))
    return frozenset(found)


def _indented(lines: list[str]) -> Iterator[Fold]:
    """A line with deeper ones below it; blank lines and comments end no body."""
    open_: list[tuple[int, int]] = []
    last = 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        while open_ and open_[-1][1] >= indent:
            first, _ = open_.pop()
            if last > first:
                yield Fold(first, last)
        open_.append((number, indent))
        last = number
    for first, _ in open_:
        if last > first:
            yield Fold(first, last)


def _runs(lines: list[str]) -> Iterator[Fold]:
    first = 0
    for number, line in enumerate([*lines, ""], 1):
        is_comment = line.lstrip().startswith("#")
        if is_comment and not first:
            first = number
        elif not is_comment and first:
            if number - 1 > first:
                yield Fold(first, number - 1, "comment")
            first = 0


def _brackets(text: str) -> Iterator[Fold]:
    open_: list[int] = []
    line, at = 1, 0
    for match in _BRACKETS.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        match match[0][0]:
            case "(" | "[":
                open_.append(line)
            case ")" | "]":
                if open_ and (first := open_.pop()) < line:
                    yield Fold(first, line)
            case '"' | "'" if "\n" in match[0]:
                yield Fold(line, line + match[0].count("\n"), "comment")
            case _:
                pass


def _imports(reads: tuple[Read, ...]) -> Iterator[Fold]:
    numbers = [r.cut.header.anchor.lines + 1 for r in reads if isinstance(r.tree, tree.Use)]
    if len(numbers) > 1:
        yield Fold(numbers[0], numbers[-1], "imports")
