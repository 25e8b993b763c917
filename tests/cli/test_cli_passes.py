"""`archlang passes` as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archlang

Cli = Callable[..., Any]


def test_all_passes(cli: Cli) -> None:
    page = cli("passes")
    assert page.exit_code == 0
    assert all(name in page.stdout for name in ("drop", "clip", "recompute", "both"))
    found = json.loads(cli("passes", "--optimize", "training", "--format", "json").stdout)
    assert [p["name"] for p in found] == ["flatten", "recompute", "inplace", "channels-last"]


def test_a_network_as_text_and_as_json(cli: Cli, small: Path) -> None:
    report = archlang.passes_report(archlang.load(f"{small}:Small", optimize="inference"))
    found = json.loads(cli("passes", small, "--format", "json").stdout)
    assert found == report.as_json()
    text = cli("passes", small).stdout
    assert "Small, optimised for inference" in text
    assert "bn1 into" not in text
    changes = [change for p in found["passes"] for change in p["changes"]]
    every = cli("passes", small, "--every").stdout
    assert changes
    assert all(change in every for change in changes)


def test_for_training(cli: Cli, small: Path) -> None:
    found = json.loads(cli("passes", small, "--optimize", "training", "--format", "json").stdout)
    assert found["optimize"] == "training"
    assert "fold" not in [p["name"] for p in found["passes"]]


def test_memory(cli: Cli, small: Path) -> None:
    page = cli("passes", small, "--train-memory", "1GB", "--batch", "4")
    assert page.exit_code == 0
    assert "a step of 4 samples takes" in page.stdout
    over = cli("passes", small, "--train-memory", "2KB", "--batch", "4")
    assert over.exit_code == 1
    assert "E0905" in over.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--optimize", "speed"], "speed"),
        (["--batch", "0"], "--train-memory"),
        (["--batch", "0", "--train-memory", "1GB"], "at least one sample"),
        (["--batch", "4", "--train-memory", "8"], "of what"),
        (["--train-memory", "1GB"], "--batch 32"),
        (["--optimize", "inference", "--batch", "4", "--train-memory", "1GB"], "--optimize"),
    ],
)
def test_options_that_are_wrong(words: list[str], said: str, cli: Cli, small: Path) -> None:
    page = cli("passes", small, *words)
    assert page.exit_code != 0
    assert said in " ".join(page.output.split())


def test_options_that_need_a_network(cli: Cli) -> None:
    for words in (["--every"], ["--batch", "0"], ["--train-memory", "1GB"]):
        page = cli("passes", *words)
        assert page.exit_code != 0
        assert "name one" in page.output


def test_a_spec_with_mistakes(cli: Cli, wrong: Path) -> None:
    page = cli("passes", wrong)
    assert page.exit_code == 1
    assert "cnov" in page.output
    assert "Traceback" not in page.output
