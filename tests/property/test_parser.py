"""Whatever the text, only diagnostics come out: random text, and specs with something broken."""

# ruff: noqa: SIM905  # lists of words read better as words

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
    *"arch use from let default block network input output when training assert shared".split(),
    *"replace insert after before remove freeze branch dense repeat chain for in if elif".split(),
    *"else and or not true false none conv fc bn relu split identity project pad crop".split(),
    *"resize scale fixed x y N W Unit 0 1 2 3 8 3x3 3x8x8 -> + - * ++ ∘ @ ( ) [ ] , :".split(),
    *"= == . # \\ short long dense all skips except Y Z".split(),
    *['"', "'", '"""', "\t", "\n", "\n    ", "\n        "],
]
KINDS = ["delete", "double", "swap", "cut", "word", "character", "indent"]
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
        kind = draw(st.sampled_from(KINDS))
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


LEAVES = """x y both e e[0] C 0 1 2 3 0.5 true "a" none 3x3 [1,2] [] [x,y] [Unit] conv conv(3)
    relu bn Unit Unit(3) Pipe Two split(2) project pad crop identity scale(2) fixed(project) W f
    max range range(3) same kaiming target x.channels x.shape y.stride N A shared1 same""".split()
FORMS = """({0}) {0}->{1} {0}+{1} {0}-{1} {0}*{1} {0}++{1} {0}∘{1} -{0} not-{0} {0}/{1} {0}//{1}
    {0}%{1} {0}[{1}] {0}({1})
    conv({0}) conv(3,{0}) conv(3,bias={0}) f({0}) max({0},{1}) len({0}) [{0},{1}]
    Unit({0}) project({0}) fixed({0}) range({0}) enumerate({0}) zip({0},{1}) sum({0}) round({0})
    split({0}) reshape({0}) select({0}) scale({0}) {0}==~{1} {0}<{1} int({0}) {0}.shape""".split()
LINES = """{0} | a = {0} | e[{0}] = {1} | a, b = {0} | {0} : {1} | let a = {0} | assert {0}
    | shared a = {0} | output a = {0}
    | output a = {0} when training | default {0} | for i in {0}: {1} | if {0}: {1}
    | repeat {0}: {1} | dense {0}: {1} | branch: {0} | branch add: {0} | input {0} | input b: {0}
    | replace conv1: {0} | for i, j in {0}: {1} | y + {0}""".replace("\n", " ").split("|")
BEFORE = """let C = 4
let W = project(bn)
let Pipe = conv(3) -> relu
let f(v, w=2) = v * w

block Unit(C, stride=1):
    conv(C, stride=stride) + W∘x

block Two:
    input a, b
    a + b

network A:
    input 3x8x8
    conv(3) -> relu

"""


def expressions() -> st.SearchStrategy[str]:
    """Expressions that parse, most of which mean nothing."""

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        forms = st.sampled_from([f.replace("~", "").replace("not-", "not ") for f in FORMS])
        return st.builds(lambda form, a, b: form.format(a, b), forms, inner, inner)

    return st.recursive(st.sampled_from(LEAVES), grown, max_leaves=5)


@st.composite
def meaningless(draw: st.DrawFn) -> str:
    """Specs that parse and in which everything stands in the wrong place."""
    lines = ["input 3x8x8", "y = conv(3)", "both = [x,y] -> Two", "e[0] = relu"]
    for _ in range(draw(st.integers(1, 5))):
        line = draw(st.sampled_from(LINES)).strip()
        lines.append(line.format(draw(expressions()), draw(expressions())))
    head = draw(st.sampled_from(["network N:", "network N(a=2):", "block N:", "network N from A:"]))
    return BEFORE + head + "\n" + "".join(f"    {line}\n" for line in lines)


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


@FEW
@given(meaningless())
def test_meaningless_specs_give_diagnostics(text: str) -> None:
    only_diagnostics(text)


@pytest.mark.slow
@MANY
@given(anything | spec_like | mutated() | mutated() | meaningless() | meaningless())
def test_much_random_text_gives_diagnostics(text: str) -> None:
    assume(harmless(text))
    only_diagnostics(text)
