"""`archlang gradients`: its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archlang.cli.common_options import Set
from archlang.cli.weights_app import Weights


class Quantity(StrEnum):
    """What the plot shows."""

    GRADIENT = "gradient"
    ACTIVATION = "activation"
    WEIGHT = "weight"


class Dtype(StrEnum):
    """Types of numbers."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


Specs = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC[:NETWORK]...",
        help="Files and the networks in them, or names of the zoo; several are compared.",
        show_default=False,
    ),
]


def gradients(
    specs: Specs,
    parameters: Set = None,
    seeds: Annotated[
        int,
        typer.Option(
            min=1, max=10**4, help="So many initialisations: medians, and a band in the plot."
        ),
    ] = 3,
    steps: Annotated[
        int, typer.Option(min=0, max=10**6, help="Measure after so many steps of gradient descent.")
    ] = 0,
    lr: Annotated[
        float | None, typer.Option(help="The rate of these steps.", show_default="0.01")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1, max=10**6, metavar="N", help="Samples.", show_default="16, large networks fewer"
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A batch: .npz, .safetensors or .pt with x, and y for labels.",
            show_default="random",
        ),
    ] = None,
    weights: Weights = None,
    quantity: Annotated[
        Quantity | None, typer.Option(help="What the plot shows.", show_default="gradient")
    ] = None,
    dtype: Annotated[Dtype, typer.Option(help="The type of numbers.")] = Dtype.FLOAT32,
    device: Annotated[str, typer.Option(help="Where to run: cpu, cuda, …")] = "cpu",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="A plot: .svg, .pdf or .png.", show_default=False),
    ] = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="One row for each network, instead of its layers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Measure how large activations and gradients are at every layer of a network.

    Vanishing, exploding or healthy: several networks are set beside each other.
    """
    from archlang.cli.gradients import measure_gradients

    if lr is not None and not 0 < lr < float("inf"):
        raise typer.BadParameter("a rate is a number above 0", param_hint="--lr")
    if lr is not None and steps == 0:
        raise typer.BadParameter("--lr is the rate of --steps; say how many: --steps 20")
    if quantity is not None and out is None:
        raise typer.BadParameter("it is what the plot shows; add -o FILE", param_hint="--quantity")
    if brief and as_json:
        raise typer.BadParameter("it is about the table, and JSON has none", param_hint="--brief")
    measure_gradients(
        specs, parameters or [], seeds=seeds, steps=steps, lr=lr, batch=batch, data=data,
        weights=weights, quantity=(quantity or Quantity.GRADIENT).value, dtype=dtype.value,
        device=device, out=out, brief=brief, as_json=as_json,
    )  # fmt: skip
