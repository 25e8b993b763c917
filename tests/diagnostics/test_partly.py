"""A line that cannot be read hides no mistake of the other lines, and makes none up."""

from __future__ import annotations

import pytest

from archlang.compiler import check_text

BROKEN = """
let half(v) = v // 2

block Unit(C)
    conv(C, 3x3) -> covn(3)

network A:
    input 3x8x8
    y = conv(8 3x3)
    y -> Unit(half(8)) -> relu
    gap -> flatten -> fc(10, bais=false)

network B:
    input 3x8x8
    Conv2d(3)
"""


def test_names_are_checked_all_the_same() -> None:
    found = [(d.code, d.primary.span.begin.line) for d in check_text(BROKEN)]
    assert found == [("E0114", 4), ("E0101", 9), ("E0301", 11), ("E0202", 15)]


@pytest.mark.parametrize(
    ("line", "next_line"),
    [
        ("y = conv(8 3x3)", "y -> relu"),
        ("y = = conv(8)", "y -> relu"),
        ("for y in:", "conv(y)"),
        ("left right", "x -> relu -> left + right"),
    ],
)
def test_nothing_follows_from_an_unreadable_line(line: str, next_line: str) -> None:
    text = f"network N:\n    input 3x8x8\n    {line}\n    {next_line}\n"
    assert {d.primary.span.begin.line for d in check_text(text)} == {3}
