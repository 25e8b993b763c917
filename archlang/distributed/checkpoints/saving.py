"""Checkpoints of a training in several processes, by torch: whole, or not there at all."""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.checkpoint.state_dict_loader import load  # pyright: ignore[reportUnknownVariableType]  # torch does not say
from torch.distributed.checkpoint.state_dict_saver import save  # pyright: ignore[reportUnknownVariableType]  # torch does not say

from archlang import __version__
from archlang.diagnostics.catalog.distribution_runs import CannotCheckpoint, OtherCheckpoint
from archlang.diagnostics.model import SpecError
from archlang.distributed.agreement import by_first, everywhere, in_group, rank, world
from archlang.distributed.checkpoints import folders
from archlang.distributed.checkpoints.folders import Listed
from archlang.distributed.checkpoints.sameness import differences
from archlang.distributed.wrapping import graph_of, known_origin
from archlang.graph import Graph
from archlang.problems import nowhere
from archlang.record import Record
from archlang.weights.origin import Origin
from archlang.weights.saved import metadata_of, origin_in
from archlang.weights.wrappers import unwrapped

_OPTIONS = StateDictOptions(flatten_optimizer_state_dict=True)
"""The optimiser's state by the paths of the network, so that processes may have parts of it."""
_WHAT = "saved in a checkpoint"


class Resumed(Record):
    """What a checkpoint says beside the tensors that were loaded from it."""

    step: int
    extra: Mapping[str, Any]
    path: Path


def save_checkpoint(
    folder: str | PathLike[str],
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    step: int = 0,
    *,
    extra: Mapping[str, Any] | None = None,
    keep: int = 2,
    network: Graph | None = None,
) -> Path:
    """Write a checkpoint into a folder, from all processes at once; every one of them calls it.

    It is written under another name, and gets its own, `step-00000100`, when all of it is on disk:
    a process may die at any time, and the last checkpoint is whole. Tensors go by the paths of the
    network, so that it does not matter how they are spread when they are loaded.

    Args:
        folder: where all the checkpoints of a run lie. Missing ones are made
            below the current one, elsewhere the last alone; all processes see it.
        model: as it is trained: what `shard` or `replicate` gave, a pipeline's stage, or a model
            by itself.
        optimizer: its state is saved too.
        step: how many updates were done.
        extra: more to keep, as JSON has it.
        keep: how many of the last checkpoints stay; older ones are removed.
        network: the network, for a part of it that does not know it.

    Returns:
        Where it lies.

    Raises:
        SpecError: the model does not know its spec (E0945), or nothing can be written (E0948).
        ValueError: the step is negative, or none is to be kept; or `extra` is no JSON.
    """
    if step < 0 or keep < 1:
        raise ValueError(f"step {step} and keep {keep}: they have to be at least 0 and 1")
    kept = json.loads(json.dumps(dict(extra or {}), allow_nan=False))
    place, inner = Path(folder), part_of(model)
    origin = _origin(inner, network)
    by_first(lambda: folders.begin(place, step))
    begun = folders.partial(place, step)
    _write(place, begun, _state(inner, optimizer))
    mine = everywhere(lambda: _hashed(place, begun))
    files = {name: value for part in mine for name, value in part.items()}
    listed = Listed(step, metadata_of(origin, __version__), kept, files)
    by_first(lambda: folders.finish(place, listed, keep))
    return folders.whole(place, step)


def load_checkpoint(
    folder: str | PathLike[str],
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    *,
    network: Graph | None = None,
) -> Resumed:
    """Go on from the last checkpoint of a folder; every process calls it.

    There may be another number of processes than when it was saved, and the network may be spread
    in another way. What a checkpoint does not hold are the states of random generators.

    Args:
        folder: where the checkpoints of a run lie, or one of them (`…/step-00000100`).
        model: it gets the tensors of the checkpoint; wrapped as it is to be trained.
        optimizer: made for that model; it gets its state, its learning rates included.
        network: the network, for a part of it that does not know it.

    Returns:
        The step, and what else was kept.

    Raises:
        SpecError: there is no checkpoint (E0942), it is of another network or optimiser (E0943),
            or is not what was written (E0944).
    """
    inner = part_of(model)
    path = by_first(lambda: _chosen(Path(folder)))
    listed = by_first(lambda: folders.listed_in(path))
    origin = _origin(inner, network)
    by_first(lambda: _hold_same(path, listed, origin))
    names = sorted(listed.files)[rank() :: world()]
    everywhere(lambda: folders.hold_whole(path, {name: listed.files[name] for name in names}))
    state = _state(inner, optimizer)
    everywhere(lambda: _hold_fits(path, state))
    _read(path, state)
    set_model_state_dict(inner, state["model"])
    if optimizer is not None:
        set_optimizer_state_dict(inner, optimizer, state["optimizer"], options=_OPTIONS)
    return Resumed(listed.step, listed.extra, path)


