"""Train in several processes: torchrun --nproc-per-node 2 examples/distributed/train.py

Without torchrun it is one process. A run that stopped goes on from its last checkpoint by --resume,
with as many processes, and in the mode, that are asked for then.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import archlang
import modes
from archlang import distributed
from archlang.cli.page import complain, show_mistakes
from archlang.distributed.agreement import by_first, everywhere
from archlang.distributed.checkpoints import folders
from archlang.distributed.processes import Processes
from archlang.files import OutputError, hold_place, reason
from archlang.graph import Graph
from batches import Batches, load
from modes import Mode

SPEC = Path(__file__).with_name("digits.arch")
KEPT = ("batch", "data", "rate", "seed")
"""The options that a run keeps when it is resumed."""
PATIENCE = 3.0
"""Seconds in which the first process says what is wrong before torchrun ends it."""


class UsageError(Exception):
    """Options that do not go together; its text says which."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        run(options)
    except (archlang.SpecError, UsageError, OutputError) as problem:
        if int(os.environ.get("RANK", "0")) > 0:
            time.sleep(PATIENCE)  # all processes have the same problem, and one says it
        else:
            _say(problem)
        return 1
    except KeyboardInterrupt:
        print("interrupted; --resume goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


def _say(problem: Exception) -> None:
    if isinstance(problem, archlang.SpecError):
        show_mistakes(problem.diagnostics, sys.stderr)
    else:
        complain(str(problem))
    sys.stderr.flush()


def run(options: argparse.Namespace) -> None:
    """Train, from the beginning or from the last checkpoint on, and save the network."""
    network = archlang.network(options.spec)
    _hold_folders(options)
    with distributed.start(
        options.device, timeout=options.timeout, last_checkpoint=lambda: _last(options.checkpoint)
    ) as processes:
        _hold_division(options, processes)
        if options.checkpoint:
            everywhere(lambda: folders.hold_writable(options.checkpoint))
        torch.manual_seed(options.seed)
        mode = modes.make(
            options.mode,
            network,
            processes,
            rate=options.rate,
            batch=options.batch,
            microbatches=options.microbatches,
        )
        if processes.first:
            print(mode.plan, flush=True)
        train(options, network, mode, processes)
        state = distributed.gather(mode.model)
        by_first(lambda: modes.final(network, state, str(options.out)))
        if processes.first:
            print(f"saved {options.out}", flush=True)


def train(options: argparse.Namespace, network: Graph, mode: Mode, processes: Processes) -> None:
    """The updates that are left."""
    shape, (classes, *_) = (
        network.nodes[network.inputs[0]].shape,
        network.outputs[0].tensor.shape,
    )
    try:
        batches = Batches(
            load(options.data, shape, classes, options.seed), options.batch, options.seed
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    begun = _resumed(options, network, mode) if options.resume else 0
    for step in range(begun, options.steps):
        # so that what is random in a layer does not depend on where a run was resumed
        torch.manual_seed((options.seed * 1_000_003 + step) * processes.world + processes.rank)
        loss = mode.update(batches[step])
        if not math.isfinite(loss):
            raise UsageError(f"step {step + 1}: the loss is {loss}; try a smaller --rate")
        if processes.first:
            print(f"step {step + 1}: loss {loss:.6f}", flush=True)
        if options.checkpoint and ((step + 1) % options.every == 0 or step + 1 == options.steps):
            distributed.save_checkpoint(
                options.checkpoint,
                mode.model,
                mode.optimizer,
                step + 1,
                extra=_kept(options),
                network=network,
            )


def _resumed(options: argparse.Namespace, network: Graph, mode: Mode) -> int:
    """The updates that were done already."""
    found = distributed.load_checkpoint(
        options.checkpoint, mode.model, mode.optimizer, network=network
    )
    for name, value in _kept(options).items():
        if found.extra.get(name) != value:
            raise UsageError(
                f"the run was begun with --{name} {found.extra.get(name)}, and not {value}"
            )
    return found.step


def _kept(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in KEPT}


def _last(folder: Path | None) -> str:
    """The last whole checkpoint of a run, if there is one."""
    steps = folders.steps_in(folder) if folder else []
    return str(folders.whole(folder, steps[-1])) if folder and steps else ""


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


def _hold_folders(options: argparse.Namespace) -> None:
    """
    Raises:
        UsageError: a folder is asked for that would be overwritten, or none where one is needed.
    """
    folder, out = options.checkpoint, options.out
    if options.resume and folder is None:
        raise UsageError("--resume goes on from a checkpoint: say where, by --checkpoint FOLDER")
    if folder and not options.resume and folders.steps_in(folder):
        raise UsageError(
            f"{folder} holds a run already: --resume goes on with it; or choose another folder"
        )
    if out.suffix != ".safetensors" or out.is_dir():
        raise UsageError(f"--out {out}: it has to be the name of a file, in .safetensors")
    try:
        hold_place(out.parent)
    except OSError as error:
        raise UsageError(f"--out {out}: {reason(error)}") from None
    if out.exists() and not os.access(out, os.W_OK):
        raise UsageError(f"--out {out}: it may not be written")


def _hold_division(options: argparse.Namespace, processes: Processes) -> None:
    """
    Raises:
        UsageError: the batch cannot be divided, or there are too few pieces of it.
    """
    world, batch, pieces = processes.world, options.batch, options.microbatches
    if options.mode == "single" and world > 1:
        raise UsageError(f"--mode single is one process, and there are {world}: use --mode ddp")
    if options.mode in ("ddp", "fsdp") and batch % world:
        raise UsageError(
            f"a batch of {batch} cannot be divided among {world} processes: "
            f"use --batch {math.ceil(batch / world) * world}"
        )
    if options.mode != "pipeline":
        return
    if batch % pieces:
        raise UsageError(
            f"a batch of {batch} cannot be cut into {pieces} microbatches: "
            f"use --batch {math.ceil(batch / pieces) * pieces}"
        )
    if pieces < world:
        raise UsageError(f"{pieces} microbatches for {world} stages: use --microbatches {world}")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _rate(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Train a network in several processes: torchrun --nproc-per-node 2 train.py"
    )
    _positive.__name__, _rate.__name__ = "positive whole number", "positive number"
    add = parser.add_argument
    kinds = ("single", "ddp", "fsdp", "pipeline")
    default = "ddp" if int(os.environ.get("WORLD_SIZE", "1")) > 1 else "single"
    add("--mode", choices=kinds, default=default, help="how it is divided over the processes")
    add("--spec", default=f"{SPEC}:Digits", help="the network: file.arch:Network")
    add("--data", choices=("digits", "random"), default="digits", help="what to train on")
    add("--steps", type=_positive, default=100, help="updates in all")
    add("--batch", type=_positive, default=64, help="images an update, of all processes together")
    add("--microbatches", type=_positive, default=4, help="pieces of a batch in a pipeline")
    add("--rate", type=_rate, default=0.02, help="learning rate")
    add("--seed", type=int, default=0, help="of the weights, and of the order of the data")
    add("--checkpoint", type=Path, metavar="FOLDER", help="where checkpoints are written")
    add("--every", type=_positive, default=20, metavar="N", help="steps between checkpoints")
    add("--resume", action="store_true", help="go on from the last checkpoint")
    out = Path("build", "distributed.safetensors")
    add("--out", type=Path, default=out, help="the trained network, for archlang.load")
    add("--device", choices=("cpu", "cuda"), help="where to compute; GPUs if there are any")
    add("--timeout", type=_rate, default=30.0, help="seconds to wait for a process")
    return parser


if __name__ == "__main__":
    sys.exit(main())
