"""Giving a name another one, everywhere, so that the program means the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from archlang.diagnostics.model import Fix
from archlang.editing.definitions import Read
from archlang.editing.document import Analysis, Document
from archlang.editing.library import Library, analysed, in_zoo
from archlang.editing.meanings import Meaning, Meanings, mention_at, mentions
from archlang.editing.navigation import Found, mentions_of
from archlang.editing.places import whole_offsets
from archlang.editing.sameness import essence, graphs
from archlang.semantics.builtins import METRICS, what_is
from archlang.semantics.naming import reserved
from archlang.source import Position, Span
from archlang.syntax import tree
from archlang.syntax.walk import walk

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
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
        "x",
        "target",
    ]
)


class CannotRenameError(Exception):
    """Why a name cannot be given another one, in words for the author."""


def renameable(library: Library, document: Document, position: Position) -> tuple[Meaning, Span]:
    """What the name at a place means, and where it stands there.

    Raises:
        CannotRenameError: it is no name, is built in, or belongs to a file of the zoo.
    """
    found = mention_at(document, position)
    if found is None:
        raise CannotRenameError("There is no name here that can be changed.")
    read, mention = found
    meaning = Meanings(library).of(document, read, mention, follow=False)
    if meaning is None:
        raise CannotRenameError(_why_not(mention.name))
    if in_zoo(meaning.document):
        file = meaning.document.path.name if meaning.document.path else ""
        raise CannotRenameError(
            f"{mention.name} belongs to zoo/{file}, which is shared and stays as it is; "
            f"`use {mention.name} as …` gives it another name in this file."
        )
    return meaning, mention.span


def _why_not(name: str) -> str:
    what = what_is(name)
    if what is not None:
        return f"{name} is {what} of the language and keeps its name."
    if name in ("x", "target") or name in METRICS:
        return f"{name} is a word of the language and keeps its name."
    return f"It is not known what {name} means here, so it cannot be renamed."


def rename(
    library: Library, document: Document, position: Position, name: str
) -> dict[PurePath | None, list[Fix]]:
    """The edits of each file that give the name at a place another one; None: of this document.

    Raises:
        CannotRenameError: it cannot be renamed, or the new name is taken or none.
    """
    meaning, _ = renameable(library, document, position)
    if name == meaning.name:
        return {}
    _must_be_free(library, meaning, name, document)
    found = list(mentions_of(library, meaning, document, follow=False))
    for place in found:
        if in_zoo(place.document):
            raise CannotRenameError(f"{meaning.name} is used in a file of the zoo.")
    _must_be_read(library, found, meaning, document)
    edits = _edits(found, name, document)
    _must_mean_the_same(library, document, found, name, meaning.name)
    return edits


def _must_be_read(
    library: Library, found: Iterable[Found], meaning: Meaning, document: Document
) -> None:
    """A line that cannot be read may mean the name, and would keep the old one."""
    lookup = Meanings(library)
    holders = {id(place.document) for place in found}
    word = re.compile(rf"\b{re.escape(meaning.name)}\b")
    for other in library.documents(meaning.document, document):
        if id(other) not in holders and not _knows(lookup, other, meaning):
            continue
        for read in other.reads():
            if meaning.symbol is None or read is meaning.read:
                for at in (at for at in _unread(read) if word.search(at.text)):
                    file = "" if other is document else f" of {other.name}"
                    raise CannotRenameError(
                        f"Line {at.begin.line}{file} cannot be read, so it cannot be told what "
                        f"{meaning.name} means there; mend that line first."
                    )


def _unread(read: Read) -> Iterator[Span]:
    """What stands in lines that cannot be read."""
    if read.tree is not None:
        yield from (node.span for node in walk(read.tree) if isinstance(node, tree.Unread))
    elif read.problems:
        pieces = (read.cut.header, *read.cut.statements)
        yield from (Span(piece, 0, len(piece.text)) for piece in pieces)


def _must_be_free(library: Library, meaning: Meaning, name: str, document: Document) -> None:
    if not _NAME.fullmatch(name):
        raise CannotRenameError(
            f"{name!r} is no name: letters, digits and _ make one, and no digit at its beginning."
        )
    why = reserved(name) if meaning.kind != "constant" else None
    what = what_is(name) or ("a word" if name in _WORDS or name in METRICS else None)
    if what is not None:
        raise CannotRenameError(f"{name} is {what} of the language; choose another name.")
    if why is not None:
        raise CannotRenameError(f"{name} cannot be used: {why}.")
    if meaning.kind in ("block", "network") and not name[0].isupper():
        raise CannotRenameError(f"A {meaning.kind} begins with a capital letter: {name} does not.")
    for other in library.documents(meaning.document, document):
        _must_be_free_in(other, library, meaning, name)


def _must_be_free_in(document: Document, library: Library, meaning: Meaning, name: str) -> None:
    """A name that stands anywhere near is not taken, whatever it means there."""
    lookup = Meanings(library)
    local = meaning.symbol is not None
    for read in document.reads():
        if local and read is not meaning.read:
            continue
        for mention in mentions(read):
            if mention.name == name and mention.callee is None and mention.network is None:  # noqa: SIM102  # a cheap look first
                if local or _knows(lookup, document, meaning):
                    line = mention.span.begin.line
                    where = f"line {line}" + (
                        "" if document is meaning.document else f" of {document.name}"
                    )
                    raise CannotRenameError(f"The name {name} is taken already: {where}.")


def _knows(lookup: Meanings, document: Document, meaning: Meaning) -> bool:
    if document is meaning.document:
        return True
    return any(
        lookup.declared(document, known, follow=True) == meaning for known in lookup.names(document)
    )


def _edits(found: Iterable[Found], name: str, own: Document) -> dict[PurePath | None, list[Fix]]:
    edits: dict[PurePath | None, list[Fix]] = {}
    for place in found:
        key = None if place.document is own else place.document.path
        edits.setdefault(key, []).append(Fix(place.span, name))
    return edits


# ── the same program ─────────────────────────────────────────────────────────────────────────


def _must_mean_the_same(
    library: Library, document: Document, found: list[Found], name: str, before: str
) -> None:
    """A safety net below the rules of scopes: what the files say is compared, as graphs."""
    touched = list({id(place.document): place.document for place in found}.values())
    texts = dict(library.texts)
    for one in touched:
        spans = [place.span for place in found if place.document is one]
        if one.path is not None:
            texts[one.path] = replaced(one.text, [Fix(span, name) for span in spans])
    for one in touched:
        spans = [Fix(place.span, name) for place in found if place.document is one]
        after = analysed(one, replaced(one.text, spans), texts)
        problem = _worse(analysed(one, one.text, library.texts), after)
        if problem:
            raise CannotRenameError(
                f"With {name} in the place of {before}, {one.name} would mean something else: "
                f"{problem}"
            )


def replaced(text: str, edits: Iterable[Fix]) -> str:
    """A text with edits made in it; none may lie over another."""
    for edit in sorted(edits, key=lambda e: whole_offsets(e.span), reverse=True):
        start, end = whole_offsets(edit.span)
        text = text[:start] + edit.replacement + text[end:]
    return text


def _worse(before: Analysis, after: Analysis) -> str:
    """What is wrong now that was not; empty if both mean the same."""
    known = Counter(problem.code for problem in before.problems)
    for problem in after.problems:
        if not known[problem.code]:
            return f"{problem.message} (line {problem.primary.span.begin.line})"
        known[problem.code] -= 1
    return "" if _computed(before) == _computed(after) else "another network comes of it"


def _computed(analysis: Analysis) -> list[str]:
    """What its networks compute; they may be called otherwise and stand in another order."""
    return sorted(repr(essence(graph)) for graph in graphs(analysis).values())
