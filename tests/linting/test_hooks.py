"""The pre-commit hooks: as pre-commit's schema wants them, and commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from archlang.cli.app import app

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
HOOKS = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))


def test_pre_commit_accepts_them() -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib")
    assert len(clientlib.load_manifest(str(MANIFEST))) == 3


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_is_a_command_for_specs(hook: dict[str, str], tmp_path: Path) -> None:
    assert hook["language"] == "python"
    assert re.search(hook["files"], "specs/net.arch")
    assert not re.search(hook["files"], "net.archive")
    program, *words = hook["entry"].split()
    assert program == "archlang"
    file = tmp_path / "net.arch"
    file.write_text("network N:\n    input 784\n    fc(10)\n", encoding="utf-8")
    assert CliRunner().invoke(app, [*words, str(file)]).exit_code == 0
