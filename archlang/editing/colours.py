"""What each word is, for an editor that colours by meaning: layer, block, tensor, constant, …"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from archlang.editing.bindings import Mention, bindings
from archlang.editing.definitions import Read
from archlang.editing.document import Document
from archlang.editing.meanings import defined_names
from archlang.editing.pieces import Piece
from archlang.editing.places import pieces_between
from archlang.ops.registry import find
from archlang.semantics.builtins import MATCHING, builtins
from archlang.semantics.values import Function, InitialiserKind, MatchingKind, OpKind
from archlang.source import Position, Span
from archlang.syntax import tree

TYPES = (
    "keyword",
    "class",
    "function",
    "macro",
    "variable",
    "parameter",
    "number",
    "string",
    "comment",
    "operator",
    "property",
)
"""Layers are functions, matching operators macros, blocks and networks classes."""
MODIFIERS = ("declaration", "readonly", "defaultLibrary")
_KINDS = {
    "block": "class",
    "network": "class",
    "constant": "variable",
    "function": "function",
    "parameter": "parameter",
    "variable": "variable",
    "tensor": "variable",
    "output": "variable",
    "shared": "function",
    "given": "variable",
}
_READ_ONLY = frozenset({"constant", "variable", "parameter"})
_TOKEN = re.compile(
    r"""(?P<string>\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<comment>\#[^\n]*)"""
    r"""|(?P<number>(?:\d+|\b[A-Z])(?:x(?:\d+|[A-Z]))+\b|(?:\d[\d_]*)?\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*(?:[eE][+-]?\d+)?)"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<operator>->|\+\+|[-+*/%∘@<>=!]+)""",
    re.DOTALL | re.VERBOSE,
)
_WORDS = frozenset(
    [
        "arch",
        "use",
        "from",
        "as",
        "let",
        "default",
        "block",
        "network",
        "input",
        "output",
        "when",
        "training",
        "for",
        "in",
        "if",
        "elif",
        "else",
        "branch",
        "dense",
        "repeat",
        "chain",
        "shared",
        "assert",
        "replace",
        "insert",
        "after",
        "before",
        "remove",
        "freeze",
        "and",
        "or",
        "not",
        "true",
        "false",
        "adapt",
        "weights",
        "skips",
        "except",
    ]
)
_SOFT = frozenset({"after", "before", "adapt", "weights", "skips", "except", "training", "when"})
"""Words only in their place, names elsewhere."""


class Token(NamedTuple):
    """A coloured stretch of one line."""

    begin: Position
    length: int
    """In characters."""
    text: str
    type: str
    modifiers: frozenset[str] = frozenset()


_known: WeakKeyDictionary[Piece, tuple[object, list[tuple[int, Token]]]] = WeakKeyDictionary()


def colours(document: Document, first: int = 1, last: int | None = None) -> Iterator[Token]:
    """The tokens of some lines (from 1; all of them), in their order; comments between too."""
    reads = document.reads()
    end = document.text.count("\n") + 1 if last is None else last
    names = {n.id: read for read in reads for n in defined_names(read)}
    line = first
    for read, piece in pieces_between(reads, first, end):
        yield from _comments(document.text, line, piece.anchor.lines)
        for token in _tokens(read, piece, names):
            if first <= token.begin.line <= end:
                yield token
        line = piece.anchor.lines + piece.text.count("\n") + 2
    yield from _comments(document.text, line, end)


def _comments(text: str, first: int, last: int) -> Iterator[Token]:
    """Those on lines of their own, between pieces."""
    if first > last:
        return
    lines = text.split("\n", last)
    for number in range(first, min(last, len(lines)) + 1):
        line = lines[number - 1].rstrip("\r")
        start = line.find("#")
        if start >= 0 and not line[:start].strip():
            yield Token(Position(number, start + 1), len(line) - start, line[start:], "comment")


def _tokens(read: Read, piece: Piece, names: dict[str, Read]) -> Iterator[Token]:
    mentions = {m.span.start: m for m in bindings(read).mentions if m.span.source is piece}
    for match in _TOKEN.finditer(piece.text):
        kind = match.lastgroup or ""
        modifiers: frozenset[str] = frozenset()
        if kind == "name":
            found = _word(match, mentions.get(match.start()), names)
            if found is None:
                continue
            kind, modifiers = found
        yield from _lines(piece, match, kind, modifiers)


def _lines(
    piece: Piece, match: re.Match[str], kind: str, modifiers: frozenset[str]
) -> Iterator[Token]:
    """A token line by line, as editors want it."""
    start = match.start()
    for part in match[0].split("\n"):
        text = part.rstrip("\r")
        if text:
            begin = Span(piece, start, start).begin
            yield Token(begin, len(text), text, kind, modifiers)
        start += len(part) + 1


def _word(
    match: re.Match[str], mention: Mention | None, names: dict[str, Read]
) -> tuple[str, frozenset[str]] | None:
    name = match[0]
    if mention is None:
        return _unmentioned(match)
    if mention.callee is not None:
        return "parameter", frozenset()
    if mention.network is not None:
        return "property", frozenset()
    modifiers = {"declaration"} if mention.binds else set[str]()
    if mention.symbol is not None:
        if mention.symbol.kind in _READ_ONLY:
            modifiers.add("readonly")
        return _KINDS[mention.symbol.kind], frozenset(modifiers)
    return _of_file(name, names, modifiers)


def _unmentioned(match: re.Match[str]) -> tuple[str, frozenset[str]] | None:
    """What a name is that nothing in the file gives a meaning to."""
    name = match[0]
    if match.string[: match.start()].rstrip(" ").endswith("."):
        return "property", frozenset()
    if name in _WORDS and _stands_as_word(match):
        return "keyword", frozenset()
    return _builtin(name) if find(name) is None else ("function", frozenset({"defaultLibrary"}))


def _stands_as_word(match: re.Match[str]) -> bool:
    return match[0] not in _SOFT or match.string[match.end() : match.end() + 1] in (" ", "", "\n")


def _of_file(
    name: str, names: dict[str, Read], modifiers: set[str]
) -> tuple[str, frozenset[str]] | None:
    read = names.get(name)
    if read is None:
        return _builtin(name)
    if isinstance(read.tree, (tree.Block, tree.Network)) or name[:1].isupper():
        return "class", frozenset(modifiers)
    if isinstance(read.tree, tree.Let) and read.tree.parameters is not None:
        return "function", frozenset(modifiers)
    return "variable", frozenset({*modifiers, "readonly"})


def _builtin(name: str) -> tuple[str, frozenset[str]] | None:
    library = frozenset({"defaultLibrary"})
    match builtins().names.get(name):
        case OpKind() | Function() | InitialiserKind():
            return "function", library
        case MatchingKind():
            return "macro", library
        case _ if name in MATCHING:
            return "macro", library
        case _:
            return ("variable", library) if builtins().has(name) else None


def encoded(tokens: Sequence[tuple[int, int, int, str, frozenset[str]]]) -> list[int]:
    """Five numbers a token, each place told from the one before.

    Args:
        tokens: Line and column from 0 and the length, in the editor's units; type; modifiers.
    """
    numbers: list[int] = []
    last_line = last_column = 0
    for line, column, length, kind, modifiers in tokens:
        step = column - last_column if line == last_line else column
        bits = sum(1 << MODIFIERS.index(m) for m in modifiers)
        numbers += [line - last_line, step, length, TYPES.index(kind), bits]
        last_line, last_column = line, column
    return numbers
