"""What an editor shows of a whole file, and what it offers: in sound texts and in broken ones."""

from __future__ import annotations

import random

import pytest

from archlang.diagnostics.model import Diagnostics
from archlang.editing.colours import MODIFIERS, TYPES, Token, colours, encoded
from archlang.editing.completion import complete
from archlang.editing.document import Document
from archlang.editing.folding import folds
from archlang.editing.hints import hints
from archlang.editing.hover import hover
from archlang.editing.library import Library
from archlang.editing.navigation import definition, highlights, references
from archlang.editing.outline import outline
from archlang.editing.renaming import CannotRenameError, renameable
from archlang.editing.repairs import repaired, repairs
from archlang.editing.signatures import signature
from archlang.source import Position, Source
from archlang.syntax.parse import parse, parser

from .texts import edited, every_text

SOUND = sorted(name for name in every_text() if name.endswith(".arch"))


def opened(text: str) -> tuple[Library, Document]:
    library = Library()
    document = library.open(None, "a.arch")
    library.update(document, text)
    return library, document


def place(text: str, offset: int) -> Position:
    line = text.count("\n", 0, offset)
    return Position(line + 1, offset - text.rfind("\n", 0, offset))


def everything(library: Library, document: Document, at: Position) -> None:
    """Ask whatever can be asked at a place."""
    hover(document, at)
    signature(document, at)
    complete(library, document, at)
    definition(library, document, at)
    references(library, document, at)
    highlights(library, document, at)
    try:
        renameable(library, document, at)
    except CannotRenameError as error:
        assert str(error)


def broken(seed: int) -> str:
    """A text of the corpus, cut off and edited at random."""
    draw = random.Random(seed)
    text = every_text()[draw.choice(sorted(every_text()))][:6_000]
    for _ in range(draw.randrange(4)):
        text = edited(draw, text)
    return text[: draw.randrange(len(text) + 1)] if draw.random() < 0.4 else text


def hold_all(seed: int) -> None:
    """Every question, at some places of a broken text, is answered."""
    text = broken(seed)
    library, document = opened(text)
    plain = document.text
    draw = random.Random(seed)
    for _ in range(4):
        everything(library, document, place(plain, draw.randrange(len(plain) + 1)))
    hold_tokens(document)
    hold_folds(document)
    hints(document.analysis())
    problems = document.analysis().problems
    assert len(repairs(problems)) <= len(problems)
    repaired(plain, [p for p in problems if p.primary.span.source.name == document.name])
    for entry in outline(document):
        assert entry.begin <= entry.at.begin <= entry.at.finish <= entry.finish


def hold_tokens(document: Document) -> list[Token]:
    """Tokens stand in order, none over another, each on the characters that it says."""
    lines = document.text.split("\n")
    found = list(colours(document))
    end = Position(1, 1)
    for token in found:
        assert token.begin >= end, token
        assert token.type in TYPES and token.modifiers <= set(MODIFIERS)
        start = token.begin.column - 1
        assert lines[token.begin.line - 1][start : start + token.length] == token.text
        end = Position(token.begin.line, token.begin.column + token.length)
    return found


def hold_folds(document: Document) -> None:
    """Folds lie in each other or beside each other."""
    found = folds(document)
    number = document.text.count("\n") + 1
    for fold in found:
        assert 1 <= fold.first < fold.last <= number
    for a in found:
        for b in found:
            assert not a.first < b.first <= a.last < b.last, (a, b)


@pytest.mark.parametrize("seed", range(40))
def test_broken_texts_are_borne(seed: int) -> None:
    hold_all(seed)


@pytest.mark.slow
def test_a_thousand_broken_texts_are_borne() -> None:
    for seed in range(100, 1_100):
        hold_all(seed)


@pytest.mark.parametrize("name", random.Random(0).sample(SOUND, 12))
def test_every_name_of_the_parser_has_a_colour(name: str) -> None:
    text = every_text()[name]
    if parse(Source("a", text.replace("\r\n", "\n")), Diagnostics()) is None:
        pytest.skip("a text with mistakes")
    _, document = opened(text.replace("\r\n", "\n"))
    coloured = {(t.begin.line, t.begin.column) for t in hold_tokens(document)}
    source = Source("a", document.text)
    for token in parser().tokens(source, source.text):
        if token.type in ("NAME", "NUMBER", "STRING", "SIZE") or token.isidentifier():
            assert (token.line, token.column) in coloured, token


def test_tokens_are_told_each_from_the_one_before() -> None:
    given = [(0, 2, 3, TYPES[0], frozenset[str]()), (0, 6, 1, TYPES[1], frozenset({MODIFIERS[0]}))]
    given.append((2, 4, 2, TYPES[0], frozenset[str]()))
    assert encoded(given) == [0, 2, 3, 0, 0, 0, 4, 1, 1, 1, 2, 4, 2, 0, 0]


# ── completion ───────────────────────────────────────────────────────────────────────────────

NET = """\
let width = 16

block Unit(C, stride=1):
    conv(C, 3x3, stride=stride)

network Net(classes=10):
    input 3x32x32
    y = Unit(width)
    {}
    gap -> flatten -> fc(classes)
"""


def offered(line: str, text: str = NET) -> dict[str, str]:
    """What is offered at the `|` of a line: label to kind."""
    whole = text.format(line)
    at = whole.index("|")
    whole = whole.replace("|", "")
    library, document = opened(whole)
    return {o.label: o.kind for o in complete(library, document, place(whole, at)).offers}


