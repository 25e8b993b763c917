"""What a command imports: the front end never needs torch or networkx."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = """
import sys
from archlang.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
HEAVY = {"torch", "networkx", "numpy", "rich", "graphviz", "matplotlib"}


def imported(*args: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *args],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    return set(ast.literal_eval(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "specs/resnet.arch"),
        ("check", "specs", "--format", "json"),
        ("lint", "specs"),
        ("lint", "--rules"),
        ("diff", "ResNet18", "ResNet34"),
        ("summary", "specs/resnet.arch:ResNet50"),
        ("summary", "ResNet50", "--json", "--set", "classes=10"),
        ("explain", "E0402"),
        ("zoo",),
        ("layers", "conv"),
        ("--version",),
    ],
    ids=" ".join,
)
def test_without_torch(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    monkeypatch.chdir(ROOT)
    assert not imported(*arguments) & HEAVY


def test_the_probe_sees_what_is_imported() -> None:
    assert {"sys", "archlang", "typer"} <= imported("--version")


def test_only_drawing_imports_what_draws() -> None:
    program = "import sys, archlang.cli.app; print('archlang.figures.drawing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"False"]
