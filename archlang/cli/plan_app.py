"""`archlang plan`: its options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec


class Optimizer(StrEnum):
    """What trains the network, by what it remembers for each parameter."""

    ADAM = "adam"
    ADAMW = "adamw"
    SGD = "sgd"
    MOMENTUM = "momentum"
    RMSPROP = "rmsprop"
    ADAGRAD = "adagrad"
    LION = "lion"


class Dtype(StrEnum):
    """Types of numbers."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    FLOAT64 = "float64"


class Schedule(StrEnum):
    """In which order microbatches go through the pipeline."""

    ONE_F_ONE_B = "1f1b"
    GPIPE = "gpipe"


class Form(StrEnum):
    """How a plan is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


_MOST = 10**6


def plan(
    spec: Spec,
    devices: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=2**16, help="Devices; each is a stage, unless more is said.",
            show_default=False,
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="Of each device: 80GB. Stages and replicas are chosen so that it fits.",
            show_default=False,
        ),
    ] = None,
    stages: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=_MOST, help="Stages of the pipeline.", show_default=False
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=10**9, help="Samples of a step, on all devices together.",
            show_default="8 for each microbatch",
        ),
    ] = None,
    microbatches: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=_MOST, help="Parts that each pipeline cuts its batch into.",
            show_default="4 for each stage",
        ),
    ] = None,
    optimizer: Annotated[Optimizer, typer.Option(help="What remembers how much.")] = Optimizer.ADAM,
    dtype: Annotated[
        Dtype, typer.Option(help="Of weights, gradients and activations.")
    ] = Dtype.FLOAT32,
    schedule: Annotated[
        Schedule, typer.Option(help="How many microbatches are under way.")
    ] = Schedule.ONE_F_ONE_B,
    slack: Annotated[
        float,
        typer.Option(
            metavar="PART", min=0.0, max=1.0,
            help="How much slower the slowest stage may be to save traffic: 0.05 is 5 %.",
        ),
    ] = 0.0,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time each step on this machine; needs torch.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="How to write it.")] = Form.TEXT,
    parameters: Set = None,
) -> None:  # fmt: skip
    """Divide a network over devices, on paper: stages, parameters, memory, traffic."""
    from archlang.cli.plan import show_plan

    if devices is None and stages is None:
        raise typer.BadParameter("say over how many: --devices 64 --memory 80GB, or --stages 4")
    wish = {
        "devices": devices, "memory": memory, "stages": stages, "batch": batch,
        "microbatches": microbatches, "optimizer": optimizer.value, "dtype": dtype.value,
        "schedule": schedule.value, "slack": slack, "measure": measure,
    }  # fmt: skip
    show_plan(spec, parameters or [], wish, form.value)
