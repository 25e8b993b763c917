"""An editor without a screen: a real client that speaks with `archlang lsp` over its stdin."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

PATIENCE = 60.0
"""Seconds after which an answer is taken for lost."""
_CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Editor:
    """Open files with their texts, and what the server said of them."""

    def __init__(self, folder: Path, encoding: str) -> None:
        self.folder = folder
        self.encoding = encoding
        self.client = LanguageClient("tests", "1")
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.said: defaultdict[str, list[lsp.PublishDiagnosticsParams]] = defaultdict(list)
        self.refreshed = 0
        """How often the server wanted the shapes to be asked for again."""
        self.shown: list[str] = []
        """What popped up."""
        self._news = asyncio.Condition()

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def said(params: lsp.PublishDiagnosticsParams) -> None:
            async with self._news:
                self.said[params.uri].append(params)
                self._news.notify_all()

        @self.client.feature(lsp.WORKSPACE_INLAY_HINT_REFRESH)
        def refresh(_: None) -> None:
            self.refreshed += 1

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE)
        def shown(params: lsp.ShowMessageParams) -> None:
            self.shown.append(params.message)

    async def start(self) -> lsp.InitializeResult:
        """Start the server and agree with it."""
        await self.client.start_io(sys.executable, "-m", "archlang", "lsp")
        general = lsp.GeneralClientCapabilities(position_encodings=[self.encoding])
        snippets = lsp.ClientCompletionItemOptions(snippet_support=True)
        completion = lsp.CompletionClientCapabilities(completion_item=snippets)
        document = lsp.TextDocumentClientCapabilities(completion=completion)
        hints = lsp.InlayHintWorkspaceClientCapabilities(refresh_support=True)
        workspace = lsp.WorkspaceClientCapabilities(inlay_hint=hints)
        result = await self.client.initialize_async(
            lsp.InitializeParams(
                capabilities=lsp.ClientCapabilities(
                    general=general, text_document=document, workspace=workspace
                ),
                workspace_folders=[lsp.WorkspaceFolder(self.folder.as_uri(), "tests")],
            )
        )
        self.client.initialized(lsp.InitializedParams())
        return result

    async def stop(self) -> int | None:
        """End as the protocol wants it; the exit code of the server."""
        await self.client.shutdown_async(None)
        self.client.exit(None)
        process: Any = self.client._server  # pygls shows it in no other way
        code = await asyncio.wait_for(process.wait(), PATIENCE)
        await self.client.stop()
        return code

    @property
    def pid(self) -> int:
        """The server's."""
        return self.client._server.pid  # type: ignore[union-attr]  # it is started

    # ── texts ────────────────────────────────────────────────────────────────────────────────

    def uri(self, name: str) -> str:
        """The address of a file of the workspace."""
        return (self.folder / name).as_uri()

    def item(self, name: str) -> lsp.TextDocumentIdentifier:
        """A file, as requests name it."""
        return lsp.TextDocumentIdentifier(self.uri(name))

    def open(self, name: str, text: str) -> None:
        """Show a text."""
        self.texts[name], self.versions[name] = text, 1
        item = lsp.TextDocumentItem(self.uri(name), "arch", 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def close(self, name: str) -> None:
        """Show it no longer."""
        del self.texts[name], self.versions[name]
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(self.item(name)))

    def replace(self, name: str, start: int, end: int, new: str) -> None:
        """Type: characters from `start` to `end` become others."""
        text = self.texts[name]
        span = lsp.Range(self.place(text, start), self.place(text, end))
        change = lsp.TextDocumentContentChangePartial(text=new, range=span)
        self.texts[name] = text[:start] + new + text[end:]
        self.versions[name] += 1
        item = lsp.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name))
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(item, [change]))

    def put(self, name: str, text: str) -> None:
        """Replace the whole text."""
        self.replace(name, 0, len(self.texts[name]), text)

    # ── places, counted by Python's own codecs ───────────────────────────────────────────────

    def units(self, text: str) -> int:
        """How long a text is to this editor."""
        codec, size = _CODECS[self.encoding]
        return len(text.encode(codec)) // size

    def place(self, text: str, offset: int) -> lsp.Position:
        """Where a character stands."""
        line = text.count("\n", 0, offset)
        return lsp.Position(line, self.units(text[text.rfind("\n", 0, offset) + 1 : offset]))

    def at(self, name: str, found: str, beyond: int = 0, number: int = 0) -> lsp.Position:
        """Where a word of a text stands; its `number`-th occurrence, `beyond` characters in."""
        offset = -1
        for _ in range(number + 1):
            offset = self.texts[name].index(found, offset + 1)
        return self.place(self.texts[name], offset + beyond)

    def offset(self, text: str, place: lsp.Position) -> int:
        """The character that stands at a place."""
        start = 0
        for _ in range(place.line):
            start = text.index("\n", start) + 1
        offset = start
        while self.units(text[start:offset]) < place.character:
            offset += 1
        return offset

    def inside(self, name: str, span: lsp.Range) -> str:
        """What stands in a range."""
        text = self.texts[name]
        return text[self.offset(text, span.start) : self.offset(text, span.end)]

    def edited(self, text: str, edits: list[lsp.TextEdit]) -> str:
        """A text with the edits made that a server proposes."""
        for edit in sorted(edits, key=lambda e: e.range.start, reverse=True):
            start, end = (self.offset(text, p) for p in (edit.range.start, edit.range.end))
            text = text[:start] + edit.new_text + text[end:]
        return text

    # ── what is said ─────────────────────────────────────────────────────────────────────────

    async def diagnostics(
        self, name: str, when: Callable[[list[lsp.Diagnostic]], bool] = lambda _: True
    ) -> list[lsp.Diagnostic]:
        """What is said of the present version of a file, once it is what is waited for."""
        uri = self.uri(name)

        def there() -> bool:
            last = self.said[uri][-1:]
            return bool(
                last
                and last[0].version in (self.versions.get(name), None)
                and when(list(last[0].diagnostics))
            )

        async with self._news:
            await asyncio.wait_for(self._news.wait_for(there), PATIENCE)
        return list(self.said[uri][-1].diagnostics)

    async def codes(self, name: str, *wanted: str) -> list[str]:
        """The codes that are said of a file; waits for those that are wanted."""
        match: Callable[[list[lsp.Diagnostic]], bool] = lambda found: (  # noqa: E731  # used once
            not wanted or [d.code for d in found] == list(wanted)
        )
        return [str(d.code) for d in await self.diagnostics(name, match)]


def edit(
    folder: Path, session: Callable[[Editor], Awaitable[None]], encoding: str = "utf-16"
) -> None:
    """Run a session in an editor of its own, and hold that the server ends well."""

    async def run() -> None:
        editor = Editor(folder, encoding)
        await editor.start()
        await session(editor)
        assert await editor.stop() == 0

    asyncio.run(asyncio.wait_for(run(), 600))
