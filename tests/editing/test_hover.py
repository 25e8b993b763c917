"""What hover says: the manual, and figures that agree with the summary's."""

from __future__ import annotations

import re

import pytest

from archlang.analysis.summary import summarise
from archlang.editing.document import Document
from archlang.editing.functions import FUNCTION_HELP, METRIC_HELP
from archlang.editing.hover import hover
from archlang.ops.registry import builtin
from archlang.semantics.builtins import FUNCTIONS, METRICS
from archlang.source import Position
from archlang.tooling.manual import call

from .texts import every_text

SPEC = """\
let W = project(bn)
let widths = [16 * i for i in range(1, 3)]

block Basic(C, stride=1):
    \"\"\"A <b>unit</b> of `two`.\"\"\"
    Z = conv(C, 3x3, stride=stride, init=kaiming) -> bn
    Z + W∘x -> relu  # conv

network N(classes=10):
    input 3x32x32
    for c in widths:
        Basic(c, stride=2)
    gap -> flatten -> fc(max(classes, 2))
    assert params > 10
"""


def page(line: int, word: str, text: str = SPEC) -> str:
    document = Document("a.arch")
    document.update(text)
    written = text.split("\n")[line - 1]
    match = re.search(rf"(?<!\w){word}\b", written)
    assert match is not None
    found = hover(document, Position(line, match.start() + 1))
    if found is None:
        return ""
    assert found.span.text == word
    assert found.span.begin == (line, match.start() + 1)
    return found.markdown


@pytest.mark.parametrize(
    ("line", "word", "said"),
    [
        (6, "kaiming", ["kaiming(mode=", "kaiming_normal_"]),
        (6, "stride", ["stride=1", "an argument of `conv("]),
        (6, "C", ["a parameter", "`16` (1), `32` (1)"]),
        (7, "Z", ["Z : 16x16x16", "`32x8x8`", "line 6"]),
        (7, "x", ["x : 3x32x32", "`16x16x16`"]),
        (7, "W", ["let W = project(bn)", "`project(bn)`: `3x32x32` → `16x16x16`"]),
        (1, "project", ["project(norm=none", "option B"]),
        (4, "Basic", ["block Basic(C, stride=1)", "2 uses", "C=16, stride=2", "`N: basic2`"]),
        (12, "Basic", ["2 uses"]),
        (9, "N", ["network N(classes=10)", "`3x32x32` → `10`"]),
        (11, "widths", ["= `[16, 32]`"]),
        (11, "c", ["the loop"]),
        (13, "max", ["max(a, b)"]),
        (13, "classes", ["classes=10", "a parameter"]),
        (14, "params", ["Trainable"]),
    ],
)
def test_words_are_explained(line: int, word: str, said: list[str]) -> None:
    found = page(line, word)
    assert [text for text in said if text not in found] == []


def test_words_of_comments_and_texts_mean_nothing() -> None:
    assert page(7, "conv") == ""
    assert page(5, "unit") == ""


def test_no_character_of_a_docstring_is_markup() -> None:
    found = page(4, "Basic")
    assert "\\<b\\>unit" in found
    assert "\\`two\\`" in found


def test_figures_of_a_layer_are_those_of_the_summary() -> None:
    document = Document("a.arch")
    document.update(SPEC)
    graph = document.analysis().networks["N"].graph
    assert graph is not None
    rows = [r for r in summarise(graph).rows if r.line == 6 and r.kind == "conv"]
    row, total = rows[0], sum(r.params for r in rows)
    found = page(6, "conv")
    assert f"- parameters {row.params:,}\n" in found
    assert f"- MACs {row.macs:,}\n" in found
    assert f"- receptive field {row.field.text()}, stride 2\n" in found
    assert f"- path `{row.path}`" in found
    assert f"(2): `16x16x16`, `32x8x8`, {total:,} parameters" in found
    assert f"- parameters {graph.params:,}\n" in page(9, "N")


@pytest.mark.parametrize("name", sorted(builtin()))
def test_every_layer_has_its_manual_line(name: str) -> None:
    op = builtin()[name]
    text = f"network N:\n    input {op.example_input}\n    {op.example or name}\n"
    if re.search(rf"(?<!\w){name}\b", text.split("\n")[2]):
        found = page(3, name, text)
        assert call(op, name) in found
        assert "→" in found or name == "identity"  # which makes no step


def test_every_function_and_measure_is_explained() -> None:
    assert FUNCTION_HELP.keys() == FUNCTIONS.keys()
    assert METRIC_HELP.keys() == set(METRICS)


def test_a_line_that_cannot_be_read_is_explained_word_by_word() -> None:
    broken = SPEC.replace("gap -> flatten ->", "gap -> flatten -> (")
    assert "fc(" in page(13, "fc", broken)
    assert "uses" in page(12, "Basic", broken)


def test_no_place_of_any_spec_is_too_much() -> None:
    for name, text in list(every_text().items())[::12]:
        document = Document(name)
        document.update(text)
        for number, line in enumerate(document.text.split("\n")[:60], 1):
            for match in re.finditer(r"\b\w", line):
                hover(document, Position(number, match.start() + 1))


def test_uses_that_leave_a_default_count_and_operators_are_written_as_in_specs() -> None:
    text = (
        "block U(C, stride=1, W=project(bn)):\n    conv(C, 3x3, stride=stride) + W∘x\n\n"
        "network N:\n    input 3x8x8\n    U(4)\n    U(8, stride=2)\n    2 * U(8)\n"
    )
    assert "`1` (3), `2` (1)" in page(1, "stride", text)
    assert "W=project(bn)" in page(1, "U", text)