@pytest.mark.parametrize(
    ("line", "wanted", "unwanted"),
    [
        ("|", {"conv", "Unit", "branch", "let", "y"}, {"stride", "C"}),
        ("co|", {"conv", "flatten"}, {"C"}),
        ("y -> |", {"relu", "Unit"}, {"let", "network"}),
        ("Unit(8, |)", {"stride=", "width", "classes"}, {"let"}),
        ("Unit(8, str|", {"stride="}, set()),
        ("conv(8, 3x3, |", {"stride=", "pad=", "bias=", "groups="}, {"kernel=", "out=", "let"}),
        ("conv(8, 3x3, stride=2, |", {"pad="}, {"stride="}),
        ("y.|", {"channels", "height", "width"}, {"conv"}),
        ("relu + |", {"y"}, {"let"}),
        ("# |", set(), {"conv"}),
        ('assert true, "|"', set(), {"conv"}),
    ],
)
def test_what_is_offered(line: str, wanted: set[str], unwanted: set[str]) -> None:
    found = offered(line)
    assert wanted <= found.keys(), wanted - found.keys()
    assert not unwanted & found.keys()


LAYERS = {"conv", "relu", "gap"}


@pytest.mark.parametrize(
    ("line", "wanted", "unwanted"),
    [
        ("conv(8, init=|", {"kaiming", "xavier", "zeros"}, LAYERS),
        ("conv(8, bias=|)", {"true", "false"}, LAYERS | {"same"}),
        ("conv(8, pad=|)", {"same", "width"}, LAYERS | {"true"}),
        ("conv(8, stride=|)", {"width"}, LAYERS | {"true"}),
        ('conv(8, padding_mode="|")', {"circular", "reflect"}, LAYERS | {"width"}),
        ("conv(8, padding_mode=|)", {'"circular"'}, LAYERS),
        ("conv(8) |", {"->", "+"}, LAYERS | {"y"}),
        ("y |", {"->", "when"}, LAYERS | {"y"}),
        ("if |", {"width", "classes"}, {"->"}),
        ("relu + project(|)∘x", {"norm=", "always="}, set()),
        ("relu + scale(0.5, |)∘x", {"learn="}, set()),
        ("z = |", {"y", "conv"}, {"z"}),
        ("shared E = |", {"conv"}, {"E"}),
        ("let n = |", {"width"}, {"n"}),
    ],
)
def test_values_operators_and_names_that_fit(
    line: str, wanted: set[str], unwanted: set[str]
) -> None:
    found = offered(line)
    assert wanted <= found.keys(), wanted - found.keys()
    assert not unwanted & found.keys(), unwanted & found.keys()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("block B(|", set()),
        ("block B(C, |", set()),
        ("network N(|", set()),
        ("arch |", {"1"}),
        ("network N |", {"from"}),
        ("use Basic |", {"from"}),
        ("network B from ResNet18:\n    insert |\n", {"after", "before"}),
        ("network B from ResNet18:\n    weights |\n", {"torchvision"}),
        (
            "network B from ResNet18:\n    adapt conv1: |\n",
            {"sum", "mean", "repeat", "pad", "keep"},
        ),
    ],
)
def test_nothing_is_offered_but_what_fits(text: str, wanted: set[str]) -> None:
    assert offered("", text.replace("|", "{}|")).keys() == wanted


def test_nothing_is_made_of_itself_and_the_zoo_is_one_line_away() -> None:
    for header in ("network N = {}|", "network N from {}|"):
        found = offered("", header)
        assert "N" not in found and "ResNet50" in found
    assert "x" not in offered("", "let a = {}|")
    assert "freeze" in offered("", "network B from ResNet18:\n    {}|\n")
    used = 'use ResNet18 from "zoo/resnet.arch"\n\nnetwork B from ResNet18:\n    freeze {}|\n'
    assert {"layer1", "conv1"} <= offered("", used).keys()
    assert "x" not in offered("", used)


@pytest.mark.parametrize(
    ("line", "label", "whole"),
    [
        ("con|v(16)", "conv", "conv(16)"),
        ("conv|(16, 3x3)", "conv", "conv(16, 3x3)"),
        ("conv(4, str|=2)", "stride", "conv(4, stride=2)"),
        ("conv(4, st|ride=2)", "stride", "conv(4, stride=2)"),
        ("conv(4, str|", "stride=", "conv(4, stride="),
    ],
)
def test_the_whole_word_is_replaced(line: str, label: str, whole: str) -> None:
    at = line.index("|")
    text = NET.format(line.replace("|", ""))
    library, document = opened(text)
    here = text.index(line.replace("|", "")) + at
    found = complete(library, document, place(text, here))
    (offer,) = (o for o in found.offers if o.label == label)
    written = offer.snippet or offer.label
    plain = line.replace("|", "")
    assert plain[: at - found.length] + written + plain[at + found.behind :] == whole


def test_files_and_their_names_behind_use() -> None:
    found = offered("", 'use {}| from "zoo/resnet.arch"\n')
    assert {"ResNet50", "ResNet"} <= found.keys() and "conv" not in found
    files = offered("", 'use ResNet from "zoo/{}|"\n')
    assert any("resnet.arch" in label for label in files)


def test_networks_of_the_zoo_to_derive_from() -> None:
    assert "ResNet50" in offered("", 'use ResNet50 from "zoo/resnet.arch"\n\nnetwork A from {}|\n')


def test_what_is_offered_can_be_written() -> None:
    """Each layer and name offered in a pipe, put there, leaves a text that parses."""
    line = "y -> |"
    for label, kind in offered(line).items():
        text = NET.format(line.replace("|", label + ("(8)" if kind == "layer" else "")))
        sink = Diagnostics()
        assert parse(Source("a", text), sink) is not None and not list(sink), label
