"""From a name in a text to what gave it its meaning, in this file or in one that it uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from archlang.editing.bindings import Kind, Mention, Symbol, bindings, name_of
from archlang.editing.definitions import Read
from archlang.editing.document import Document
from archlang.editing.library import Library
from archlang.source import Position, Span
from archlang.syntax import tree

_MOST_STEPS = 50
"""Files that use each other in a circle, and networks that stand for each other, end here."""
_KEPT = ("tensor", "shared", "output")


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a name means: equal for all mentions of it, though they lie in several files."""

    document: Document
    read: Read
    """The definition that gives it its meaning, or that it lies in."""
    name: str
    kind: Kind
    span: Span
    """The name where it is given its meaning (first)."""
    symbol: Symbol | None = None
    """Of what is known within its definition alone."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Meaning) and other.span == self.span

    def __hash__(self) -> int:
        return hash(self.span)


def mention_at(document: Document, position: Position) -> tuple[Read, Mention] | None:
    """The name at a place, or that ends there."""
    for read in document.reads():
        pieces = (read.cut.header, *read.cut.statements)
        if not pieces[0].anchor.lines < position.line:
            return None
        for mention in mentions(read):
            begin, finish = mention.span.begin, mention.span.finish
            if begin <= position <= finish:
                return read, mention
    return None


def mentions(read: Read) -> Iterator[Mention]:
    """All names of a definition; of a line with `use` those of the other file too."""
    if isinstance(read.tree, tree.Use):
        there = (Mention(there.id, there.span) for there, _ in read.tree.names)
        return chain(there, bindings(read).mentions)
    return iter(bindings(read).mentions)


class Meanings:
    """Looks names up in the documents of a library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._names: dict[int, dict[str, tuple[Read, tree.Name]]] = {}

    def of(
        self, document: Document, read: Read, mention: Mention, *, follow: bool = True
    ) -> Meaning | None:
        """What a mention means; None for what is built in, unknown, or `x`.

        `follow`: a name that `use … as` gives means what it means in the other file.
        """
        if mention.callee is not None:
            return self._argument(document, read, mention)
        if mention.network is not None:
            return self._path(document, mention)
        if mention.symbol is not None:
            return _local(document, read, mention.symbol)
        if isinstance(read.tree, tree.Use):
            return self._in_use(document, read, mention, follow)
        return self.declared(document, mention.name, follow=follow)

    def _in_use(
        self, document: Document, read: Read, mention: Mention, follow: bool
    ) -> Meaning | None:
        assert isinstance(read.tree, tree.Use)
        if not mention.binds:
            other = self._library.used(document, read.tree)
            return None if other is None else self.declared(other, mention.name)
        return self.declared(document, mention.name, follow=follow)

    def declared(
        self, document: Document, name: str, *, follow: bool = True, steps: int = 0
    ) -> Meaning | None:
        """What a name of a file means."""
        found = self.names(document).get(name)
        if found is None or steps > _MOST_STEPS:
            return None
        read, at = found
        if not isinstance(read.tree, tree.Use):
            return Meaning(document, read, name, _kind(read), at.span)
        there = next(there for there, here in read.tree.names if here.id == name)
        if not follow and there.span != at.span:
            return Meaning(document, read, name, "constant", at.span)
        other = self._library.used(document, read.tree)
        meant = other and self.declared(other, there.id, steps=steps + 1)
        return meant or Meaning(document, read, name, "constant", at.span)

    def names(self, document: Document) -> dict[str, tuple[Read, tree.Name]]:
        """What a file defines and uses, by name."""
        known = self._names.get(id(document))
        if known is None:
            known = self._names[id(document)] = {}
            for read in document.reads():
                for name in defined_names(read):
                    known.setdefault(name.id, (read, name))
        return known

    # ── arguments and paths ──────────────────────────────────────────────────────────────────

    def parameters(self, meaning: Meaning) -> list[tuple[Meaning, tree.Parameter]]:
        """The parameters of what is called, each with what it means."""
        for _ in range(_MOST_STEPS):
            symbol, unit = meaning.symbol, meaning.read.tree
            if symbol is not None:
                return [(_parameter(meaning, p), p) for p in symbol.parameters]
            own = unit.parameters if isinstance(unit, (tree.Block, tree.Network, tree.Let)) else ()
            behind = self._behind(meaning)
            if own or behind is None:
                return [(_parameter(meaning, p), p) for p in own or ()]
            meaning = behind
        return []

    def _behind(self, meaning: Meaning) -> Meaning | None:
        """What a network stands for, or derives from."""
        unit = meaning.read.tree
        behind = unit.alias or unit.base if isinstance(unit, tree.Network) else None
        callee = behind.callee if isinstance(behind, tree.Call) else behind
        if not isinstance(callee, tree.Name):
            return None
        return self.declared(meaning.document, callee.id)

    def _argument(self, document: Document, read: Read, mention: Mention) -> Meaning | None:
        assert mention.callee is not None
        callee = mention.callee
        called = self.of(document, read, callee) if callee.name else None
        if called is None:
            return None
        found = self.parameters(called)
        return next((m for m, p in found if p.name == mention.name), None)

    def _path(self, document: Document, mention: Mention) -> Meaning | None:
        """What keeps the first name of a path, in the body that a derived network comes from."""
        assert mention.network is not None
        meaning = self.declared(document, mention.network.name.id)
        for _ in range(_MOST_STEPS):
            meaning = meaning and self._behind(meaning)
            if meaning is None:
                return None
            for symbol in bindings(meaning.read).symbols:
                if symbol.name == mention.name and symbol.kind in _KEPT:
                    return _local(meaning.document, meaning.read, symbol)
        return None


def defined_names(read: Read) -> Iterator[tree.Name]:
    """The names that a definition gives to its file."""
    match read.tree:
        case tree.Use():
            yield from (here for _, here in read.tree.names)
        case tree.Block() | tree.Network() | tree.Let():
            yield read.tree.name
        case _:
            pass


def _local(document: Document, read: Read, symbol: Symbol) -> Meaning | None:
    if symbol.kind == "given":
        return None
    return Meaning(document, read, symbol.name, symbol.kind, symbol.spans[0], symbol)


def _parameter(callee: Meaning, parameter: tree.Parameter) -> Meaning:
    at = name_of(parameter)
    own = bindings(callee.read).symbols
    symbol = next((s for s in own if s.spans[:1] == [at.span]), None)
    return Meaning(callee.document, callee.read, at.id, "parameter", at.span, symbol)


def _kind(read: Read) -> Kind:
    match read.tree:
        case tree.Block():
            return "block"
        case tree.Network():
            return "network"
        case tree.Let(parameters=tuple()):
            return "function"
        case _:
            return "constant"
