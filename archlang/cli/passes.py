"""`archlang passes`: all passes, or what they would change in a network; torch is not needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext

import typer

from archlang.cli.commands import network_of
from archlang.cli.page import Table, show, working
from archlang.passes.budget import Budget, budget_of
from archlang.passes.model import GOALS, Goal, Pass
from archlang.passes.pipeline import PASSES, optimise, what_it_does
from archlang.passes.report import PassesReport


def list_passes(goal: str | None, *, as_json: bool) -> None:
    """Print every pass, or those for a goal, in the order in which they run."""
    chosen = [p for p in PASSES if goal is None or goal in p.goals]
    if as_json:
        print(json.dumps([_described(p) for p in chosen], indent=2))
        return
    rows = [(p.name, _goals(p), what_it_does(p)) for p in chosen]
    show(Table(("pass", "for", "does"), rows))


def _described(step: Pass) -> dict[str, object]:
    goals = [goal for goal in GOALS if goal in step.goals]
    return {"name": step.name, "goals": goals, "does": what_it_does(step)}


def _goals(step: Pass) -> str:
    return "both" if len(step.goals) == len(GOALS) else "".join(step.goals)


def asked_budget(goal: str, train_memory: str | None, batch: int | None) -> Budget | None:
    """The budget of `--train-memory` and `--batch`; None for none.

    Raises:
        typer.BadParameter: one of the two is missing, is no amount, or is not for training.
    """
    try:
        return budget_of(goal, train_memory, batch)
    except (TypeError, ValueError) as error:
        if (train_memory is None) != (batch is None):
            missing = "--train-memory 8GB" if train_memory is None else "--batch 32"
            raise typer.BadParameter(
                f"--train-memory and --batch go together: add {missing}"
            ) from None
        if goal != "training":
            raise typer.BadParameter("--train-memory is for --optimize training") from None
        raise typer.BadParameter(str(error)) from None


def show_passes(
    spec: str,
    given: Sequence[str],
    goal: Goal,
    budget: Budget | None = None,
    *,
    every: bool,
    as_json: bool,
) -> None:
    """Print what the passes for a goal change in a network.

    Raises:
        SpecError: the spec has mistakes, or a training step does not fit into its budget.
    """
    network = network_of(spec, given)
    with working("choosing what runs again") if budget else nullcontext():
        done = optimise(network, goal, budget=budget)
    report = PassesReport(done.base.name, goal, tuple(done.applied))
    if as_json:
        print(json.dumps(report.as_json(), indent=2))
        return
    rows: list[tuple[str, ...]] = []
    for applied in done.applied:
        rows.append((applied.name, str(len(applied.changes)), applied.does))
        if applied.remark:
            rows.append(("", "", applied.remark))
        if every:
            rows += [("", "", change) for change in applied.changes]
    title = f"{done.base.name}, optimised for {goal}"
    show(Table(("pass", "changes", "does"), rows, frozenset({"changes"}), title))
