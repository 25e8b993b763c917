"""What the tests of the command line share: a runner, a small spec, and a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archlang.cli.app import app

REPOSITORY = Path(__file__).parents[2]

SMALL = '''\
block Unit(C):
    conv(C, 3x3) -> bn + x -> relu

network Small(classes=10, width=8, sizes=[1], mode="nearest"):
    """A small network."""
    input 3x32x32
    conv(width, 3x3) -> relu
    2 * Unit(width)
    gap -> flatten
    fc(classes)
'''
WRONG = """\
network Wrong:
    input 3x32x32
    cnov(8, 3x3)
    conv(8, 3x3, strid=2)
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`small.arch`, a spec without mistakes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = Path("small.arch")
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`wrong.arch`, a spec with two mistakes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = Path("wrong.arch")
    path.write_text(WRONG, encoding="utf-8")
    return path


@pytest.fixture
def cli() -> Callable[..., object]:
    """Run a command within this process; the result has `exit_code`, `stdout` and `stderr`."""
    runner = CliRunner()
    return lambda *args, **options: runner.invoke(
        app, [str(a) for a in args], catch_exceptions=False, **options
    )


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command as a process of its own, through pipes."""

    def run(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "archlang", *map(str, args)],
            capture_output=True,
            encoding="utf-8",
            errors="strict",
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", **environment},
        )

    return run
