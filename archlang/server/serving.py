"""The language server: what the editor asks, and who answers. Answers stand in other modules."""

# pyright: reportUnusedFunction=false
# (each is registered by its decorator)

from __future__ import annotations

import logging
from typing import Any
from typing import Protocol as Structure

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from archlang import __version__
from archlang.editing.colours import MODIFIERS, TYPES
from archlang.editing.columns import Encoding
from archlang.server import answers, changing
from archlang.server.completing import TRIGGERS, completions, resolved
from archlang.server.preview import Previews
from archlang.server.publishing import Publisher
from archlang.server.session import Session
from archlang.server.uris import path_of

logger = logging.getLogger(__name__)
PREVIEW = "archlang.preview"
"""The command that answers with the address of the page that follows a file."""
_FILES = "**/*.arch"
_LEGEND = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))
_ENCODINGS: dict[types.PositionEncodingKind, Encoding] = {
    types.PositionEncodingKind.Utf8: "utf-8",
    types.PositionEncodingKind.Utf16: "utf-16",
    types.PositionEncodingKind.Utf32: "utf-32",
}


class Protocol(LanguageServerProtocol):
    """The protocol, with an answer also to a request that cannot be read: somebody waits for it."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message as an object, or an error to whoever sent it."""
        try:
            return super().structure_message(data)  # pyright: ignore[reportUnknownMemberType]  # pygls
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())  # pyright: ignore[reportUnknownMemberType]  # pygls
            raise


class ArchServer(LanguageServer):
    """A language server with its session, what it publishes, and the pages it serves."""

    def __init__(self) -> None:
        super().__init__("archlang", __version__, protocol_cls=Protocol)  # pyright: ignore[reportUnknownMemberType]  # pygls
        self.session = Session()
        self.publisher = Publisher(self, self.session)
        self.previews = Previews()

    def report_server_error(self, error: Exception, source: type[Exception]) -> None:
        """A message that breaks the protocol is nothing that an author could mend."""
        logger.error("%s: %s", source.__name__, error)

    def close(self) -> None:
        """End the worker and all pages."""
        self.previews.close()
        self.session.close()


def server() -> ArchServer:
    """A server with all its features; `start_io()` begins to serve."""
    made = ArchServer()
    _life(made)
    _texts(made)
    _reading(made)
    _names(made)
    _writing(made)
    return made


def _life(server: ArchServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        folders = [folder.uri for folder in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [params.root_uri]
        paths = (path_of(uri) for uri in folders)
        server.session.library.folders = [path for path in paths if path is not None]

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        chosen = server.server_capabilities.position_encoding
        kind = types.PositionEncodingKind(chosen) if chosen else types.PositionEncodingKind.Utf16
        server.session.encoding = _ENCODINGS[kind]
        _watch_files(server)

    @server.feature(types.SHUTDOWN)
    def shutdown(_: None) -> None:
        server.close()


def _watch_files(server: ArchServer) -> None:
    """Ask to be told of files that change outside of the editor, if the editor can."""
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if watched is None or not watched.dynamic_registration:
        return
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(_FILES)])
    wanted = types.Registration("archlang.files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    server.client_register_capability(types.RegistrationParams([wanted]))


def _texts(server: ArchServer) -> None:
    session, publisher = server.session, server.publisher

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        session.open(item.uri, item.version, item.text)
        publisher.edited(item.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        item = params.text_document
        session.change(item.uri, item.version, params.content_changes)
        publisher.edited(item.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        session.shut(params.text_document.uri)
        publisher.closed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: types.DidSaveTextDocumentParams) -> None:
        publisher.all_edited()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files(_: types.DidChangeWatchedFilesParams) -> None:
        publisher.all_edited()


def _reading(server: ArchServer) -> None:
    """What is shown of a file."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        at = params.position
        return await session.ask(_uri(params), lambda d, t: answers.hover(d, t, at))

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hints(params: types.InlayHintParams) -> list[types.InlayHint] | None:
        lines = params.range
        return await session.ask(_uri(params), lambda d, t: answers.inlay_hints(d, t, lines))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(
        params: types.DocumentSymbolParams,
    ) -> list[types.DocumentSymbol] | None:
        return await session.ask(_uri(params), answers.symbols)

    @server.feature(types.WORKSPACE_SYMBOL)
    async def search(params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        return await session.work(lambda: answers.workspace_symbols(session, params.query))

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding(params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
        return await session.ask(_uri(params), lambda d, _: answers.folding(d))

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, _LEGEND)
    async def tokens(params: types.SemanticTokensParams) -> types.SemanticTokens | None:
        return await session.ask(_uri(params), answers.tokens)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, _LEGEND)
    async def some_tokens(
        params: types.SemanticTokensRangeParams,
    ) -> types.SemanticTokens | None:
        lines = params.range
        return await session.ask(_uri(params), lambda d, t: answers.tokens(d, t, lines))

    @server.command(PREVIEW)
    async def preview(uri: str) -> str:
        return await session.work(lambda: server.previews.url(uri))


def _names(server: ArchServer) -> None:
    """What a name means, where it stands, and what else it may be called."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> types.Location | None:
        at = params.position
        return await session.ask(
            _uri(params), lambda d, t: answers.definition_of(session, d, t, at)
        )

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location] | None:
        at, own = params.position, params.context.include_declaration
        return await session.ask(
            _uri(params), lambda d, t: answers.references_of(session, d, t, at, declaration=own)
        )

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlights(
        params: types.DocumentHighlightParams,
    ) -> list[types.DocumentHighlight] | None:
        at = params.position
        return await session.ask(
            _uri(params), lambda d, t: answers.highlights_of(session, d, t, at)
        )

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepared(
        params: types.PrepareRenameParams,
    ) -> types.PrepareRenamePlaceholder | None:
        at = params.position
        return await session.ask(_uri(params), lambda d, t: changing.prepared(session, d, t, at))

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def renamed(params: types.RenameParams) -> types.WorkspaceEdit | None:
        at, name = params.position, params.new_name
        return await session.ask(
            _uri(params), lambda d, t: changing.renamed(session, d, t, at, name)
        )


def _writing(server: ArchServer) -> None:
    """What helps to write: completion, arguments, repairs, the format."""
    session = server.session

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(trigger_characters=list(TRIGGERS), resolve_provider=True),
    )
    async def complete(params: types.CompletionParams) -> types.CompletionList | None:
        at, snippets = params.position, _has_snippets(server)
        return await session.ask(
            _uri(params),
            lambda d, t: completions(session, d, t, at, snippets=snippets),
            always=True,
        )

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    def resolve(item: types.CompletionItem) -> types.CompletionItem:
        return resolved(item)

    @server.feature(
        types.TEXT_DOCUMENT_SIGNATURE_HELP,
        types.SignatureHelpOptions(trigger_characters=["(", ","]),
    )
    async def signature(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
        at = params.position
        return await session.ask(
            _uri(params), lambda d, t: answers.signature_help(d, t, at), always=True
        )

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions([types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]),
    )
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        return await session.ask(
            _uri(params), lambda d, t: changing.code_actions(session, d, t, params)
        )

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatted(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        return await session.ask(_uri(params), changing.formatted)


def _has_snippets(server: ArchServer) -> bool:
    """Whether the editor fills in places of what it inserts."""
    document = server.client_capabilities.text_document
    completion = document.completion if document else None
    item = completion.completion_item if completion else None
    return bool(item and item.snippet_support)


class _OfText(Structure):
    """Parameters of a request that is about one text."""

    @property
    def text_document(self) -> types.TextDocumentIdentifier: ...


def _uri(params: _OfText) -> str:
    return params.text_document.uri
