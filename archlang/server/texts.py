"""The text of an open file in one version, and the next one that an edit makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from lsprotocol import types

from archlang.editing.columns import BYTE_ORDER_MARK, Columns, Encoding
from archlang.source import Position, Span


@dataclass(frozen=True, eq=False)
class Text:
    """What the editor shows, and how it counts places in it."""

    uri: str
    version: int | None
    whole: str
    """As the editor has it, with a byte-order mark if there is one."""
    encoding: Encoding

    @cached_property
    def text(self) -> str:
        """What the language reads."""
        return self.whole.removeprefix(BYTE_ORDER_MARK)

    @cached_property
    def columns(self) -> Columns:
        """Places in it, both ways."""
        return Columns(self.whole, self.encoding)

    def changed(
        self, changes: Iterable[types.TextDocumentContentChangeEvent], version: int | None
    ) -> Text:
        """The next version: each change is made in what the one before it left."""
        now = self
        for change in changes:
            whole = change.text
            if isinstance(change, types.TextDocumentContentChangePartial):
                start = now.columns.offset_of(_pair(change.range.start))
                end = max(start, now.columns.offset_of(_pair(change.range.end)))
                whole = now.whole[:start] + change.text + now.whole[end:]
            now = Text(self.uri, version, whole, self.encoding)
        return Text(self.uri, version, now.whole, self.encoding)

    # ── places ───────────────────────────────────────────────────────────────────────────────

    def position(self, place: types.Position) -> Position:
        """What the language calls a place in the editor."""
        return self.columns.position(_pair(place))

    def place(self, position: Position) -> types.Position:
        """What the editor calls a position."""
        line, character = self.columns.place(position)
        return types.Position(line, character)

    def range(self, begin: Position, finish: Position) -> types.Range:
        """What the editor calls a stretch."""
        return types.Range(self.place(begin), self.place(finish))

    def range_of(self, span: Span) -> types.Range:
        """Where a span of this text stands."""
        return self.range(span.begin, span.finish)

    @property
    def end(self) -> types.Position:
        """The place behind the last character."""
        line, character = self.columns.place_of(len(self.whole))
        return types.Position(line, character)


def _pair(place: types.Position) -> tuple[int, int]:
    return place.line, place.character
