"""Fixes put into a text: those that do not overlap, again and again until nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from archlang.diagnostics.model import Diagnostic, Fix
from archlang.editing.document import Analysis, Document
from archlang.editing.library import OpenTexts, analysed
from archlang.editing.sameness import Kept, sound
from archlang.linting.linter import lint
from archlang.linting.written import offset

MOST_TURNS = 20
"""A fix may make room for another one; more turns than this are never needed."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A text after its repair."""

    text: str
    count: int
    """How many fixes were applied."""
    left: tuple[Diagnostic, ...]
    """What is still to be said of it."""
    refused: tuple[Diagnostic, ...]
    """Whose fix would have made a mistake, such as an assert that no longer holds, or another
    network of one that names its layers by their numbers."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A fix in the whole text: `replacement` for what stands from `start` to `end`."""

    start: int
    end: int
    replacement: str


def repair(
    document: Document,
    elsewhere: frozenset[str] = frozenset(),
    codes: frozenset[str] | None = None,
    users: Sequence[Document] = (),
) -> Repaired:
    """Repair a document by all fixes, or those of some codes, that leave it what it is.

    That is: without errors, and with networks that compute the same, but for the biases and the
    layers that are taken out. So are `users`, the files that use it, as they will read it.
    """
    count = 0
    bad: set[tuple[str, Edit]] = set()
    refused: tuple[Diagnostic, ...] = ()
    for _ in range(MOST_TURNS):
        found = lint(document.analysis(), elsewhere)
        asked = [d for d in found if codes is None or d.code in codes]
        wanted = {(d.code, edit_of(d.fix)): d for d in asked if d.fix is not None}
        refused = tuple(d for key, d in wanted.items() if key in bad)
        chosen = _apart([key for key in wanted if key not in bad])
        if not chosen:
            break
        trial = Trial(document, users)
        taken = trial.best([edit for _, edit in chosen])
        document.update(with_edits(document.text, taken))
        if taken:
            count += len(taken)
            bad = set()  # offsets have moved
        else:
            bad.update(chosen)
    return Repaired(document.text, count, lint(document.analysis(), elsewhere), refused)


class Trial:
    """Edits of a document on trial; the document itself stays as it is."""

    def __init__(self, document: Document, users: Sequence[Document] = ()) -> None:
        self._document = document
        self._users = users
        self._texts = {u.path: u.text for u in (document, *users) if u.path is not None}
        self._scratch = Document(document.name, document.path, OpenTexts(self._texts))
        self._scratch.update(document.text)
        self._passed: dict[tuple[Edit, ...], bool] = {}
        self._kept = Kept(self._scratch.analysis(), document.name)
        self._kept_by_users = [
            Kept(analysed(user, user.text, self._texts), document.name) for user in users
        ]

    def best(self, edits: Sequence[Edit]) -> list[Edit]:
        """All edits if they leave the files what they are, else those one by one that do."""
        if self.passes(edits):
            return list(edits)
        taken: list[Edit] = []
        for edit in edits:
            if self.passes([*taken, edit]):
                taken.append(edit)
        return taken

    def passes(self, edits: Sequence[Edit]) -> bool:
        """Whether edits that do not overlap leave the files what they are."""
        key = tuple(edits)
        if key not in self._passed:
            self._passed[key] = self._tried(edits)
        return self._passed[key]

    def _tried(self, edits: Sequence[Edit]) -> bool:
        text = with_edits(self._document.text, edits)
        gone = [(edit.start, edit.end) for edit in edits if not edit.replacement]
        self._scratch.update(text)
        after = self._scratch.analysis()
        if not sound(after) or not self._kept.in_(after, gone):
            return False
        path = self._document.path
        texts = self._texts if path is None else {**self._texts, path: text}
        for user, kept in zip(self._users, self._kept_by_users, strict=True):
            after = analysed(user, user.text, texts)
            if not sound(after) or not kept.in_(after, gone):
                return False
        return True


_trials: WeakKeyDictionary[Analysis, Trial] = WeakKeyDictionary()


def repairable(document: Document, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Of findings those whose fixes, each alone, leave a document what it is."""
    fixes = [(d, edit_of(d.fix)) for d in found if d.fix is not None]
    return [d for d, edit in fixes if _trial(document).passes([edit])] if fixes else []


def together(document: Document, found: Iterable[Diagnostic]) -> list[Fix]:
    """Of the fixes of findings those that, all made, leave a document what it is."""
    fixes = {(d.code, edit_of(d.fix)): d.fix for d in found if d.fix is not None}
    apart = _apart(list(fixes))
    if not apart:
        return []
    taken = _trial(document).best([edit for _, edit in apart])
    return [fix for (_, edit), fix in fixes.items() if edit in taken]


def _trial(document: Document) -> Trial:
    """One for all that is asked of a version of a document."""
    analysis = document.analysis()
    if analysis not in _trials:
        _trials[analysis] = Trial(document)
    return _trials[analysis]


def edit_of(fix: Fix) -> Edit:
    """A fix as a change of the whole text."""
    start = offset(fix.span)
    return Edit(start, start + fix.span.end - fix.span.start, fix.replacement)


def with_edits(text: str, edits: Sequence[Edit]) -> str:
    """A text after edits that do not overlap; a line of which nothing is left is taken out."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        start, end = edit.start, edit.end
        if not edit.replacement:
            start, end = _whole_line(text, start, end)
        text = text[:start] + edit.replacement + text[end:]
    return text


def _whole_line(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines from `start` to `end` with their ends, if nothing else stands in them."""
    begin = text.rfind("\n", 0, start) + 1
    finish = text.find("\n", end)
    finish = len(text) if finish < 0 else finish + 1
    alone = not text[begin:start].strip() and not text[end:finish].strip()
    return (begin, finish) if alone else (start, end)


def _apart(wanted: Sequence[tuple[str, Edit]]) -> list[tuple[str, Edit]]:
    """Those that do not overlap, from the beginning of the text on."""
    chosen: list[tuple[str, Edit]] = []
    for key in sorted(wanted, key=lambda key: (key[1].start, key[1].end)):
        if not chosen or key[1].start > chosen[-1][1].end:
            chosen.append(key)
    return chosen
