"""Random programs in random layout, and every spec: formatting changes nothing but layout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archlang.diagnostics.catalog import problems
from archlang.diagnostics.explain import examples
from archlang.diagnostics.model import SpecError
from archlang.formatting import format_text
from archlang.formatting.guard import essence
from archlang.formatting.texts import hold_same

from .checks import hold_good_format, parsed, too_wide
from .programs import program

ROOT = Path(__file__).parents[2]
SPECS = sorted(
    f for place in ("specs", "examples", "tests") for f in (ROOT / place).rglob("*.arch")
)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MANY = 10_000


def texts() -> list[str]:
    """The corpus: files, blocks of the docs, examples of the catalogue; those that parse."""
    found = [file.read_bytes().decode(errors="replace") for file in SPECS]
    for page in PAGES:
        found += re.findall(r"```arch\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for cls in problems().values():
        found += [example for example in examples(cls) if example is not None]
    return [text for text in found if len(text) < 50_000 and parsed(text.replace("\r\n", "\n"))]


def test_the_corpus() -> None:
    corpus = texts()
    assert len(corpus) > 250
    for text in corpus:
        assert not too_wide(hold_good_format(text))


def hold_all(seeds: range) -> int:
    """Hold it of the programs of some numbers; how many of them parse."""
    sound = 0
    for seed in seeds:
        text = program(seed)
        if parsed(text.replace("\r\n", "\n")) is None:
            continue
        sound += 1
        assert not too_wide(hold_good_format(text)), seed
    return sound


def test_random_programs() -> None:
    assert hold_all(range(200)) > 150


@pytest.mark.slow
def test_ten_thousand_random_programs() -> None:
    assert hold_all(range(200, 200 + MANY * 5 // 4)) >= MANY


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=10**6))
def test_programs_that_hypothesis_chooses(seed: int) -> None:
    hold_all(range(seed, seed + 1))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab(),[]=:#\"'\\\n\t ->+x3", max_size=40))
def test_any_text_is_formatted_or_has_mistakes(text: str) -> None:
    try:
        formatted = format_text(text)
    except SpecError as error:
        assert all(d.code != "E0119" for d in error.diagnostics)
    else:
        assert format_text(formatted) == formatted


@pytest.mark.parametrize(
    "other",
    [
        "network N:\n    input 3x8x8\n    conv(8, -3)  # a\n",
        "network N:\n    input 3x8x8\n    conv(8, 3)\n",
        "network N:\n    input 3x8x8\nconv(8, 3)  # a\n",
        "network N:\n    input 3x8x8 conv(8, 3)  # a\n",
        "network N:\n    input 3x8x8\n    conv(8, 3)  # b\n",
        "network N:\n    input 3x8x8\n",
    ],
)
def test_the_guard_notices_a_change(other: str) -> None:
    text = "network N:\n  input 3x8x8\n  conv(8,3,) # a\n"
    hold_same(text, format_text(text), "text")
    with pytest.raises(SpecError, match="E0119"):
        hold_same(text, other, "text")


def test_a_change_of_the_guard_is_one_of_the_tree() -> None:
    # the guard reads texts without the parser; where it sees no difference there is none
    sources = [text for text in map(program, range(25)) if parsed(text.replace("\r\n", "\n"))]
    for text in sources:
        plain = text.replace("\r\n", "\n")
        broken = re.sub(r"\bconv\b", "bn", plain, count=1)
        assert (essence(broken) == essence(plain)) == (broken == plain)
