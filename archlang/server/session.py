"""What is open in an editor, and the one thread on which it is looked into."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from archlang.diagnostics.model import Diagnostic
from archlang.editing.columns import Encoding
from archlang.editing.document import Document
from archlang.editing.library import Library
from archlang.linting import lint
from archlang.server.texts import Text
from archlang.server.uris import name_of, path_of, uri_of
from archlang.source import Source, Span

logger = logging.getLogger(__name__)
CONTENT_MODIFIED = -32801
_STACK = 64 * 1024 * 1024
_Answer = TypeVar("_Answer")


@dataclass(eq=False)
class Opened:
    """A file that the editor has: its document, which belongs to the worker, and its text."""

    document: Document
    text: Text


class Session:
    """The open files. Texts belong to the protocol's thread; documents, to the worker alone."""

    def __init__(self) -> None:
        self.library = Library()
        self.opened: dict[str, Opened] = {}
        self.encoding: Encoding = "utf-16"
        before = threading.stack_size(_STACK)
        self._worker = ThreadPoolExecutor(1, "archlang")
        self._worker.submit(lambda: None).result()
        threading.stack_size(before)

    def close(self) -> None:
        """End the worker, without what it has not begun."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    # ── texts ────────────────────────────────────────────────────────────────────────────────

    def open(self, uri: str, version: int | None, text: str) -> None:
        """A file is shown."""
        document = self.library.open(path_of(uri), name_of(uri))
        opened = Opened(document, Text(uri, version, text, self.encoding))
        self.opened[uri] = opened
        self.later(lambda: self._met(opened))

    def change(
        self, uri: str, version: int | None, changes: Iterable[types.TextDocumentContentChangeEvent]
    ) -> None:
        """A file is edited; nothing of it is looked into yet."""
        opened = self.opened.get(uri)
        if opened is not None:
            opened.text = opened.text.changed(changes, version)

    def shut(self, uri: str) -> Opened | None:
        """A file is shown no longer."""
        opened = self.opened.pop(uri, None)
        if opened is not None:
            self.later(lambda: self.library.close(opened.document))
        return opened

    def _met(self, opened: Opened) -> None:
        self.bring_up(opened, opened.text)
        self.library.survey()

    def disk_changed(self) -> None:
        """Files changed outside of the editor, or are saved now."""
        self.library.forget()
        self.library.survey()

    # ── questions ────────────────────────────────────────────────────────────────────────────

    async def ask(
        self, uri: str, question: Callable[[Document, Text], _Answer], *, always: bool = False
    ) -> _Answer | None:
        """Ask of a file, as it stands now; None if it is not open.

        `always`: what is asked while typing is answered for the text of the question, even though
        that was edited since.

        Raises:
            JsonRpcException: it was edited before its turn came; the editor asks again.
        """
        opened = self.opened.get(uri)
        if opened is None:
            return None
        text = opened.text

        def answer() -> _Answer:
            if opened.text is not text and not always:
                raise JsonRpcException("the text has changed", CONTENT_MODIFIED)
            self.bring_up(opened, text)
            return question(opened.document, text)

        return await self.work(answer)

    async def work(self, job: Callable[[], _Answer]) -> _Answer:
        """Do something on the worker, in its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, job)

    def later(self, job: Callable[[], None]) -> None:
        """Do something on the worker, in its turn; nobody waits for it."""
        self._worker.submit(job)

    def bring_up(self, opened: Opened, text: Text) -> None:
        """All documents to the texts of the editor, and one to a given one; on the worker."""
        for other in list(self.opened.values()):
            wanted = text if other is opened else other.text
            self.library.update(other.document, wanted.text)

    def problems(self, document: Document) -> tuple[Diagnostic, ...]:
        """What is wrong with a document; else, what is probably not meant. On the worker."""
        analysis = document.analysis()
        return (*analysis.problems, *lint(analysis, self.library.taken(document)))

    # ── other files ──────────────────────────────────────────────────────────────────────────

    def text_of(self, document: Document) -> Text:
        """The text of any document, with its address as the editor writes it."""
        for opened in self.opened.values():
            if opened.document is document:
                text = opened.text
                if text.text == document.text:
                    return text
                return Text(text.uri, text.version, document.text, self.encoding)
        path = Path(document.path or document.name)
        return Text(self.address(path), None, document.text, self.encoding)

    def address(self, path: Path) -> str:
        """The address of a file, as the editor writes it if it has it open."""
        for uri, opened in self.opened.items():
            if opened.document.path == path:
                return uri
        return uri_of(path)

    def place_of(self, document: Document, span: Span) -> types.Location:
        """Where a span of a document stands."""
        text = self.text_of(document)
        return types.Location(text.uri, text.range_of(span))

    def text_at(self, owner: Document, own: Text, source: Source) -> Text | None:
        """The text that a span's source is of: the owner's own, or a file that it uses."""
        if source.name == owner.name:
            return own
        if source.path is None:
            return None
        return Text(self.address(Path(source.path)), None, source.text, self.encoding)
