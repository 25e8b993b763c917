"""What `compile` does for training: options that fit together, the passes, what they changed."""

from __future__ import annotations

from collections.abc import Collection

import typer

from archlang.cli.page import Table, working
from archlang.cli.passes import asked_budget
from archlang.graph import Graph
from archlang.passes.budget import Budget

_LEFT_OUT = (
    ("channels-last", "–", "left out of source, which is equal to the network to the last bit:"),
    ("", "", "for this, call .to(memory_format=torch.channels_last) on model and inputs"),
)


def hold_for_training(
    optimize: str | None, train_memory: str | None, batch: int | None, targets: Collection[str]
) -> Budget | None:
    """The budget of a training step; None for none.

    Args:
        optimize: what `--optimize` says.
        train_memory: what `--train-memory` says.
        batch: what `--batch` says.
        targets: names of what is written; none: source and figure.

    Raises:
        typer.BadParameter: the options contradict each other, or a target is not for training.
    """
    asked = train_memory is not None or batch is not None
    if optimize != "training" and not asked:
        return None
    option = "--train-memory" if asked else "--optimize"
    if optimize == "inference":
        problem = "what runs again does so in training: leave out --optimize inference"
        raise typer.BadParameter(problem, param_hint=option)
    others = sorted(set(targets) - {"py", "svg"})
    if others:
        problem = (
            f"{', '.join(others)} holds the network in evaluation mode, in which nothing runs "
            "again: only source (.py) is for training"
        )
        raise typer.BadParameter(problem, param_hint=option)
    return asked_budget("training", train_memory, batch)


def made_for_training(
    graph: Graph, budget: Budget | None, dtype: str | None
) -> tuple[Graph, Table]:
    """The graph that is written, and what was changed in it.

    Raises:
        SpecError: a training step does not fit into its budget (E0905).
    """
    with working("choosing what runs again"):
        from archlang.backends.python.for_training import for_training

        if budget is not None and dtype is not None:
            import torch

            budget = Budget(budget.memory, budget.batch, getattr(torch, dtype))
        done = for_training(graph, budget)
    rows: list[tuple[str, ...]] = []
    for applied in done.applied:
        rows.append((applied.name, str(len(applied.changes)), applied.does))
        if applied.remark:
            rows.append(("", "", applied.remark))
    rows += _LEFT_OUT
    title = f"{graph.name}, source for training"
    return done.graph, Table(("pass", "changes", "does"), rows, frozenset({"changes"}), title)
