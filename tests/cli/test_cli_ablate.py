"""`archlang ablate`: a table, a spec, and nothing written that was not asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archlang.compiler import check
from archlang.compiler import graph as compiled

QUICK = ("--no-gradients",)


def rows(text: str) -> dict[str, list[str]]:
    """The lines of the table by their first words."""
    lines = [
        re.split(r" {2,}", line) for line in text.split("\n\n", maxsplit=1)[0].splitlines()[2:]
    ]
    return {name: cells for name, *cells in lines}


def test_the_table_and_the_spec(cli: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("ablate", "ResNet20", "--skips", "short", "--set", "classes=7", *QUICK)
    assert result.exit_code == 0, result.stderr
    table = rows(result.stdout)
    assert table["skips"] == ["9 short", "none"]
    assert table["paths to the first layer"] == ["512", "1"]
    assert table["their mean length"] == ["11.0", "20.0"]
    assert table["parameters"][0] == table["parameters"][1]
    assert result.stdout.split("\n\n", 1)[1].startswith("arch 1\n")
    assert "from ResNet20(classes=7):" in result.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_gradients_at_initialisation(cli: Callable[..., Any]) -> None:
    result = cli("ablate", "ResNet56", "--skips", "short", "--seeds", "1")
    table = rows(result.stdout)
    with_skips, without = map(float, table["÷ that at the last"])
    assert 1 < with_skips < 10 < without
    healthy, bare = (float(cell.lstrip("×")) for cell in table["factor per layer"])
    assert 1 < healthy < bare
    assert table["verdict"] == ["healthy", "exploding"]


def test_a_small_network_with_gradients(cli: Callable[..., Any], small: Path) -> None:
    result = cli("ablate", small, "--skips", "all", "--seeds", "1", "--json")
    page = json.loads(result.stdout)
    before, after = page["networks"]
    assert (before["skips"], after["skips"]) == ({"short": 2}, {})
    assert before["gradients"]["first"]["path"] == "conv1"
    from archlang import gradients

    again = gradients(small, seeds=1)  # the same samples, by the same measure
    assert before["gradients"]["first_of_last"] == again.verdict.first.of_last  # type: ignore[union-attr]
    assert before["gradients"]["setting"] == again.setting.as_json()
    assert (before["paths"]["paths"], after["paths"]["paths"]) == ("4", "1")
    assert page["spec"].startswith('arch 1\n\nuse Small from "small.arch"')
    assert page["written"] is None


def test_a_file_is_written_once(cli: Callable[..., Any], small: Path) -> None:
    words = ("ablate", small, "--skips", "short", "--with", "scale(0.5)", *QUICK, "-o", "half.arch")
    result = cli(*words)
    assert result.stdout.endswith("\nwritten half.arch\n")
    assert not check(Path("half.arch"))
    assert compiled("half.arch").name == "SmallShortScale05"
    again = cli(*words)
    assert again.exit_code == 1
    assert "half.arch is there already; --force overwrites it" in again.stderr
    assert cli(*words, "--force").exit_code == 0
    assert sorted(p.name for p in Path().iterdir()) == ["half.arch", "small.arch"]


def test_a_w_that_does_not_fit_everywhere(cli: Callable[..., Any]) -> None:
    result = cli("ablate", "ResNet20", "--skips", "short", "--with", "identity", *QUICK)
    assert "W = identity does not fit the skips in layer2.0, layer3.0: they stay" in result.stderr
    assert "replace short skips except layer2.0, layer3.0: identity\n" in result.stdout


def test_from_before_the_activation(cli: Callable[..., Any]) -> None:
    result = cli("ablate", "ResNet20", "--skips", "short", "--from", "Z", *QUICK)
    assert "    replace short skips: Z\n" in result.stdout
    both = cli("ablate", "ResNet20", "--skips", "short", "--with", "pad", "--from", "Z", *QUICK)
    assert "    replace short skips: pad∘Z\n" in both.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--skips", "long"), "has no long skips"),
        (("--skips", "short", "--keep", "layer8"), "no short skip ends in 'layer8'"),
        (("--skips", "short", "--with", "wobble"), "W may be identity, pad, project, project(bn)"),
        (("--skips", "short", "--with", "wobble"), "--> --with:1:1"),
        (("--skips", "short", "--keep", "layer8"), "--> --keep:1:1"),
        (("--skips", "short", "--with", "scale(q=1)"), "--> --with:1:7"),
        (("--skips", "short", "--set", "classes=0"), "E0"),
    ],
)
def test_mistakes(cli: Callable[..., Any], words: tuple[str, ...], said: str) -> None:
    result = cli("ablate", "ResNet20", *words, *QUICK)
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--skips"),
        (("--skips", "some"), "some"),
        (("--skips", "short", "--with", "scale(0.5)\n    remove conv1"), "stands on one line"),
        (("--skips", "short", "--keep", "layer1: pad"), "no path"),
        (("--skips", "short", "--keep", "layer1\nremove conv1"), "no path"),
        (("--skips", "short", "--name", "bare"), "no name of a network"),
        (("--skips", "short", "--seeds", "0"), "--seeds"),
        (("--skips", "short", "--from", "X"), "X"),
        (("--skips", "short", "-o", "bare.txt"), "ends in .arch"),
        (("--skips", "short", "--set", "classes"), "name=value"),
    ],
)
def test_wrong_usage(cli: Callable[..., Any], words: tuple[str, ...], said: str) -> None:
    result = cli("ablate", "ResNet20", *words, *QUICK)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_spec_is_not_written_where_it_could_not_use_its_base(
    cli: Callable[..., Any], small: Path
) -> None:
    result = cli("ablate", small, "--skips", "short", *QUICK, "-o", "deeper/bare.arch")
    assert result.exit_code == 2
    assert (
        "a spec can only use files below its own folder: write it into ., or above" in result.stderr
    )
    assert cli("ablate", small, "--skips", "short", *QUICK, "-o", small, "--force").exit_code == 2
    assert "network Small" in small.read_text(encoding="utf-8")


def test_a_network_without_weights_has_no_paths(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "bare.arch"
    text = "network N:\n    input 4x8x8\n    y = relu\n    tanh -> sigmoid + y\n"
    path.write_text(text, encoding="utf-8")
    result = cli("ablate", path, "--skips", "all")
    assert result.exit_code == 0, result.stderr
    assert rows(result.stdout)["paths to the first layer"] == ["–", "–"]
    assert "no weighted layer" in result.stderr or "weight" in result.stderr
