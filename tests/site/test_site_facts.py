"""Every number of the lecture is one that the tool gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_facts import Fact, facts, unmarked

import archlang

LECTURE = (Path(__file__).parents[2] / "docs" / "lecture.md").read_text(encoding="utf-8")
FACTS = list(facts(LECTURE))


def test_all_numbers_of_the_table_and_the_prose_are_found() -> None:
    assert len(FACTS) >= 12 * 4 + 15


@pytest.mark.parametrize("fact", FACTS, ids=lambda f: f"{f.network}-{f.what}-{f.said}")
def test_a_number_is_what_the_tool_says(fact: Fact) -> None:
    assert fact.holds, f"{fact.network}: {fact.what} is not {fact.said}"


def test_no_number_of_the_prose_is_unchecked() -> None:
    assert unmarked(LECTURE) == []


def test_a_wrong_number_would_be_noticed() -> None:
    assert not next(facts("60<!-- depth ResNet50 -->")).holds
    assert not next(facts("28.55<!-- said Plain34 -->")).holds
    assert unmarked("It has 25,557,033 parameters.") == ["25,557,033"]


def test_what_is_said_in_words_holds_too() -> None:
    params = {
        n: archlang.summary(n).params
        for n in (
            "LeNet5",
            "AlexNet2012",
            "VGG16",
            "GoogLeNet2014Inference",
            "ResNet50",
            "DenseNet121",
        )
    }
    assert round(params["AlexNet2012"] / params["LeNet5"], -2) == 1000
    assert round(params["VGG16"] / params["GoogLeNet2014Inference"]) == 20
    assert round(params["ResNet50"] / params["DenseNet121"]) == 3
    assert archlang.summary("ResNet152").macs < archlang.summary("VGG16").macs


def test_lenet_keeps_its_parameters_and_its_work_apart() -> None:
    rows = archlang.summary("LeNet5").rows
    connected = [row for row in rows if row.kind == "fc"]
    convolved = [row for row in rows if row.kind == "conv"]
    assert sum(r.params for r in connected) > 0.9 * sum(r.params for r in rows)
    assert sum(r.macs for r in convolved) > 0.8 * sum(r.macs for r in rows)
