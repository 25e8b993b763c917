"""A network over several devices: planned on paper, run by torch's own engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archlang.distributed.checkpoints.saving import gather, load_checkpoint, save_checkpoint
    from archlang.distributed.planning.costs import Machine
    from archlang.distributed.planning.plan import Plan, plan
    from archlang.distributed.processes import start
    from archlang.distributed.replicas import replicate
    from archlang.distributed.sharding import shard
    from archlang.distributed.stages import stage

__all__ = [
    "Machine",
    "Plan",
    "gather",
    "load_checkpoint",
    "plan",
    "replicate",
    "save_checkpoint",
    "shard",
    "stage",
    "start",
]

_HOMES = {
    "Machine": "planning.costs",
    "Plan": "planning.plan",
    "gather": "checkpoints.saving",
    "load_checkpoint": "checkpoints.saving",
    "plan": "planning.plan",
    "replicate": "replicas",
    "save_checkpoint": "checkpoints.saving",
    "shard": "sharding",
    "stage": "stages",
    "start": "processes",
}


def __getattr__(name: str) -> Any:
    # planning needs no torch, so what runs a plan is imported when it is used
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