def gather(model: nn.Module) -> dict[str, Tensor]:
    """All tensors of a model in the memory of the first process; every process calls it.

    Returns:
        The `state_dict` of the network, on the CPU: in the first process, and nothing elsewhere.
    """
    state: dict[str, Any] = {}
    for key, value in part_of(model).state_dict().items():
        full = value.full_tensor() if hasattr(value, "full_tensor") else value
        state[key] = full.detach().cpu()
    if world() == 1:
        return state
    held: list[Any] = [None] * world()
    distributed.all_gather_object(held, list(state))  # pyright: ignore[reportUnknownMemberType]  # torch does not say
    # of tensors that several hold, the first gives its own
    before = {key for keys in held[: rank()] for key in keys}
    mine = {key: value for key, value in state.items() if key not in before}
    parts: list[Any] | None = [None] * world() if rank() == 0 else None
    distributed.gather_object(mine, parts, 0)
    return {key: value for part in parts or () for key, value in part.items()}


def part_of(model: nn.Module) -> nn.Module:
    """The module that has the tensors: what is within a wrapper, or in a pipeline's stage."""
    return unwrapped(getattr(model, "submod", model))


def _origin(model: nn.Module, network: Graph | None) -> Origin:
    return Origin.of(network) if network is not None else known_origin(model, _WHAT)


def _state(model: nn.Module, optimizer: torch.optim.Optimizer | None) -> dict[str, Any]:
    state: dict[str, Any] = {"model": get_model_state_dict(model)}
    if optimizer is not None:
        state["optimizer"] = get_optimizer_state_dict(model, optimizer, options=_OPTIONS)
    return state


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def _write(folder: Path, begun: Path, state: dict[str, Any]) -> None:
    try:
        with _quiet():
            save(state, checkpoint_id=begun, no_dist=not in_group())
    except CheckpointException as error:
        why = _first(error)
        raise nowhere(CannotCheckpoint(folder=str(folder), why=why)) from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise nowhere(CannotCheckpoint(folder=str(folder), why=why)) from None


def _hashed(folder: Path, begun: Path) -> dict[str, str]:
    """The hashes of the files that are this process's to look at."""
    try:
        names = sorted(path.name for path in begun.iterdir())
        return folders.hashes(begun, names[rank() :: world()])
    except OSError as error:
        why = f"process {rank()} does not see what was written: {error.strerror}".lower()
        raise nowhere(CannotCheckpoint(folder=str(folder), why=why)) from None


def _first(error: CheckpointException) -> str:
    """What went wrong, in the first process where something did."""
    process, (problem, _) = next(iter(sorted(error.failures.items())))
    said = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return f"{said.splitlines()[0]:.160} (process {process})".lower()


@contextmanager
def _quiet() -> Generator[None]:
    """Without what torch warns of its own calls."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def _chosen(folder: Path) -> Path:
    is_one = (folder / folders.LIST).is_file()
    return folder if is_one else folders.last_in(folder)


def _hold_same(path: Path, listed: Listed, origin: Origin) -> None:
    """
    Raises:
        SpecError: the checkpoint is of another network (E0943).
    """
    saved = origin_in(listed.network, str(path))
    if saved.hash == origin.hash:
        return
    if found := tuple(differences(graph_of(saved), graph_of(origin))):
        raise _other(path, found)


def _other(path: Path, found: tuple[str, ...]) -> SpecError:
    return nowhere(OtherCheckpoint(checkpoint=str(path), differences=found))


def _hold_fits(path: Path, state: Mapping[str, Any]) -> None:
    """
    Raises:
        SpecError: tensors are missing in the checkpoint, or are of another shape (E0943); or what
            it says of them cannot be read (E0944).
    """
    try:
        with _quiet():
            held = FileSystemReader(path).read_metadata().state_dict_metadata
    except (OSError, ValueError, EOFError, AttributeError, ImportError) as error:
        folders.damaged(path, f"its .metadata cannot be read: {error!s:.100}")
    found: list[str] = []
    for part, values in state.items():
        for key, value in values.items():
            kept: Any = held.get(f"{part}.{key}")
            if kept is None:
                found.append(f"{_said(part, key)} is not in it")
            elif isinstance(value, Tensor) and tuple(kept.size) != tuple(value.shape):
                sizes = ["x".join(map(str, s)) or "()" for s in (kept.size, value.shape)]
                found.append(f"{key} is {sizes[0]} in it, but {sizes[1]} here")
    if found:
        raise _other(path, tuple(dict.fromkeys(found)))


def _said(part: str, key: str) -> str:
    """A tensor by its name; of the optimiser, what it keeps for each parameter."""
    return key if part == "model" else f"the optimiser's {key.rpartition('.')[2]}"


def _read(path: Path, state: dict[str, Any]) -> None:
    try:
        with _quiet():
            load(state, checkpoint_id=path, no_dist=not in_group())
    except CheckpointException as error:
        folders.damaged(path, _first(error))
