"""`archlang.optimize`: the same network made fast for what it is meant for."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from archlang.passes.model import Goal
from archlang.passes.report import PASSES, PassesReport

if TYPE_CHECKING:
    from torch import fx, nn


def optimize(
    model: nn.Module,
    goal: Goal,
    /,
    *,
    train_memory: str | int | None = None,
    batch: int | None = None,
) -> fx.GraphModule:
    """A model made fast: `optimize(trained, "inference")`; the one that is given stays as it is.

    Args:
        model: what `archlang.load` gave, trained meanwhile; also as it is after `torch.compile`,
            or within `DistributedDataParallel`.
        goal: "inference" or "training".
        train_memory: what a training step may take at most, `"8GB"` or bytes; with `batch`.
        batch: how many samples it has.

    Raises:
        TypeError: `model` is none; only one of `train_memory` and `batch` is given, or they are
            not for training.
        ValueError: the goal is none of these, or the memory is no amount.
        SpecError: the model does not know its spec, is not what it says, or has hooks (E0901), or
            a training step does not fit into the memory, whatever runs again (E0905).
    """
    from archlang.backends.optimisable import network_behind
    from archlang.backends.optimised import optimised_module
    from archlang.passes.budget import budget_of
    from archlang.passes.pipeline import hold_goal
    from archlang.weights.wrappers import unwrapped

    hold_goal(goal)
    _hold_model(model, goal)
    inner = unwrapped(model)
    dtype = next((p.dtype for p in inner.parameters()), None)
    budget = budget_of(goal, train_memory, batch, dtype)
    return optimised_module(network_behind(inner, goal), inner, goal, copy=True, budget=budget)


def _hold_model(model: object, goal: Goal) -> None:
    from torch import nn

    if isinstance(model, nn.Module):
        return
    if isinstance(model, (str, PurePath)):
        raise TypeError(
            "optimize takes a model; to get one from a spec, say what it is for while it is "
            f'loaded: archlang.load("{model!s:.60}", optimize="{goal}")'
        )
    raise TypeError(f"optimize takes a model that archlang.load gave, not {model!r:.60}")


def passes_report(model: nn.Module, /) -> PassesReport:
    """What the passes changed: `print(archlang.passes_report(model))`.

    `.text(every=True)` names every change, `.as_json()` is for programs.

    Args:
        model: what `archlang.optimize`, or `archlang.load` with `optimize=`, gave; or a copy.

    Raises:
        ValueError: it is none of these.
    """
    from archlang.weights.notes import noted
    from archlang.weights.wrappers import unwrapped

    report = noted(unwrapped(model), PASSES)
    if not isinstance(report, PassesReport):
        raise ValueError("there is no report: this model was not optimised by archlang")
    return report
