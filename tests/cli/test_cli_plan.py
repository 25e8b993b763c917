"""`archlang plan` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from archlang.cli.app import app

runner = CliRunner()


def run(*words: str) -> str:
    done = runner.invoke(app, ["plan", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_stages_and_figures() -> None:
    page = run("ResNet18", "--devices", "2")
    assert "ResNet18: 2 stages, batch 64, float32" in page
    assert "slowest stage" in page
    assert "11,689,512" in page


def test_layouts_are_weighed() -> None:
    page = run("VGG11", "--devices", "8", "--memory", "4GB", "--batch", "64")
    assert "layouts" in page
    assert page.count("chosen") == 1
    assert "slower" in page or "does not fit" in page


def test_json_and_csv_are_for_programs() -> None:
    page = json.loads(run("ResNet18", "--stages", "3", "--format", "json"))
    assert [stage["stage"] for stage in page["stages"]] == [0, 1, 2]
    assert sum(stage["params"] for stage in page["stages"]) == 11_689_512
    rows = list(csv.DictReader(io.StringIO(run("ResNet18", "--stages", "3", "--format", "csv"))))
    assert [int(row["params"]) for row in rows] == [s["params"] for s in page["stages"]]
    assert [int(r["sends"]) for r in rows] == [s["bytes_per_sample"] for s in page["stages"]]


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_tables_for_papers(form: str) -> None:
    page = run("ResNet18", "--stages", "2", "--format", form)
    assert "11,689,512" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ResNet18"], "say over how many"),
        (["ResNet18", "--devices", "0"], "--devices"),
        (["ResNet18", "--devices", "-2"], "--devices"),
        (["ResNet18", "--devices", "2", "--memory", "80"], "add the unit"),
        (["ResNet18", "--devices", "2", "--memory", "-1GB"], "no amount of memory"),
        (["ResNet18", "--stages", "2", "--slack", "nan"], "--slack"),
    ],
)
def test_wrong_usage(words: list[str], said: str) -> None:
    done = runner.invoke(app, ["plan", *words])
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["LeNet5", "--stages", "99"], "E0931"),
        (["ResNet18", "--devices", "2", "--memory", "10MB"], "E0933"),
        (["ResNet18", "--stages", "2", "--batch", "7", "--microbatches", "2"], "E0934"),
        (["ResNet18", "--stages", "2", "--devices", "3"], "E0935"),
    ],
)
def test_what_cannot_be_is_a_diagnostic(words: list[str], code: str) -> None:
    done = runner.invoke(app, ["plan", *words])
    assert done.exit_code == 1
    assert code in done.output
    assert "Traceback" not in done.output


def test_planning_needs_neither_torch_nor_networkx() -> None:
    heavy = ("torch", "networkx", "numpy", "matplotlib", "rich")
    code = (
        "import sys; from archlang.cli.app import run\n"
        "try: run(['plan', 'LeNet5', '--devices', '4', '--memory', '1GB'])\n"
        "except SystemExit: pass\n"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
