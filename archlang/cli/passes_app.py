"""`archlang passes`: its options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archlang.cli.common_options import Set


class For(StrEnum):
    """What a network is made fast for."""

    INFERENCE = "inference"
    TRAINING = "training"


class Form(StrEnum):
    """How the passes are written."""

    TEXT = "text"
    JSON = "json"


def passes(
    spec: Annotated[
        str | None,
        typer.Argument(metavar="SPEC[:NETWORK]", help="A network.", show_default=False),
    ] = None,
    goal: Annotated[
        For | None,
        typer.Option("--optimize", help="What to make it fast for.", show_default="inference"),
    ] = None,
    every: Annotated[bool, typer.Option("--every", help="Name every change.")] = False,
    train_memory: Annotated[
        str | None,
        typer.Option(
            "--train-memory",
            metavar="SIZE",
            help="What a training step may take: 8GB, 512MiB. Needs --batch, and torch.",
        ),
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="N", help="Samples of a training step.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.TEXT,
    parameters: Set = None,
) -> None:
    """List the passes that make a network faster; with a network, what they would change in it."""
    from archlang.cli.passes import asked_budget, list_passes, show_passes

    as_json = form is Form.JSON
    if spec is not None:
        default = "training" if (train_memory, batch) != (None, None) else "inference"
        goal_of = default if goal is None else goal.value
        budget = asked_budget(goal_of, train_memory, batch)
        show_passes(spec, parameters or [], goal_of, budget, every=every, as_json=as_json)
        return
    about_one = {"--every": every, "--train-memory": train_memory, "--batch": batch}
    for name, given in (about_one | {"--set": parameters}).items():
        if given is not None and given is not False:
            raise typer.BadParameter(f"{name} is about a network: name one")
    list_passes(goal.value if goal else None, as_json=as_json)
