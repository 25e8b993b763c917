"""`archlang sizes` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archlang.cli.app import app

run = CliRunner().invoke


def test_the_page() -> None:
    done = run(app, ["sizes", "UNet"])
    assert done.exit_code == 0
    assert "H, W    n ≡ 12 (mod 16), n ≥ 188  188, 204, 220, …, 572, …" in done.output
    assert "output  2 x (H − 184) x (W − 184)" in done.output


def test_near_and_upto() -> None:
    near = run(app, ["sizes", "UNet", "--near", "570x600"]).output
    assert "556x588  2x372x404" in near and "572x604  2x388x420" in near
    listed = run(app, ["sizes", "UNetPadded", "--upto", "64"]).output.splitlines()
    assert [line.split()[0] for line in listed[1:]] == ["16", "32", "48", "64"]


def test_json() -> None:
    found = json.loads(run(app, ["sizes", "UNet", "--format", "json", "--near", "570"]).output)
    assert found["near"]["nearest"] == [556, 572]
    (first, second) = found["groups"]
    assert (first["minimum"], first["period"], first["remainders"]) == (188, 16, [12])
    assert second["axes"][0]["name"] == "W"
    assert found["proved"]


@pytest.mark.parametrize(
    "wrong",
    [["--near", "0"], ["--near", "a"], ["--near", "4x4x4"], ["--upto", "-3"], ["--upto", "9999999"],
     ["--near", "4,5,6"]],
)  # fmt: skip
def test_wrong_options_are_refused(wrong: list[str]) -> None:
    done = run(app, ["sizes", "UNet", *wrong])
    assert done.exit_code != 0
    assert "Traceback" not in done.output


def test_no_legal_size(tmp_path: Path) -> None:
    file = tmp_path / "n.arch"
    file.write_text(
        "network N:\n    input 1x20x20\n    e = conv(8, 3x3)\n    d = conv(8, 4x4, pad=0)\n"
        "    crop∘e ++ d\n",
        encoding="utf-8",
    )
    done = run(app, ["sizes", str(file)])
    assert done.exit_code == 1
    assert "E0921" in done.output + str(done.stderr)
