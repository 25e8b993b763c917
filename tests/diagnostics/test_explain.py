"""Every code is explained, and its examples show what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import ModuleType

import pytest

from archlang.diagnostics.catalog import collect, problems
from archlang.diagnostics.explain import (
    UnknownCodeError,
    examples,
    explain,
    overview,
    summary,
    titles,
)
from archlang.diagnostics.model import Diagnostic, Problem, Severity

CODES = list(problems())


def check(text: str) -> list[Diagnostic]:
    """What the compiler and the linter say of a file."""
    from archlang.compiler import check_text
    from archlang.linting import lint_text

    return [*check_text(text, "example.arch"), *lint_text(text, "example.arch")]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_an_explanation(code: str) -> None:
    cls = problems()[code]
    doc = cls.__doc__ or ""
    assert re.fullmatch(r"(E0[1-9]|W0[1-9])\d\d", code)
    assert not doc.startswith(f"{cls.__name__}("), "a dataclass writes such a docstring itself"
    assert summary(cls).endswith("."), "the first line is a sentence"
    assert len(summary(cls)) <= 100
    assert titles(cls) == ["Wrong", "Right"]
    assert doc.count("Wrong") >= 1 and len(doc.splitlines()) > 6


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_has_exactly_this_mistake(code: str) -> None:
    wrong = examples(problems()[code]).wrong
    if wrong is None:
        pytest.skip("shown in words")
    found = check(wrong)
    assert code in {d.code for d in found}
    assert {d.code for d in found if d.severity is Severity.ERROR} <= {code}


@pytest.mark.parametrize("code", CODES)
def test_the_right_example_has_no_mistake(code: str) -> None:
    right = examples(problems()[code]).right
    if right is None:
        pytest.skip("shown in words")
    found = [d.code for d in check(right) if d.severity is Severity.ERROR or d.code == code]
    assert found == []


def test_most_codes_are_shown_by_files() -> None:
    # E07 is about weights, E08 and E09 about what is asked of a network: most is no part of a text
    apart = ("E07", "E08", "E09")
    of_texts = {code: cls for code, cls in problems().items() if not code.startswith(apart)}
    in_words = [code for code, cls in of_texts.items() if examples(cls).wrong is None]
    assert len(in_words) < len(of_texts) / 5


def test_explain_shows_summary_text_and_both_examples() -> None:
    text = explain("e0401 ")
    assert text.startswith("E0401 (error): A window is larger than what it slides over.\n\n")
    assert "\n\nWrong:\n    network N:\n        input 3x7x7\n        conv(8, 9x9, pad=0)" in text
    assert text.endswith(
        "Right:\n    network N:\n        input 3x7x7\n"
        "        conv(8, 7x7, pad=0) -> flatten -> fc(10)"
    )


def test_a_range_lists_its_codes() -> None:
    assert explain("E04").splitlines()[0] == "E0401  A window is larger than what it slides over."
    assert explain("E04") == overview("E04")
    assert len(overview().splitlines()) == len(CODES)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("E0477", "there is no code 'E0477'; did you mean E0407?"),
        ("E04O1", "there is no code 'E04O1'; did you mean E0401 or E0411?"),
        ("banana", "there is no code 'banana'; a code looks like E0402"),
        ("", "there is no code ''; a code looks like E0402"),
    ],
)
def test_an_unknown_code_gives_suggestions(code: str, words: str) -> None:
    with pytest.raises(UnknownCodeError) as raised:
        explain(code)
    assert str(raised.value) == words


class Example(Problem):
    """A summary.

    A paragraph: with colons.

    Wrong:
        network N:
            input 3

            relu6

    More words.

    Right (shown in words):
        save it as UTF-8
    """


def test_examples_are_taken_out_of_the_docstring() -> None:
    assert titles(Example) == ["Wrong", "Right"]
    assert examples(Example) == ("network N:\n    input 3\n\n    relu6\n", None)


def test_two_classes_cannot_claim_one_code() -> None:
    @dataclass(frozen=True)
    class One(Problem):
        code = "E0999"

    @dataclass(frozen=True)
    class Two(Problem):
        code = "E0999"

    module = ModuleType(__name__)
    module.__dict__.update(One=One, Two=Two)
    with pytest.raises(ValueError, match=r"E0999 is claimed by .*One and .*Two"):
        collect([module])
    module.__dict__.update(Two=One)
    assert collect([module]) == {"E0999": One}
