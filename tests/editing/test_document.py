"""A file while it is edited: as right as a fresh look at it, whatever was typed before."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archlang.compiler import check, check_text
from archlang.diagnostics.model import Diagnostic, Diagnostics
from archlang.editing import document as documents
from archlang.editing.document import Document
from archlang.editing.hints import hints
from archlang.source import Position, Source
from archlang.syntax.parse import parse

from .texts import edited, every_text

MANY = int(os.environ.get("ARCHLANG_EXAMPLES", "4000"))
RUNS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SPEC = """\
let H = 32
let C = 8

block Unit(C):
    conv(C, 3x3)
    relu

network A:
    input 3xHxH
    Unit(C)
    gap -> flatten -> fc(10)

network B:
    input 3x16x16
    Unit(16)
"""


def opened(text: str, path: Path | None = None) -> Document:
    document = Document("a.arch" if path is None else str(path), path)
    document.update(text)
    return document


def facts(found: Any) -> list[tuple[str, Position, Position, str]]:
    items: list[Diagnostic] = list(found)
    return [(d.code, d.primary.span.begin, d.primary.span.finish, d.message) for d in items]


def view(document: Document) -> tuple[Any, ...]:
    """All that a document says."""
    said = document.analysis()
    labels = [
        (
            d.help,
            d.fix and (d.fix.span.begin, d.fix.replacement),
            d.primary.text,
            *((label.span.source.name, label.span.begin, label.text) for label in d.secondary),
        )
        for d in said.problems
    ]
    spans = [getattr(getattr(r.tree, "body", None), "statements", ()) for r in said.definitions]
    return (
        [r.tree for r in said.definitions],
        [[(s.span.begin, s.span.finish) for s in body] for body in spans],
        facts(said.problems),
        labels,
        hints(said),
        {n: (e.whole, e.graph and len(e.graph.nodes)) for n, e in said.networks.items()},
    )


# ── oracles ──────────────────────────────────────────────────────────────────────────────────


def test_every_spec_has_the_mistakes_that_the_compiler_finds() -> None:
    """Where a line cannot be read the compiler looks no further; an editor does."""
    for name, text in every_text().items():
        said, found = facts(check_text(text, name)), facts(opened(text).analysis().problems)
        if parse(Source(name, text), Diagnostics()) is None:
            assert set(said) <= set(found), name
        else:
            assert said == found, name


def runs_of_edits(seed: int) -> None:
    draw = random.Random(seed)
    texts = [t for t in every_text().values() if len(t) < 2_000 and "10**" not in t]
    text = draw.choice(texts) + ("\n" + draw.choice(texts) if draw.random() < 0.4 else "")
    text = text.replace("\n", "\r\n") if draw.random() < 0.1 else text
    document = opened(text)
    document.analysis()
    for _ in range(draw.randrange(1, 6)):
        text = edited(draw, text)
        document.update(text)
        if draw.random() < 0.3:
            document.reads()
        hints(document.analysis())
    assert view(document) == view(opened(text))


@RUNS
@given(st.integers(0, 2**32))
def test_after_edits_a_document_says_what_a_fresh_one_says(seed: int) -> None:
    runs_of_edits(seed)


@pytest.mark.slow
@settings(RUNS, max_examples=MANY)
@given(st.integers(0, 2**32))
def test_after_many_edits_too(seed: int) -> None:
    runs_of_edits(seed)


def test_the_property_sees_a_document_that_forgets_what_its_lines_rest_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A canary: networks that are never expanded again."""
    monkeypatch.setattr(documents.Grounds, "hold", lambda *_: True)
    document = opened(SPEC)
    before = view(document)
    document.update(SPEC.replace("H = 32", "H = 64"))
    assert view(document)[4] == before[4]
    assert view(document) != view(opened(document.text))


# ── what an edit changes ─────────────────────────────────────────────────────────────────────


def test_what_an_edit_does_not_touch_is_kept() -> None:
    document = opened(SPEC)
    before = document.analysis()
    document.update(SPEC.replace("fc(10)", "fc(12)"))
    after = document.analysis()
    assert after.networks["B"] is before.networks["B"]
    assert after.networks["A"] is not before.networks["A"]
    assert after.definitions[2] is before.definitions[2]


def test_a_line_like_many_others_leaves_the_other_definitions_alone() -> None:
    text = "".join(f"block U{i}:\n    relu\n    conv(8)\n\n" for i in range(20))
    document = opened(text)
    before = document.reads()
    document.update(text.replace("    relu\n", "    relu\n    relu\n", 1))
    assert document.reads()[1:] == before[1:]
    document.update("# moved\n\n" + text[text.index("block U1:") :])
    assert document.reads() == before[1:]


