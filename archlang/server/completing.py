"""Completion in the words of the protocol."""

from __future__ import annotations

import re

from lsprotocol import types

from archlang.editing.completion import complete
from archlang.editing.document import Document
from archlang.editing.offers import Offer, documentation
from archlang.server.session import Session
from archlang.server.texts import Text
from archlang.source import Position

_KINDS = {
    "layer": types.CompletionItemKind.Function,
    "block": types.CompletionItemKind.Struct,
    "network": types.CompletionItemKind.Class,
    "operator": types.CompletionItemKind.Operator,
    "function": types.CompletionItemKind.Function,
    "constant": types.CompletionItemKind.Constant,
    "tensor": types.CompletionItemKind.Variable,
    "parameter": types.CompletionItemKind.TypeParameter,
    "argument": types.CompletionItemKind.Field,
    "keyword": types.CompletionItemKind.Keyword,
    "value": types.CompletionItemKind.EnumMember,
    "path": types.CompletionItemKind.Property,
    "file": types.CompletionItemKind.File,
    "attribute": types.CompletionItemKind.Property,
}
_AT_TOP = re.compile(r"(?:use|arch)\b")
TRIGGERS = (".", "(", ",", "=", "∘", "@", '"', "/")


def completions(
    session: Session, document: Document, text: Text, at: types.Position, *, snippets: bool
) -> types.CompletionList:
    """What may be written at a place."""
    position = text.position(at)
    found = complete(session.library, document, position)
    begin = text.place(Position(position.line, position.column - found.length))
    end = text.place(Position(position.line, position.column + found.behind))
    range_ = types.Range(begin, end)
    top = _place_of_use(text.text)
    items = [
        _item(offer, range_, number, top, snippets=snippets)
        for number, offer in enumerate(found.offers)
    ]
    return types.CompletionList(is_incomplete=False, items=items)


def _place_of_use(text: str) -> int:
    """The line, from 0, in which a further `use` is written: below the others, or at the top."""
    found = [n for n, line in enumerate(text.split("\n"), 1) if _AT_TOP.match(line)]
    return found[-1] if found else 0


def _item(
    offer: Offer, range_: types.Range, number: int, top: int, *, snippets: bool
) -> types.CompletionItem:
    place = types.Position(top, 0)
    use = types.TextEdit(types.Range(place, place), f"{offer.use}\n") if offer.use else None
    is_snippet = snippets and bool(offer.snippet)
    doc = types.MarkupContent(types.MarkupKind.Markdown, offer.doc) if offer.doc else None
    return types.CompletionItem(
        label=offer.label,
        kind=_KINDS[offer.kind],
        detail=offer.detail or None,
        documentation=doc,
        sort_text=f"{number:04}",
        filter_text=offer.label,
        insert_text_format=types.InsertTextFormat.Snippet if is_snippet else None,
        text_edit=types.TextEdit(range_, offer.snippet if is_snippet else offer.label),
        additional_text_edits=[use] if use else None,
        data={"layer": offer.label} if offer.kind == "layer" else None,
    )


def resolved(item: types.CompletionItem) -> types.CompletionItem:
    """The same with its documentation, which is asked for only of what is looked at."""
    name = item.data.get("layer") if isinstance(item.data, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if isinstance(name, str) and item.documentation is None:
        page = documentation(name)
        first, _, rest = page.partition("\n\n")
        markdown = f"```arch\n{first}\n```\n\n{rest}"
        item.documentation = types.MarkupContent(types.MarkupKind.Markdown, markdown)
    return item
