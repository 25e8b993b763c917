"""Cutting a text: the pieces say what the whole says, and keep their identity where they can."""

from __future__ import annotations

import pytest

from archlang.diagnostics.model import Diagnostics
from archlang.editing.document import Document
from archlang.editing.pieces import Pieces, cut, said_at
from archlang.source import Source
from archlang.syntax.parse import parse

from .texts import every_text

TWO = "block A:\n    relu\n    bn\n\nnetwork N:\n    input 3x8x8\n    A\n"


def test_the_pieces_of_every_spec_give_the_tree_of_the_whole() -> None:
    read = 0
    for name, text in every_text().items():
        file = parse(Source(name, text), Diagnostics())
        if file is not None:
            document = Document(name)
            document.update(text)
            assert tuple(r.tree for r in document.reads()) == file.definitions, name
            read += 1
    assert read > 300


def test_spans_count_lines_of_the_whole_text() -> None:
    for name, text in every_text().items():
        sink = Diagnostics()
        file = parse(Source(name, text), sink)
        if file is None:
            continue
        document = Document(name)
        document.update(text)
        for mine, whole in zip(document.reads(), file.definitions, strict=True):
            assert mine.tree is not None
            assert mine.tree.span.begin == whole.span.begin, name
            body, own = getattr(whole, "body", None), getattr(mine.tree, "body", None)
            for a, b in zip(
                body.statements if body else (), own.statements if own else (), strict=True
            ):
                assert (a.span.begin, a.span.finish) == (b.span.begin, b.span.finish), name


def test_pieces_are_the_same_objects_where_their_lines_are_the_same() -> None:
    pieces = Pieces("a")
    before = cut(TWO, "a", pieces)
    after = cut("# a comment\n\n" + TWO.replace("bn", "ln"), "a", pieces)
    assert after[0].header is before[0].header
    assert after[0].statements[0] is before[0].statements[0]
    assert after[0].statements[1] is not before[0].statements[1]
    assert after[1] == before[1]
    assert after[1].header.anchor.lines == 6
    assert after[1].header.position(0).line == 7


@pytest.mark.parametrize("line", ["    conv(8, [", '    """', "    conv(8, '", "    x = (", "  ]"])
def test_what_is_left_open_spoils_no_other_definition(line: str) -> None:
    whole = cut(TWO, "a")
    broken = cut(TWO.replace("    bn", line), "a")
    assert [c.header.text for c in broken] == [c.header.text for c in whole]
    assert [p.text for p in broken[1].statements] == [p.text for p in whole[1].statements]
    assert broken[0].statements[0].text == "    relu"


def test_carriage_returns_belong_to_line_ends() -> None:
    pieces = cut(TWO.replace("\n", "\r\n"), "a")
    assert [p.text for c in pieces for p in (c.header, *c.statements)] == [
        *("block A:", "    relu", "    bn", "network N:", "    input 3x8x8", "    A"),
    ]
    assert pieces[1].header.anchor.lines == 4


def test_words_in_texts_and_comments_are_none() -> None:
    text = 'use A from "conv.arch"  # conv'
    assert [said_at(text, at) for at in (5, 13, 24, 28)] == [False, True, False, True]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('block A:\n    """doc\n    relu\n    bn\n', 'block A:\n    """doc\n    relu\n    bn"""\n'),
        ("let a = [1,\n\nlet b = 2\n", "let a = [1,\n\n2]\nlet b = 2\n"),
        ("block A:\n    relu\n\n    bn\n", "block A:\n    relu\n      bn\n    bn\n"),
        (
            "block A:\n    if a:\n        bn\n",
            "block A:\n    if a:\n        bn\n    else:\n        x\n",
        ),
    ],
)
def test_what_stands_far_below_may_change_a_line_above(before: str, after: str) -> None:
    pieces = Pieces("a")
    for text in (before, after, before):
        said = [
            (p.text, p.anchor) for c in cut(text, "a", pieces) for p in (c.header, *c.statements)
        ]
        assert said == [
            (p.text, p.anchor) for c in cut(text, "a") for p in (c.header, *c.statements)
        ]
