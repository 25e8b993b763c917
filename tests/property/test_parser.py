"""Whatever the text, only diagnostics come out: random text, and specs with something broken."""

from __future__ import annotations

import os
import re
import time

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archlang.compiler import check_text
from archlang.diagnostics.model import Diagnostic
from archlang.diagnostics.render import render_text

from .corpus import corpus

_TOKEN = re.compile(r"\w+|\s+|->|\*\*|\+\+|[^\w\s]")
WORDS = [
    "\narch",
    "use",
    "from",
    "let",
    "default",
    "block",
    "network",
    "input",
    "output",
    "when",
    "training",
    "assert",
    "shared",
    "replace",
    "insert\nafter",
    "before",
    "remove",
    "freeze",
    "branch",
    "dense",
    "repeat",
    "chain",
    "for",
    "in",
    "if",
    "elif",
    "else",
    "and",
    "or",
    "not",
    "true",
    "false",
    "none\nconv",
    "fc",
    "bn",
    "relu",
    "split",
    "identity",
    "project",
    "pad",
    "crop",
    "resize",
    "scale",
    "fixed",
    "x",
    "y",
    "N",
    "W",
    "Unit",
    "0",
    "1",
    "2",
    "3",
    "8",
    "3x3",
    "3x8x8\n->",
    "+",
    "-",
    "*",
    "++",
    "∘",
    "@",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "=",
    "==",
    ".",
    "#",
    '"',
    "'",
    '"""',
    "\\",
    "\n",
    "\n",
    "",
    "",
    "",
    "",
    "\t\n",
]
SLOW = int(os.environ.get("ARCHLANG_EXAMPLES", "4000"))
FEW = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=SLOW)
SECONDS = 20


def only_diagnostics(text: str) -> None:
    """Check a text: nothing is raised, it ends soon, and every diagnostic can be shown."""
    start = time.process_time()
    found = check_text(text)
    assert time.process_time() - start < SECONDS
    assert all(isinstance(d, Diagnostic) for d in found)
    for d in found:
        assert 0 <= d.primary.span.start <= d.primary.span.end <= len(d.primary.span.source.text)
    render_text(found)


def harmless(text: str) -> bool:
    """Whether a mutation did not by chance ask for a network that takes its time."""
    return not re.search(r"\*\*|\d{4}|\d\d\d\s*\*", text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A spec with a few tokens deleted, doubled, swapped or replaced, cut, or indented anew."""
    tokens = _TOKEN.findall(draw(st.sampled_from(corpus())))
    for _ in range(draw(st.integers(1, 4))):
        if not tokens:
            break
        i = draw(st.integers(0, len(tokens) - 1))
        j = draw(st.integers(0, len(tokens) - 1))
        kind = draw(
            st.sampled_from(["delete", "double", "swap", "cut", "word", "character", "indent"])
        )
        if kind == "delete":
            del tokens[i]
        elif kind == "double":
            tokens.insert(i, tokens[i])
        elif kind == "swap":
            tokens[i], tokens[j] = tokens[j], tokens[i]
        elif kind == "cut":
            del tokens[i:]
        elif kind == "word":
            tokens[i] = draw(st.sampled_from(WORDS))
        elif kind == "character":
            tokens.insert(i, draw(st.characters(codec="utf-8")))
        elif tokens[i].isspace():
            tokens[i] = "\n" + " " * draw(st.integers(0, 12))
    return "".join(tokens)


spec_like = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)
anything = st.text(st.characters(codec="utf-8"), max_size=300)


@FEW
@given(anything)
def test_random_text_gives_diagnostics(text: str) -> None:
    only_diagnostics(text)


@FEW
@given(spec_like)
def test_random_words_give_diagnostics(text: str) -> None:
    only_diagnostics("network N:\n    input 3x8x8\n    " + text)


@FEW
@given(mutated())
def test_broken_specs_give_diagnostics(text: str) -> None:
    assume(harmless(text))
    only_diagnostics(text)


@pytest.mark.slow
@MANY
@given(anything | spec_like | mutated() | mutated() | mutated())
def test_much_random_text_gives_diagnostics(text: str) -> None:
    assume(harmless(text))
    only_diagnostics(text)
