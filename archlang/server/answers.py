"""Answers in the words of the protocol: places, hovers, hints, symbols, tokens, folds."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from archlang.editing.colours import colours, encoded
from archlang.editing.document import Document
from archlang.editing.folding import folds
from archlang.editing.hints import hints
from archlang.editing.navigation import Found, definition, highlights, references
from archlang.editing.outline import Entry, outline, search
from archlang.editing.signatures import signature
from archlang.server.session import Session
from archlang.server.texts import Text
from archlang.source import Position

_SYMBOLS = {
    "network": types.SymbolKind.Class,
    "block": types.SymbolKind.Struct,
    "constant": types.SymbolKind.Constant,
    "function": types.SymbolKind.Function,
    "parameter": types.SymbolKind.TypeParameter,
    "variable": types.SymbolKind.Variable,
    "tensor": types.SymbolKind.Variable,
    "output": types.SymbolKind.Property,
    "shared": types.SymbolKind.Field,
    "given": types.SymbolKind.Variable,
}


def hover(document: Document, text: Text, at: types.Position) -> types.Hover | None:
    """What is known of the word at a place."""
    from archlang.editing.hover import hover as look

    found = look(document, text.position(at))
    if found is None:
        return None
    content = types.MarkupContent(types.MarkupKind.Markdown, found.markdown)
    return types.Hover(content, text.range_of(found.span))


def signature_help(
    document: Document, text: Text, at: types.Position
) -> types.SignatureHelp | None:
    """The arguments of the call around a place."""
    found = signature(document, text.position(at))
    if found is None:
        return None
    labels = range(len(found.arguments))
    parameters = [types.ParameterInformation(found.label_span(number)) for number in labels]
    doc = types.MarkupContent(types.MarkupKind.Markdown, found.doc) if found.doc else None
    information = types.SignatureInformation(found.label, doc, parameters, found.active)
    return types.SignatureHelp([information], 0, found.active)


def inlay_hints(document: Document, text: Text, lines: types.Range) -> list[types.InlayHint]:
    """The shape that each line gives, at its end."""
    found = hints(document.analysis(), lines.start.line + 1, lines.end.line + 1)
    return [
        types.InlayHint(
            position=text.place(_position(hint.line, hint.column)),
            label=hint.label,
            kind=types.InlayHintKind.Type,
            padding_left=True,
            tooltip=hint.tooltip or None,
        )
        for hint in found
    ]


def _position(line: int, column: int) -> Position:
    return Position(line, column)


# ── names ────────────────────────────────────────────────────────────────────────────────────


def definition_of(
    session: Session, document: Document, text: Text, at: types.Position
) -> types.Location | None:
    """Where a name is given its meaning."""
    found = definition(session.library, document, text.position(at))
    return None if found is None else session.place_of(found.document, found.span)


def references_of(
    session: Session, document: Document, text: Text, at: types.Position, *, declaration: bool
) -> list[types.Location]:
    """Where a name is mentioned."""
    found = references(session.library, document, text.position(at))
    return [session.place_of(f.document, f.span) for f in found if declaration or not f.binds]


def highlights_of(
    session: Session, document: Document, text: Text, at: types.Position
) -> list[types.DocumentHighlight]:
    """Where a name is mentioned in this file."""
    found: Iterable[Found] = highlights(session.library, document, text.position(at))
    kind = types.DocumentHighlightKind
    return [
        types.DocumentHighlight(text.range_of(f.span), kind.Write if f.binds else kind.Read)
        for f in found
    ]


# ── the whole file ───────────────────────────────────────────────────────────────────────────


def symbols(document: Document, text: Text) -> list[types.DocumentSymbol]:
    """The outline."""
    return [_symbol(entry, text) for entry in outline(document)]


def _symbol(entry: Entry, text: Text) -> types.DocumentSymbol:
    at = text.range_of(entry.at)
    whole = text.range(min(entry.begin, entry.at.begin), max(entry.finish, entry.at.finish))
    children = [_symbol(child, text) for child in entry.children]
    kind = _SYMBOLS[entry.kind]
    return types.DocumentSymbol(
        entry.name, kind, whole, at, detail=entry.detail, children=children or None
    )


def workspace_symbols(session: Session, query: str) -> list[types.WorkspaceSymbol]:
    """Networks, blocks and constants of all files."""
    return [
        types.WorkspaceSymbol(
            session.place_of(document, entry.at), entry.name, _SYMBOLS[entry.kind]
        )
        for document, entry in search(session.library, query)
    ]


def folding(document: Document) -> list[types.FoldingRange]:
    """What can be folded."""
    return [
        types.FoldingRange(fold.first - 1, fold.last - 1, kind=types.FoldingRangeKind(fold.kind))
        for fold in folds(document)
    ]


def tokens(
    document: Document, text: Text, lines: types.Range | None = None
) -> types.SemanticTokens:
    """What each word is, in all lines or some."""
    first = lines.start.line + 1 if lines else 1
    last = lines.end.line + 1 if lines else None
    found: list[tuple[int, int, int, str, frozenset[str]]] = []
    for token in colours(document, first, last):
        place = text.place(token.begin)
        length = text.columns.units(token.text)
        found.append((place.line, place.character, length, token.type, token.modifiers))
    return types.SemanticTokens(encoded(found))
