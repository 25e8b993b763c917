"""`archlang paths`: the numbers on the page are those of the analysis; usage and mistakes."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from archlang.analysis.gradient_paths import gradient_paths
from archlang.analysis.path_lengths import Histogram
from archlang.cli.bars import bar, bins
from archlang.cli.paths import amount, in_full
from archlang.compiler import graph


def test_the_table_and_the_bars_of_resnet_20(cli) -> None:
    lines = cli("paths", "ResNet20").stdout.splitlines()
    assert lines[0].startswith("ResNet20  ")
    assert lines[0].endswith("resnet_cifar.arch: paths from the loss to each weighted layer")
    assert lines[1].split() == ["path", "layer", "paths", "shortest", "longest", "mean"]
    assert lines[2].split() == ["conv1", "3×3", "conv,", "16", "512", "2", "20", "11.0"]
    assert lines[21].split() == ["fc1", "fc,", "10", "1", "1", "1", "1.0"]
    assert lines[22] == ""
    assert lines[23] == "512 paths to conv1 by length: mean 11.0"
    shown = [line.split()[:2] for line in lines[25:]]
    assert shown == [[str(2 + 2 * k), str(math.comb(9, k))] for k in range(10)]
    longest = max(lines[25:], key=lambda line: line.count("█"))
    assert longest.split()[:4] == ["10", "126", "24.6", "%"]
    assert longest.count("█") == 24


def test_the_paths_to_a_layer_that_is_named(cli) -> None:
    text = cli("paths", "ResNet20", "--to", "layer3.2.conv1").stdout
    assert "\n\n1 path to layer3.2.conv1 by length: mean 3.0\n" in text
    head, _, row, *_ = text.splitlines()
    assert head.endswith(": paths from the loss to layer3.2.conv1")
    assert row.split()[0] == "layer3.2.conv1" and "layer1" not in text


def test_a_step_without_weights_has_its_lengths_alone(cli) -> None:
    lines = cli("paths", "ResNet20", "--to", "bn1").stdout.splitlines()
    assert lines[0] == "512 paths to bn1 by length: mean 10.0"


def test_a_large_number_is_exact_in_the_heading(cli) -> None:
    assert f"\n{2**54:,} paths to conv1 by length" in cli("paths", "ResNet110").stdout
    assert in_full(10**30 - 1) == ",".join(["999"] * 10)
    assert in_full(10**30) == "1.00e30"


def test_a_factor_has_columns_of_its_own(cli) -> None:
    lines = cli("paths", "ResNet20", "--factor", "0.5").stdout.splitlines()
    exact = 2 + 18 * 0.25 / 1.25
    assert lines[1].split()[-2:] == ["at", "0.5"]
    assert lines[2].split()[-1] == f"{exact:.1f}"
    assert lines[23].endswith(f"mean 11.0, {exact:.1f} at 0.5")
    chances = [math.comb(9, k) * 0.2**k * 0.8 ** (9 - k) for k in range(10)]
    assert lines[26].split()[-3] == f"{100 * chances[1]:.1f}"


def test_layers_for_training_alone_have_no_path_unless_asked_for(cli) -> None:
    lines = cli("paths", "GoogLeNet").stdout.splitlines()
    head = next(line for line in lines if line.startswith("aux1.fc1"))
    assert head.split() == ["aux1.fc1", "fc,", "1024", "(aux1)", "0"]
    lines = cli("paths", "GoogLeNet", "--training").stdout.splitlines()
    assert "from the loss (output, aux1, aux2) to" in lines[0]
    head = next(line for line in lines if line.startswith("aux1.fc1"))
    assert head.split() == ["aux1.fc1", "fc,", "1024", "(aux1)", "1", "2", "2", "2.0"]


def test_a_shared_layer_says_how_often_it_is_used(cli, tmp_path: Path) -> None:
    path = tmp_path / "twins.arch"
    path.write_text("network Twins:\n    input 4\n    shared f = fc(4)\n    f -> f\n", "utf-8")
    line = cli("paths", path).stdout.splitlines()[2]
    assert line.split() == ["f", "fc,", "4", "(2", "uses)", "2", "1", "2", "1.5"]


def test_json_is_what_the_analysis_says(cli) -> None:
    found = json.loads(cli("paths", "DenseNet201", "--factor", "0.9", "--json").stdout)
    expected = gradient_paths(graph("DenseNet201"), factor=0.9)
    histogram = expected.histogram()
    assert found == json.loads(json.dumps(expected.as_json() | {"histogram": histogram.as_json()}))
    assert [int(row["paths"]) for row in found["layers"]] == [row.count for row in expected.rows]
    assert int(found["layers"][0]["paths"]) == sum(
        int(row["paths"]) for row in found["histogram"]["lengths"]
    )


def test_a_plot_is_written(cli, tmp_path: Path) -> None:
    path = tmp_path / "plots" / "paths.svg"
    text = cli("paths", "ResNet20", "-o", path).stdout
    assert text.endswith(f"\n\nwritten {path}\n")
    assert path.read_text("utf-8").lstrip().startswith("<?xml")
    json.loads(cli("paths", "ResNet20", "-o", path, "--json").stdout)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--to", "layer1.0.conv3"], 1, "did you mean layer1.0.conv1?"),
        (["--to", "layer2"], 1, "name one of its layers: --to layer2.0.conv1"),
        (["--factor", "0"], 2, "a factor is a finite number above 0, not 0.0"),
        (["--factor=-1"], 2, "a factor is a finite number above 0, not -1.0"),
        (["--factor", "nan"], 2, "a factor is a finite number above 0, not nan"),
        (["--factor", "inf"], 2, "a factor is a finite number above 0, not inf"),
        (["-o", "paths.gif"], 1, "the name ends in .svg, .pdf, .png"),
    ],
)
def test_what_cannot_be(cli, options: list[str], code: int, words: str) -> None:
    result = cli("paths", "ResNet20", *options)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""


def test_a_network_without_weights(cli, tmp_path: Path) -> None:
    path = tmp_path / "means.arch"
    path.write_text("network Means:\n    input 3x8x8\n    gap -> flatten\n", "utf-8")
    result = cli("paths", path)
    assert result.exit_code == 1
    assert "error[E0813]: Means has no weighted layer" in result.stderr


def test_the_lengths_are_left_out_where_they_are_too_many(
    cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archlang.analysis.path_lengths.MOST_BITS", 1_000)
    result = cli("paths", "ResNet20")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2 + 20
    assert result.stderr.startswith("warning: the paths to 'conv1' are too many")
    assert json.loads(cli("paths", "ResNet20", "--json").stdout)["histogram"] is None
    asked_for = cli("paths", "ResNet20", "--to", "conv1")
    assert asked_for.exit_code == 1
    assert "error[E0814]" in asked_for.stderr


def test_neither_torch_nor_networkx_is_imported() -> None:
    heavy = "torch", "networkx", "numpy", "matplotlib", "rich"
    program = f"""
