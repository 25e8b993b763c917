"""Where a name is given its meaning, and everywhere that it is mentioned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archlang.editing.document import Document
from archlang.editing.library import Library
from archlang.editing.meanings import Meaning, Meanings, mention_at, mentions
from archlang.editing.places import spot
from archlang.source import Position, Source, Span
from archlang.syntax import tree


class Found(NamedTuple):
    """A place in a document."""

    document: Document
    span: Span
    binds: bool = False
    """Whether the name is given its meaning there."""


def meaning_at(library: Library, document: Document, position: Position) -> Meaning | None:
    """What the name at a place means; None where there is none, or it is built in."""
    found = mention_at(document, position)
    return None if found is None else Meanings(library).of(document, *found)


def definition(library: Library, document: Document, position: Position) -> Found | None:
    """Where the name at a place is given its meaning; of the text behind `use`, that file."""
    file = _used_file(library, document, position)
    if file is not None:
        return file
    meaning = meaning_at(library, document, position)
    return None if meaning is None else Found(meaning.document, meaning.span, binds=True)


def references(library: Library, document: Document, position: Position) -> list[Found]:
    """Every mention of what the name at a place means, also in the files that use this one."""
    meaning = meaning_at(library, document, position)
    return [] if meaning is None else list(mentions_of(library, meaning, document))


def highlights(library: Library, document: Document, position: Position) -> list[Found]:
    """The mentions in this document alone."""
    meaning = meaning_at(library, document, position)
    if meaning is None:
        return []
    return list(_in_document(Meanings(library), meaning, document, follow=True))


def mentions_of(
    library: Library, meaning: Meaning, *near: Document, follow: bool = True
) -> Iterator[Found]:
    """Every mention of a meaning in the library and in the documents given."""
    lookup = Meanings(library)
    for document in library.documents(meaning.document, *near):
        yield from _in_document(lookup, meaning, document, follow)


def _in_document(
    lookup: Meanings, meaning: Meaning, document: Document, follow: bool
) -> Iterator[Found]:
    """Without `follow`, a name that `use … as` gives is another one."""
    seen: set[Span] = set()
    for read in document.reads():
        if meaning.symbol is not None and not (
            read is meaning.read or meaning.kind in ("parameter", "tensor", "shared", "output")
        ):
            continue
        for mention in mentions(read):
            if mention.span in seen or not (follow or mention.name == meaning.name):
                continue
            if lookup.of(document, read, mention, follow=follow) == meaning:
                seen.add(mention.span)
                yield Found(document, mention.span, mention.binds)


def _used_file(library: Library, document: Document, position: Position) -> Found | None:
    place = spot(document.reads(), position)
    if place is None or not isinstance(place.read.tree, tree.Use):
        return None
    at = place.read.tree.file.span
    if not at.start <= place.offset <= at.end:
        return None
    other = library.used(document, place.read.tree)
    return other and Found(other, Span(Source(other.name, other.text), 0, 0))
