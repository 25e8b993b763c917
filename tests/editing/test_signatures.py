"""Signature help: what is called, and which argument is being written; `|` is the pointer."""

from __future__ import annotations

import random

import pytest

from archlang.editing.document import Document
from archlang.editing.signatures import Signature, call_at, signature
from archlang.source import Position

from .texts import every_text

SPEC = """\
let half(v, by=2) = v // by
let W = project(bn)

block Unit(C, stride=1):
    \"\"\"A unit.\"\"\"
    conv(C, 3x3)

network N(Part=Unit, classes=10):
    input 3x32x32
    {}
    gap -> flatten -> fc(classes)
"""


def help_at(line: str) -> Signature | None:
    before, _, after = SPEC.format(line).partition("|")
    document = Document("a.arch")
    document.update(before + after)
    at = before.split("\n")
    return signature(document, Position(len(at), len(at[-1]) + 1))


@pytest.mark.parametrize(
    ("line", "name", "active"),
    [
        ("conv(|", "conv", "out"),
        ("conv(64, |", "conv", "kernel"),
        ("conv(64, stride=|", "conv", "stride"),
        ("conv(64, nothing=|", "conv", None),
        ("conv(3x3|", "conv", "kernel"),
        ("conv(64, 3x3, (1 + |", "conv", "stride"),
        ("conv(64, [1, 2, |", "conv", "kernel"),
        ('conv(64, 3x3, padding_mode="(|', "conv", "padding_mode"),
        ("conv(64, 3x3, init=kaiming(|", "kaiming", "mode"),
        ("relu -> Unit(8, |) -> relu", "Unit", "stride"),
        ("Part(8, |", "Unit", "stride"),
        ("conv(half(8, |", "half", "by"),
        ("conv(max(1, 2, |", "max", "b"),
        ("relu + project(|)∘x", "project", "norm"),
        ("conv(8,\n        |", "conv", "kernel"),
        ("2 * N(|", "N", "Part"),
    ],
)
def test_the_active_argument(line: str, name: str, active: str | None) -> None:
    found = help_at(line)
    assert found is not None
    assert found.name == name
    names = [argument.name for argument in found.arguments]
    assert (None if found.active is None else names[found.active]) == active


@pytest.mark.parametrize(
    "line", ["conv(8)|", "|conv(8)", "conv # (|", "[1, |", "relu -> (|", "Nothing(|"]
)
def test_outside_of_calls_there_is_none(line: str) -> None:
    assert help_at(line) is None


def test_the_parameters_of_a_definition_are_no_call() -> None:
    document = Document("a.arch")
    document.update("block Unit(C, stride=1\n")
    assert signature(document, Position(1, 15)) is None


def test_labels_stand_where_they_are_said_to() -> None:
    found = help_at("Unit(|")
    assert found is not None
    assert (found.label, found.doc) == ("Unit(C, stride=1)", "A unit.")
    spans = [found.label_span(number) for number in range(2)]
    assert [found.label[a:b] for a, b in spans] == ["C", "stride=1"]


def test_no_place_of_any_spec_is_too_much() -> None:
    draw = random.Random(3)
    for name, text in list(every_text().items())[::10]:
        document = Document(name)
        document.update(text)
        lines = document.text.split("\n")
        for _ in range(30):
            number = draw.randrange(len(lines))
            column = draw.randrange(len(lines[number]) + 3) + 1
            signature(document, Position(number + 1, column))
            call_at(document, Position(number + 1, column))
