"""From a line and a column to what stands there, and to an editor's way of counting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlang.editing.columns import Columns, Place
from archlang.editing.document import Document
from archlang.editing.places import (
    definition_at,
    piece_at,
    pieces_between,
    spot,
    statement_of,
    uses,
    whole_offsets,
)
from archlang.source import Position
from archlang.syntax import tree

from .texts import every_text

SPEC = """\
# a comment

let C = 8

block Unit(C, stride=1):
    Y = x -> conv(C, 3x3, stride=stride)

    for i in range(2):
        if i == 0:
            relu -> bn
    conv(C,
        3x3)
    broken = conv(C

network N:
    input 3x8x8
    2 * Unit(8)
"""


@pytest.fixture
def document() -> Document:
    found = Document("a.arch")
    found.update(SPEC)
    return found


def kinds(document: Document, line: int, column: int) -> list[str]:
    found = spot(document.reads(), Position(line, column))
    return [] if found is None else [type(node).__name__ for node in found.path]


def test_lines_belong_to_pieces_and_blank_ones_to_none(document: Document) -> None:
    reads = document.reads()
    first = [(n, piece_at(reads, n)) for n in range(1, SPEC.count("\n") + 1)]
    found = {n: place[1].text.split("\n")[0].strip() for n, place in first if place}
    assert {1, 2, 4, 7, 14}.isdisjoint(found)
    assert found[10] == "for i in range(2):"
    assert found[12] == "conv(C,"
    assert piece_at(reads, 99) is None
    between = [piece.text.strip() for _, piece in pieces_between(reads, 12, 16)]
    assert [text.split("\n")[0] for text in between] == [
        *("conv(C,", "broken = conv(C", "network N:", "input 3x8x8"),
    ]
    unit = definition_at(reads, 7)
    assert unit is not None
    assert isinstance(unit.tree, tree.Block)
    assert definition_at(reads, 1) is None


def test_the_path_leads_to_the_innermost_node(document: Document) -> None:
    assert kinds(document, 6, 14) == ["Block", "Step", "Pipe", "Call", "Name"]
    assert kinds(document, 6, 18) == kinds(document, 6, 14)  # just behind the word
    assert kinds(document, 6, 28) == ["Block", "Step", "Pipe", "Call", "Argument"]
    assert kinds(document, 5, 7) == ["Block", "Name"]
    assert kinds(document, 10, 21)[-2:] == ["Pipe", "Name"]
    assert kinds(document, 13, 6) == ["Block", "Step", "Name"]
    assert kinds(document, 13, 16)[-1] == "Unread"


def test_statements_lie_around_a_place(document: Document) -> None:
    found = spot(document.reads(), Position(10, 21))
    assert found is not None
    assert [type(s).__name__ for s in found.statements] == ["For", "If", "Step"]
    assert found.unit is not None
    assert found.unit.name.id == "Unit"
    assert found.word is not None
    assert (found.word.text, found.word.span.begin) == ("bn", (10, 21))
    assert not found.in_header


def test_words_are_known_where_a_line_cannot_be_read(document: Document) -> None:
    found = spot(document.reads(), Position(13, 17))
    assert found is not None
    assert found.word is not None
    assert found.word.text == "conv"
    assert isinstance(found.node, tree.Unread)


def test_offsets_of_spans_count_in_the_whole_text(document: Document) -> None:
    for name, text in (("spec", SPEC), *list(every_text().items())[:60]):
        document.update(text)
        for read in document.reads():
            for piece in read.cut.statements:
                statement = statement_of(read, piece)
                if statement is not None:
                    start, end = whole_offsets(statement.span)
                    assert document.text[start:end] == statement.span.text, name


def test_uses_of_a_block_are_those_of_the_networks(document: Document) -> None:
    found = document.analysis()
    unit, network = (d.tree for d in found.definitions[1:])
    assert isinstance(unit, tree.Block)
    assert isinstance(network, tree.Network)
    assert [use.scope.kind for use in uses(found, network)] == ["network"]
    assert len(uses(found, unit)) == 2  # the line between them is broken, and passed over


# ── columns ──────────────────────────────────────────────────────────────────────────────────


def test_an_editor_counts_in_utf_16() -> None:
    columns = Columns("a😀é∘b\nx")
    assert columns.place(Position(1, 5)) == (0, 5)
    assert columns.position((0, 5)) == (1, 5)
    assert columns.position((0, 2)) == (1, 2)  # within the surrogate pair
    assert Columns("a😀b", "utf-8").place(Position(1, 3)) == (0, 5)
    assert Columns("a😀b", "utf-32").place(Position(1, 3)) == (0, 2)


def test_an_editor_counts_a_byte_order_mark_and_lone_carriage_returns() -> None:
    columns = Columns("\ufeffa\rb\r\nc")
    assert columns.place(Position(1, 1)) == (0, 1)
    assert columns.place(Position(1, 3)) == (1, 0)
    assert columns.place(Position(2, 1)) == (2, 0)
    assert columns.position((1, 1)) == (1, 4)
    assert columns.position((0, 0)) == (1, 1)
    assert columns.position((9, 9)) == (2, 2)


@given(st.text("aé😀\n\r ∘", max_size=30), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_places_turn_round(text: str, encoding: str) -> None:
    columns = Columns(text, encoding)  # pyright: ignore[reportArgumentType]
    for offset in range(len(text) + 1):
        place = columns.place_of(offset)
        assert isinstance(place, Place)
        line = text[: columns.offset_of((place.line, 0))]
        codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
        unit = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
        assert place.character == len(text[len(line) : offset].encode(codec)) // unit
        if text[offset - 1 : offset + 1] != "\r\n":
            assert columns.offset_of(place) == offset
