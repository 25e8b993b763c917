"""Diagnostics to the editor: soon after an edit, for the version that they were made for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lsprotocol import types

from archlang.diagnostics.model import Diagnostic, Label, Severity
from archlang.editing.document import Document
from archlang.semantics.files import Module
from archlang.server.session import Opened, Session
from archlang.server.texts import Text

if TYPE_CHECKING:
    from pathlib import PurePath

    from pygls.lsp.server import LanguageServer

logger = logging.getLogger(__name__)
PATIENCE = 0.005
"""Seconds from an edit to its analysis, in which further ones may come."""


@dataclass(frozen=True, eq=False)
class Part:
    """What one open file says of a text."""

    text: Text
    found: tuple[types.Diagnostic, ...]


@dataclass(eq=False)
class Said:
    """What is said because of one open file, about it and about those that it uses."""

    parts: dict[str, Part] = field(default_factory=dict[str, Part])
    used: frozenset[PurePath] = frozenset()


class Publisher:
    """Knows what was said of which file, and says it again when that changes."""

    def __init__(self, server: LanguageServer, session: Session) -> None:
        self._server = server
        self._session = session
        self._said: dict[str, Said] = {}
        self._waiting: set[str] = set()
        self._behind: set[str] = set()
        """Files that show shapes of another one, which was edited."""
        self._tasks: set[asyncio.Task[None]] = set()

    def edited(self, uri: str) -> None:
        """A file is new or changed: look into it, and into all that use it, soon."""
        self._soon(uri)
        opened = self._session.opened.get(uri)
        path = opened.document.path if opened else None
        for other, said in list(self._said.items()):
            if path is not None and path in said.used and other != uri:
                self._behind.add(other)
                self._soon(other)

    def all_edited(self) -> None:
        """Files on the disk have changed."""
        self._session.later(self._session.disk_changed)
        for uri in list(self._session.opened):
            self._behind.add(uri)
            self._soon(uri)

    def closed(self, uri: str) -> None:
        """A file is shown no longer; nothing is said because of it."""
        said = self._said.pop(uri, Said())
        for target in {uri, *said.parts}:
            self._publish(target)
        self.all_edited()

    def _soon(self, uri: str) -> None:
        if uri not in self._waiting:
            self._waiting.add(uri)
            task = asyncio.get_running_loop().create_task(self._look(uri))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self, uri: str) -> None:
        await asyncio.sleep(PATIENCE)
        self._waiting.discard(uri)
        opened = self._session.opened.get(uri)
        if opened is None:
            return
        text = opened.text
        try:
            said = await self._session.work(lambda: self._analysed(opened, text))
        except Exception:  # the editor has to go on, whatever it was
            logger.exception("looking into %s", uri)
            return
        if said is None or self._session.opened.get(uri) is not opened or opened.text is not text:
            return  # it was edited meanwhile, and is looked into again
        before = self._said.get(uri, Said())
        self._said[uri] = said
        for target in {uri, *before.parts, *said.parts}:
            self._publish(target)
        if uri in self._behind:
            self._behind.discard(uri)
            self._refresh_hints()

    def _refresh_hints(self) -> None:
        """Have the editor ask for shapes again, in files that it has no other reason to ask for."""
        workspace = self._server.client_capabilities.workspace
        hints = workspace.inlay_hint if workspace else None
        if hints and hints.refresh_support:
            self._server.workspace_inlay_hint_refresh(None)

    def _analysed(self, opened: Opened, text: Text) -> Said | None:
        if opened.text is not text:
            return None
        self._session.bring_up(opened, text)
        document = opened.document
        analysis = document.analysis()
        found: dict[str, tuple[Text, list[types.Diagnostic]]] = {text.uri: (text, [])}
        for problem in self._session.problems(document):
            place = self._session.text_at(document, text, problem.primary.span.source)
            place = place or text
            found.setdefault(place.uri, (place, []))[1].append(
                self._converted(problem, document, text, place)
            )
        parts = {uri: Part(at, tuple(items)) for uri, (at, items) in found.items()}
        return Said(parts, frozenset(_used(analysis.module)))

    def _publish(self, uri: str) -> None:
        """What all open files say of one; not what was said of another text of it."""
        opened = self._session.opened.get(uri)
        found: dict[str, types.Diagnostic] = {}
        for owner, said in self._said.items():
            part = said.parts.get(uri)
            if part is None or (owner != uri and opened and part.text.text != opened.text.text):
                continue
            for item in part.found:
                found.setdefault(f"{item.range} {item.code} {item.message}", item)
        version = opened.text.version if opened else None
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, list(found.values()), version)
        )

    def _converted(
        self, problem: Diagnostic, document: Document, own: Text, text: Text
    ) -> types.Diagnostic:
        related = [self._related(label, document, own) for label in problem.secondary]
        severity = types.DiagnosticSeverity
        is_error = problem.severity is Severity.ERROR
        return types.Diagnostic(
            range=text.range_of(problem.primary.span),
            message=said_in_full(problem),
            severity=severity.Error if is_error else severity.Warning,
            code=problem.code,
            source="archlang",
            related_information=[r for r in related if r is not None] or None,
        )

    def _related(
        self, label: Label, document: Document, own: Text
    ) -> types.DiagnosticRelatedInformation | None:
        text = self._session.text_at(document, own, label.span.source)
        if text is None or not label.text:
            return None
        place = types.Location(text.uri, text.range_of(label.span))
        return types.DiagnosticRelatedInformation(place, label.text)


def said_in_full(problem: Diagnostic) -> str:
    """Message, label, notes and the way out, a line each."""
    label = problem.primary.text
    lines = [problem.message, *([label] if label else []), *problem.notes]
    if problem.help:
        lines.append(f"help: {problem.help}")
    return "\n".join(lines)


def _used(module: Module) -> Iterator[PurePath]:
    waiting, seen = [module], set[int]()
    for current in waiting:
        for other in current.uses.values():
            if id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)
                if other.place is not None:
                    yield other.place.path
