"""Excuses: of a line, of a file, with reasons, idle ones and misspelt ones."""

from __future__ import annotations

import pytest

from archlang.linting import lint_text


def net(end: str, top: str = "") -> str:
    return f"{top}network N:\n    input 3x8x8\n    conv(8, 3x3) -> bn -> relu -> relu{end}\n"


def found(text: str) -> list[tuple[str, int]]:
    return [(d.code, d.primary.span.begin.line) for d in lint_text(text)]


@pytest.mark.parametrize(
    "comment",
    [
        "# lint: ignore W0501, W0503 (as in the paper)",
        "# lint: ignore W0501 W0503",
        "#lint:ignore w0501,w0503",
        "# as published  # lint: ignore W0501, W0503 (W0507 is none)",
    ],
)
def test_a_line_is_excused(comment: str) -> None:
    assert found(net("  " + comment)) == []


def test_a_file_is_excused() -> None:
    assert found(net("", "# lint: ignore-file W0501 (weights of others)\n")) == [("W0503", 4)]


def test_another_line_is_not_excused() -> None:
    text = net("") + "    gap  # lint: ignore W0501, W0503\n"
    assert sorted(found(text)) == [("W0500", 4), ("W0500", 4), ("W0501", 3), ("W0503", 3)]


def test_an_idle_excuse_is_reported_at_its_code() -> None:
    text = net("  # lint: ignore W0501, W0503, W0507")
    (idle,) = lint_text(text)
    assert (idle.code, idle.primary.span.text, idle.fix) == ("W0500", "W0507", None)


def test_a_misspelt_code_is_mended() -> None:
    text = net("  # lint: ignore W0501, W053O")
    idle = next(d for d in lint_text(text) if d.code == "W0500")
    assert idle.message == "no rule has the code W053O"
    plain = lint_text(net("  # lint: ignore"))
    assert "this excuse names no code" in [d.message for d in plain]


def test_a_text_is_no_comment() -> None:
    text = 'network N:\n    """Say # lint: ignore W0501 to excuse."""\n    input 784\n    fc(10)\n'
    assert found(text) == []


def test_a_long_line_is_excused_at_its_end() -> None:
    text = net("").replace("conv(8, 3x3)", "conv(\n        8, 3x3\n    )")
    assert found(text) == [("W0501", 3), ("W0503", 5)]
    excused = text.replace("relu -> relu", "relu -> relu  # lint: ignore W0501, W0503")
    assert found(excused) == []
