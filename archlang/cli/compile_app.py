"""`archlang compile`: its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archlang.cli.common_options import Set, Spec
from archlang.cli.weights_app import KeyMap, Weights, WeightsOf


class Open(StrEnum):
    """What of the inputs is left open."""

    BATCH = "batch"
    SIZES = "sizes"
    NONE = "none"


class Goal(StrEnum):
    """What a network is made fast for."""

    INFERENCE = "inference"
    TRAINING = "training"


class Precision(StrEnum):
    """Floating-point types."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


def compile_(
    spec: Spec,
    parameters: Set = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="A folder, or a file.", show_default="build/"),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET[,…]",
            help="What to write: py, pt2, aoti, onnx, safetensors, svg; without it, "
            "what the suffix of -o says.",
            show_default=False,
        ),
    ] = None,
    weights: Weights = None,
    key_map: KeyMap = None,
    weights_of: WeightsOf = None,
    optimize: Annotated[
        Goal | None,
        typer.Option(
            help="Make it fast: for inference (.pt2, .onnx, aoti), or for training (.py).",
            show_default=False,
        ),
    ] = None,
    dynamic: Annotated[
        Open | None,
        typer.Option(
            help="What of the inputs is left open, in .pt2, .onnx and aoti.", show_default="batch"
        ),
    ] = None,
    opset: Annotated[
        int | None,
        typer.Option(min=1, help="The version of ONNX's operators.", show_default="torch's choice"),
    ] = None,
    dtype: Annotated[
        Precision | None, typer.Option(help="The type of the weights.", show_default="float32")
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Run what was written, and compare."),
    ] = True,
    train_memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="What a training step may take: 8GB, 512MiB. Source (.py) runs steps again in "
            "the backward pass until it fits. Needs --batch.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(metavar="N", help="Samples of a training step.", show_default=False),
    ] = None,
) -> None:
    """Write a network for others to run: PyTorch source, torch.export, machine code, ONNX.

    Without --to and without a suffix: source (.py) and figure (.svg), and with --weights those too
    (.safetensors). All files are written, or none. What is run is the network in evaluation mode.
    """
    from archlang.cli.compile import Wishes, compile_network

    wishes = Wishes(
        to=tuple(to or ()),
        optimize=optimize.value if optimize else None,
        dynamic=dynamic.value if dynamic else None,
        opset=opset,
        dtype=dtype.value if dtype else None,
        verify=verify,
        train_memory=train_memory,
        batch=batch,
    )
    compile_network(spec, parameters or [], out, weights, key_map, weights_of, wishes)
