"""`archlang summary`: rows, sorting, memory, FLOP counts of tools, and its five formats."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

ODD = """\
block Odd_Unit(C, stride=1):
    a_b = conv(C, 3x3, stride=stride) -> bn -> leaky_relu(0.1)
    a_b + pad∘x

network Odd:
    input 3x32x32
    one_1 = Odd_Unit(8)
    two = one_1 ++ one_1
    three = 1 - two
    three * three -> upsample(2) -> dwconv(3x3, multiplier=2, dilation=2)
    gap -> flatten
    fc(10)
"""
"""Names with underscores, and labels with most of the signs that there are."""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("odd.arch")
    path.write_text(ODD, encoding="utf-8")
    return path


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_json_and_format_json_are_the_same(cli, small: Path) -> None:
    assert (
        cli("summary", small, "--json").stdout == cli("summary", small, "--format", "json").stdout
    )
    result = cli("summary", small, "--json", "--format", "csv")
    assert result.exit_code == 2
    assert "contradict" in result.stderr


def test_csv_has_the_numbers_of_json(cli, small: Path) -> None:
    rows = table_of(cli("summary", small, "--format", "csv", "--batch", 2).stdout)
    found = json.loads(cli("summary", small, "--json", "--batch", 2).stdout)
    assert len(rows) == len(found["layers"])
    for row, layer in zip(rows, found["layers"], strict=True):
        assert row["path"] == layer["path"]
        assert int(row["params"]) == layer["params"]
        assert int(row["macs"]) == layer["macs"]
        assert int(row["line"]) == layer["line"]
        assert int(row["forward_bytes"]) == layer["memory"]["forward"]
        assert int(row["training_bytes"]) == layer["memory"]["training"]
        assert row["field"] == str(layer["field"]["size"][0])
    assert found["memory"]["batch"] == 2
    assert found["memory"]["training"] == sum(int(row["training_bytes"]) for row in rows)


def test_no_cell_of_csv_is_taken_for_a_formula(cli, odd: Path) -> None:
    text = cli("summary", odd, "--format", "csv").stdout
    assert " ++" in {row["label"] for row in table_of(text)}
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_markdown_is_one_pipe_table(cli, odd: Path) -> None:
    lines = cli("summary", odd, "--format", "markdown").stdout.splitlines()
    assert lines[0].split(" | ")[0] == "| path"
    assert set(lines[1]) <= set("| -:")
    assert {line.replace("\\|", "").count("|") for line in lines} == {8}
    assert "one\\_1.a\\_b.conv1" in lines[2]
    assert lines[-1].startswith("| **total** |")


@pytest.mark.parametrize(
    "options",
    [
        ["--batch", "2"],
        ["--by", "stage"],
        ["--by", "block", "--sort", "params", "--top", "2"],
        ["--flops"],
    ],
)
def test_latex_compiles(cli, odd: Path, options: list[str]) -> None:
    text = cli("summary", odd, "--format", "latex", *options).stdout
    assert text.count("&") % (text.count("\\\\")) == 0, "every row has as many cells"
    if not shutil.which("pdflatex"):
        pytest.skip("no pdflatex")
    page = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\footnotesize\n"
    Path("page.tex").write_text(f"{page}{text}\\end{{document}}\n", encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        capture_output=True, encoding="utf-8", errors="replace", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout


def test_every_sign_can_be_set_in_latex() -> None:
    from archlang.cli.formats import latex_escaped

    assert latex_escaped("a_b & 5% of $x^2 {~}") == (
        r"a\_b \& 5\% of \$x\textasciicircum{}2 \{\textasciitilde{}\}"
    )
    assert latex_escaped("64x56x56") == r"64$\times$56$\times$56"
    assert latex_escaped("conv1x1.x") == "conv1x1.x"
    assert latex_escaped("層") == "U+5C64"


@pytest.mark.parametrize("by", ["layer", "block", "stage"])
def test_rows_are_sorted_and_cut_in_every_format(cli, by: str) -> None:
    options = ("summary", "ResNet18", "--by", by, "--sort", "params", "--top", 2)
    found = json.loads(cli(*options, "--json").stdout)[f"{by}s"]
    paths = {
        "layer": ["layer4.0.conv2", "layer4.1.conv1"],
        "block": ["layer4.1", "layer4.0"],
        "stage": ["layer4", "layer3"],
    }[by]
    assert [row["path"] for row in found] == paths
    assert [row["path"] for row in table_of(cli(*options, "--format", "csv").stdout)] == paths
    for form in ("table", "markdown", "latex"):
        text = cli(*options, "--format", form).stdout
        assert paths[0] in text
        assert text.index(paths[0]) < text.rindex(paths[1])
        assert "11,689,512" in text, "the totals are of all"
        assert "of all" in text


def test_json_by_block_keeps_the_layers(cli) -> None:
    found = json.loads(cli("summary", "ResNet18", "--by", "block", "--json").stdout)
    assert len(found["layers"]) > len(found["blocks"])
    (block,) = (row for row in found["blocks"] if row["path"] == "layer2.0")
    assert set(block["layers"]) <= {row["path"] for row in found["layers"]}
    assert block["field"]["size"] == [67, 67]


def test_the_memory_is_shown_for_a_batch(cli, small: Path) -> None:
    text = cli("summary", small, "--batch", 4).stdout
    assert "forward MiB" in text or "forward KiB" in text
    assert "4 samples in float32" in text


def test_flops_say_what_the_tools_print(cli) -> None:
    text = cli("summary", "ResNet18", "--flops").stdout
    # as torchinfo, fvcore, ptflops and torch print them; see tests/analysis/test_conventions.py
    for number in ("1,814,083,944", "1,819,065,856", "1,825,313,768", "3,628,146,688"):
        assert number in text
    assert "ignored" in text
    rows = table_of(cli("summary", "ResNet18", "--flops", "--format", "csv").stdout)
    assert {row["tool"]: int(row["value"]) for row in rows}["fvcore"] == 1_819_065_856
    found = json.loads(cli("summary", "ResNet18", "--flops", "--json").stdout)
    assert {tool["tool"] for tool in found["flops"]} == {row["tool"] for row in rows}
    assert found["layers"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--batch", "0"], "'--batch'"),
        (["--batch", "-1"], "'--batch'"),
        (["--batch", "many"], "integer"),
        (["--batch", "1.5"], "integer"),
        (["--top", "0"], "'--top'"),
        (["--sort", "colour"], "macs"),
        (["--by", "neuron"], "stage"),
        (["--format", "yaml"], "markdown"),
        (["--sort", "memory"], "--batch N"),
        (["--flops", "--by", "stage"], "--by"),
        (["--flops", "--batch", "2"], "--batch"),
    ],
)
def test_wrong_usage_says_what_is_right(cli, small: Path, options: list[str], words: str) -> None:
    result = cli("summary", small, *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr


def test_a_batch_of_one_that_cannot_train_is_a_mistake(cli, tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text("network N:\n    input 4\n    fc(8) -> bn\n    fc(2)\n", encoding="utf-8")
    result = cli("summary", path, "--batch", 1)
    assert result.exit_code == 1
    assert "E0861" in result.stderr
    assert "--batch 2" in result.stderr
    assert cli("summary", path).exit_code == 0
