"""What a reader sees of a problem that is in no file."""

from __future__ import annotations

import pytest

from archlang.diagnostics.catalog.distribution_runs import LostProcess, TooFewDevices
from archlang.diagnostics.model import Problem
from archlang.diagnostics.render import render_github, render_text
from archlang.problems import nowhere


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (TooFewDevices(processes=2, devices=0), ("has no GPU", "--device cpu")),
        (TooFewDevices(processes=2, devices=1), ("has 1 GPU\n", "--nproc-per-node 1 ")),
        (TooFewDevices(processes=8, devices=4), ("has 4 GPUs", "--nproc-per-node 4 ")),
        (LostProcess(process=0, why="gone", left="runs/a"), ("checkpoint is runs/a", "--resume")),
        (LostProcess(process=0, why="gone"), ("SIGKILL", "distributed.save_checkpoint")),
    ],
)
def test_a_problem_in_no_file_has_no_place(problem: Problem, words: tuple[str, ...]) -> None:
    error = nowhere(problem)
    text = render_text(error.diagnostics)
    assert text.startswith(f"error[{problem.code}]: {problem.message()}\n")
    assert "-->" not in text
    assert ":1:1" not in text
    for word in words:
        assert word in text
    assert render_github(error.diagnostics).startswith(f"::error title={problem.code}::")


def test_nothing_is_said_to_be_resumed_without_a_checkpoint() -> None:
    assert "--resume" not in str(nowhere(LostProcess(process=0, why="gone")))
