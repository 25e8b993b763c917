"""The outline of a file: its networks and blocks, with the constants and tensors they keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archlang.editing.bindings import Kind, bindings
from archlang.editing.definitions import Read
from archlang.editing.document import Document
from archlang.editing.library import Library
from archlang.editing.meanings import defined_names
from archlang.editing.pieces import code
from archlang.source import Position, Span
from archlang.syntax import tree

_CHILDREN = ("tensor", "shared", "output", "constant", "function")
MAX_FOUND = 200
"""Names of the workspace that are shown for one query."""


@dataclass(frozen=True)
class Entry:
    """A line of the outline."""

    name: str
    kind: Kind
    detail: str
    begin: Position
    finish: Position
    at: Span
    """The name alone."""
    children: tuple[Entry, ...] = ()


def outline(document: Document) -> list[Entry]:
    """What a file defines, in its order; what it uses is left to the other file."""
    return [entry for read in document.reads() for entry in _entries(read)]


def search(library: Library, query: str) -> list[tuple[Document, Entry]]:
    """Networks, blocks and constants of the workspace whose names have these letters in order."""
    found: list[tuple[Document, Entry]] = []
    for document in library.documents():
        for entry in outline(document):
            if _matches(query.lower(), entry.name.lower()):
                found.append((document, entry))
                if len(found) >= MAX_FOUND:
                    return found
    return found


def _matches(query: str, name: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in query)


def _entries(read: Read) -> Iterator[Entry]:
    if isinstance(read.tree, tree.Use):
        return
    for name in defined_names(read):
        begin, finish = extent(read)
        detail = code(read.cut.header.text.partition("\n")[0]).rstrip(":")
        children = tuple(_children(read, finish))
        yield Entry(name.id, _kind(read), detail, begin, finish, name.span, children)


def extent(read: Read) -> tuple[Position, Position]:
    """Where a definition begins and ends."""
    header, last = read.cut.header, (read.cut.header, *read.cut.statements)[-1]
    return Span(header, 0, 0).begin, Span(last, 0, len(last.text.rstrip())).finish


def _children(read: Read, finish: Position) -> Iterator[Entry]:
    for symbol in bindings(read).symbols:
        if symbol.kind not in _CHILDREN or symbol.statement is None:
            continue
        at = symbol.spans[0]
        statement = symbol.statement.span
        end = max(at.finish, min(statement.finish, finish))
        begin = min(statement.begin, at.begin)
        detail = statement.source.line(at.begin.line).strip()
        yield Entry(symbol.name, symbol.kind, code(detail), begin, end, at)


def _kind(read: Read) -> Kind:
    match read.tree:
        case tree.Network():
            return "network"
        case tree.Block():
            return "block"
        case tree.Let(parameters=tuple()):
            return "function"
        case _:
            return "constant"
