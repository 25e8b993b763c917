"""Edits that the server proposes: repairs, renaming, formatting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from pathlib import Path, PurePath

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from archlang.diagnostics.model import Diagnostic, Fix, SpecError
from archlang.editing.document import Document
from archlang.editing.renaming import CannotRenameError, rename, renameable
from archlang.editing.repairs import Repair, all_fixes, repairs
from archlang.linting.linter import codes
from archlang.linting.repairing import repairable, together
from archlang.server.session import Session
from archlang.server.texts import Text

_REFUSED = -32803
"""The protocol's code for a request that is right, but cannot be done."""


def code_actions(
    session: Session, document: Document, text: Text, params: types.CodeActionParams
) -> list[types.CodeAction]:
    """The repairs of the problems that touch a stretch, and that of all at once."""
    only = params.context.only
    own = [p for p in session.problems(document) if _is_own(document, p)]
    found: list[types.CodeAction] = []
    if _wanted(types.CodeActionKind.QuickFix, only):
        near = [p for p in own if _touch(text.range_of(p.primary.span), params.range)]
        told = params.context.diagnostics
        found += [
            _action(session, document, text, repair, told)
            for repair in repairs(_repairable(document, near))
        ]
    if _wanted(types.CodeActionKind.SourceFixAll, only):
        fixes = [fix for fix in _together(document, own) if fix.span.source.name == document.name]
        found += [
            types.CodeAction(
                "Make all repairs of this file",
                kind=types.CodeActionKind.SourceFixAll,
                edit=workspace_edit({text: fixes}),
            )
        ] * bool(fixes)
    return found


def _repairable(document: Document, problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Problems, but those findings whose repair would do more than it says."""
    findings = [p for p in problems if p.code in codes()]
    sound = repairable(document, findings)
    return [p for p in problems if p not in findings or p in sound]


def _together(document: Document, problems: Sequence[Diagnostic]) -> list[Fix]:
    findings = [p for p in problems if p.code in codes()]
    return [*all_fixes(p for p in problems if p not in findings), *together(document, findings)]


def _is_own(document: Document, problem: Diagnostic) -> bool:
    return problem.primary.span.source.name == document.name


def _wanted(kind: types.CodeActionKind, only: Iterable[str] | None) -> bool:
    return only is None or any(kind == o or kind.value.startswith(f"{o}.") for o in only)


def _touch(a: types.Range, b: types.Range) -> bool:
    return a.start <= b.end and b.start <= a.end


def _action(
    session: Session,
    document: Document,
    text: Text,
    repair: Repair,
    shown: Iterable[types.Diagnostic],
) -> types.CodeAction:
    at = text.range_of(repair.diagnostic.primary.span)
    code = repair.diagnostic.code
    texts: dict[Text, list[Fix]] = {}
    for fix in repair.edits:
        place = session.text_at(document, text, fix.span.source) or text
        texts.setdefault(place, []).append(fix)
    return types.CodeAction(
        repair.title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[d for d in shown if d.code == code and d.range == at] or None,
        is_preferred=repair.preferred or None,
        edit=workspace_edit(texts),
    )


def workspace_edit(texts: Mapping[Text, Iterable[Fix]]) -> types.WorkspaceEdit:
    """The edits of several texts, in a form that every editor understands."""
    changes = {
        text.uri: [types.TextEdit(text.range_of(fix.span), fix.replacement) for fix in fixes]
        for text, fixes in texts.items()
    }
    return types.WorkspaceEdit(changes=changes)


# ── renaming ─────────────────────────────────────────────────────────────────────────────────


def prepared(
    session: Session, document: Document, text: Text, at: types.Position
) -> types.PrepareRenamePlaceholder:
    """The name at a place, if it can be renamed.

    Raises:
        JsonRpcException: it cannot; its text says why.
    """
    try:
        _, span = renameable(session.library, document, text.position(at))
    except CannotRenameError as error:
        raise JsonRpcException(str(error), _REFUSED) from None
    return types.PrepareRenamePlaceholder(text.range_of(span), span.text)


def renamed(
    session: Session, document: Document, text: Text, at: types.Position, name: str
) -> types.WorkspaceEdit:
    """The edits that give a name another one everywhere.

    Raises:
        JsonRpcException: it cannot be renamed so; its text says why.
    """
    try:
        edits = rename(session.library, document, text.position(at), name)
    except CannotRenameError as error:
        raise JsonRpcException(str(error), _REFUSED) from None
    return workspace_edit({_text_at(session, path, text): fixes for path, fixes in edits.items()})


def _text_at(session: Session, path: PurePath | None, own: Text) -> Text:
    other = session.library.document(Path(path)) if path is not None else None
    return own if other is None else session.text_of(other)


# ── formatting ───────────────────────────────────────────────────────────────────────────────


def formatted(document: Document, text: Text) -> list[types.TextEdit]:
    """The edits, line by line, that `archlang fmt` would make; none of a text with mistakes."""
    from archlang.formatting import format_text

    try:
        wanted = format_text(text.text)
    except SpecError:
        return []
    return line_edits(text, wanted)


def line_edits(text: Text, wanted: str) -> list[types.TextEdit]:
    """What turns a text into another one, and leaves the lines alone that are the same.

    Line ends stay what they are in the editor, which is where they are chosen.
    """
    before = text.text.splitlines(keepends=True)
    if "\r\n" in text.text:
        wanted = wanted.replace("\n", "\r\n")
    after = wanted.splitlines(keepends=True)
    mark = len(text.whole) - len(text.text)
    starts = list(accumulate(map(len, before), initial=mark))
    edits: list[types.TextEdit] = []
    for i, j, k, m in _changed(before, after):
        places = [types.Position(*text.columns.place_of(starts[at])) for at in (i, j)]
        edits.append(types.TextEdit(types.Range(*places), "".join(after[k:m])))
    return edits


def _changed(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """The lines from `i` to `j` that become those from `k` to `m`.

    What is the same at both ends is left out first; in long files lines that stand there often,
    such as blank ones, hold nothing in its place, since comparing them all with all takes long.
    """
    first = _common(before, after)
    last = _common(before[first:][::-1], after[first:][::-1])
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    for what, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if what != "equal":
            yield i + first, j + first, k + first, m + first


def _common(a: list[str], b: list[str]) -> int:
    """How many lines at the beginning are the same."""
    differ = (n for n, (one, other) in enumerate(zip(a, b, strict=False)) if one != other)
    return next(differ, min(len(a), len(b)))