def test_constants_in_sizes_and_the_order_of_constants_count() -> None:
    document = opened(SPEC)
    document.analysis()
    document.update(SPEC.replace("H = 32", "H = 64"))
    assert {h.label for h in hints(document.analysis(), 9, 9)} == {"3x64x64"}
    first, second = "let P = 4\n", "let Q = P * 2\n"
    rest = "\nnetwork N:\n    input 3x8x8\n    conv(Q, 3x3)\n"
    document = opened(first + second + rest)
    assert document.analysis().problems == ()
    document.update(second + first + rest)
    assert view(document) == view(opened(second + first + rest))


def test_of_two_with_one_name_the_first_counts() -> None:
    twice = SPEC + "\nnetwork A:\n    input 3x8x8\n    Nothing\n"
    document = opened(twice)
    document.analysis()
    document.update(twice.replace("fc(10)", "fc(wrong)"))
    assert view(document) == view(opened(document.text))
    assert "wrong" in " ".join(message for *_, message in facts(document.analysis().problems))


@pytest.mark.parametrize(
    ("line", "broken"),
    [("    conv(C, 3x3)", "    conv(C, "), ("    gap -> flatten -> fc(10)", "    gap ->")],
)
def test_a_half_written_line_leaves_the_others_as_they_were(line: str, broken: str) -> None:
    wrong = SPEC.replace("    Unit(16)", "    Unit(16, 2)")
    document = opened(wrong.replace(line, broken))
    codes = [d.code for d in document.analysis().problems]
    assert facts(check_text(wrong))[0] in facts(document.analysis().problems)
    assert sum(code.startswith("E01") for code in codes) == 1
    lines = {h.line for h in hints(document.analysis())}
    assert lines >= {9}


def test_tabs_among_blanks_are_one_mistake_and_the_rest_is_read() -> None:
    document = opened(SPEC.replace("    Unit(16)", "\tUnit(16)"))
    assert [d.code for d in document.analysis().problems] == ["E0103"]
    assert {9, 10, 11} <= {h.line for h in hints(document.analysis())}


def test_a_byte_order_mark_is_left_out() -> None:
    assert view(opened("\ufeff" + SPEC)) == view(opened(SPEC))


def test_a_text_that_is_too_large_says_so_and_nothing_else() -> None:
    document = opened("# " + "x" * 1_000_001)
    assert [d.code for d in document.analysis().problems] == ["E0607"]
    assert document.analysis().definitions == ()


# ── files that are used ──────────────────────────────────────────────────────────────────────


def test_used_files_may_change_break_and_vanish(tmp_path: Path) -> None:
    part = tmp_path / "part.arch"
    path = tmp_path / "net.arch"
    text = 'use Part from "part.arch"\n\nnetwork N:\n    input 3x8x8\n    Part\n'
    path.write_text(text)
    document = opened(text, path)
    for content in (
        "block Part:\n    conv(8, 3x3)\n",
        "block Part:\n    conv(16, 3x3)\n",
        "block Part:\n    conv(16, \n",
        None,
        "block Part:\n    conv(16, 3x3)\n",
        "block Other:\n    relu\n",
        "block Part:\n    unknown\n",
        'use N from "net.arch"\nblock Part:\n    relu\n',
    ):
        part.unlink(missing_ok=True)
        if content is not None:
            part.write_text(content)
        document.forget_files()
        assert view(document) == view(opened(text, path))
        assert facts(document.analysis().problems) == facts(check(path))
    part.write_text("block Part:\n    conv(4, 1x1)\n")
    document.forget_files()
    assert [h.label for h in hints(document.analysis())] == ["4x8x8"]


# ── memory ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_memory_stays_flat_over_a_thousand_edits() -> None:
    draw = random.Random(7)
    document = opened(SPEC)

    def storm(count: int) -> int:
        for number in range(count):
            text = edited(draw, SPEC) if number % 2 else SPEC.replace("10", str(number))
            document.update(text)
            hints(document.analysis())
        document.update(SPEC)
        document.analysis()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = storm(200)
        last = storm(1_000)
    finally:
        tracemalloc.stop()
    assert last - first < 1_000_000, f"{last - first:,} bytes more after 1,000 edits"


HEADERS = {
    "a name": ("network D\n", ["E0114"]),
    "a bracket": ("network Digits(cl\n", ["E0102"]),
    "no body": ("network Digits(classes=10):\n", ["E0106"]),
    "no colon": ("network N\n    input 3x8x8\n    conv(4)\n", ["E0114"]),
    "a block in use": (
        "block U(C:\n    conv(C)\n\nnetwork N:\n    input 3x8x8\n    U(4)\n",
        ["E0101"],
    ),
    "a size": ("network N:\n    input 3xHxW\n    conv(4) + x\n    x -> relu\n", ["E0201"]),
}


@pytest.mark.parametrize(("text", "codes"), HEADERS.values(), ids=HEADERS)
def test_what_is_half_typed_is_one_mistake(text: str, codes: list[str]) -> None:
    assert [problem.code for problem in opened(text).analysis().problems] == codes