import sys
from archlang.cli.app import run
try:
    run(["paths", "ResNet20", "--factor", "0.8"])
finally:
    print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert "512 paths to conv1" in done.stdout
    assert done.stderr == "[]\n"


# ── numbers and bars ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1250, "1,250"),
        (9_999_999, "9,999,999"),
        (10_000_000, "1.00e7"),
        (2**54, "1.80e16"),
        (9_999_999_999, "1.00e10"),
        (10**5000, "1.00e5000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_large_numbers_are_short(number: int, text: str) -> None:
    assert amount(number) == text


def test_bars_are_of_eighths() -> None:
    assert bar(1) == "█" * 24
    assert bar(0.5 + 1 / 192) == "█" * 12 + "▏"
    assert bar(0) == ""


@pytest.mark.parametrize("factor", [None, 0.8, 1.7])
@pytest.mark.parametrize("name", ["ResNet20", "ResNet110", "ResNet1202", "DenseNet121", "UNet"])
def test_bins_hold_all_paths_and_are_few(name: str, factor: float | None) -> None:
    histogram: Histogram = gradient_paths(graph(name), factor=factor).histogram()
    found = bins(histogram)
    assert len(found) <= 32 + 2
    assert sum(row.count for row in found) == histogram.count
    assert sum(row.share for row in found) == pytest.approx(1)
    assert sum(row.weighed for row in found) == pytest.approx(1 if factor else 0)
    assert (found[0].first, found[-1].last) == (histogram.counts[0][0], histogram.counts[-1][0])
    assert all(a.last < b.first for a, b in pairwise(found))
    if len(histogram.counts) > 32:  # what is lumped at the ends are small parts of all
        assert max(found[0].share, found[-1].share, found[0].weighed, found[-1].weighed) < 0.02
