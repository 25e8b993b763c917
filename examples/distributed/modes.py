"""The ways of training one network in several processes: each says how an update is done."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.distributed import all_reduce, broadcast
from torch.distributed.pipelining import Schedule1F1B
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer

import archlang
from archlang import distributed
from archlang.distributed.processes import Processes
from archlang.distributed.units import units
from archlang.graph import Graph
from archlang.loading import to_module
from batches import Data

AUXILIARY = 0.3
"""What the losses of outputs `when training` count."""


class Mode(Protocol):
    """A network that is being trained."""

    model: nn.Module
    optimizer: Optimizer
    plan: str
    """What runs where, in words."""

    def update(self, batch: Data) -> float:
        """Take a step; the mean loss over the whole batch, which every process gets."""
        ...


class Shares:
    """Each process computes its share of a batch: alone, replicated, or sharded."""

    def __init__(
        self, network: Graph, kind: str, processes: Processes, *, rate: float, batch: int
    ) -> None:
        self._processes = processes
        model = to_module(network).to(processes.device)
        each = batch // processes.world
        self.plan = f"{network.name}: {network.params:,} parameters, {batch} images an update"
        if kind == "ddp":
            model = distributed.replicate(model)
            self.plan += f"\n{processes.world} replicas, {each} images each"
        elif kind == "fsdp":
            model = distributed.shard(model)
            self.plan += f"\n{_shards(network, processes.world)}, {each} images each"
        self.model: nn.Module = model
        self.optimizer: Optimizer = SGD(model.parameters(), rate, momentum=0.9)

    def update(self, batch: Data) -> float:
        """The mean of the gradients over the shares is that of the batch, as all are equal."""
        images, classes = (_share(part, self._processes) for part in batch)
        loss = loss_of(self.model(images), classes)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        mean = loss.detach() / self._processes.world
        all_reduce(mean)
        return mean.item()


class Pipeline:
    """Each process has a stage of the network, through which a batch goes in pieces."""

    def __init__(
        self, network: Graph, processes: Processes, *, rate: float, batch: int, microbatches: int
    ) -> None:
        plan = distributed.plan(
            network,
            stages=processes.world,
            batch=batch,
            microbatches=microbatches,
            optimizer="momentum",
            schedule="1f1b",
        )
        self.plan = str(plan)
        self._processes = processes
        self._last = processes.world - 1
        stage = distributed.stage(to_module(network), plan, processes.rank, processes.device)
        self.model: nn.Module = stage.submod
        self.optimizer: Optimizer = SGD(stage.submod.parameters(), rate, momentum=0.9)
        self._schedule = Schedule1F1B(stage, microbatches, loss_of)

    def update(self, batch: Data) -> float:
        """Images enter at the first stage, and losses come out of the last."""
        device, rank = self._processes.device, self._processes.rank
        taken = (batch.images.to(device),) if rank == 0 else ()
        losses: list[Tensor] = []
        wanted: dict[str, Any] = {}
        if rank == self._last:
            wanted = {"target": batch.classes.to(device), "losses": losses}
        self.optimizer.zero_grad()
        self._schedule.step(*taken, **wanted)
        self.optimizer.step()
        mean = torch.stack(losses).mean().detach() if losses else torch.zeros((), device=device)
        broadcast(mean, self._last)
        return mean.item()


def make(
    kind: str, network: Graph, processes: Processes, *, rate: float, batch: int, microbatches: int
) -> Mode:
    """The network, new, in one of the ways."""
    if kind == "pipeline":
        return Pipeline(network, processes, rate=rate, batch=batch, microbatches=microbatches)
    return Shares(network, kind, processes, rate=rate, batch=batch)


def loss_of(result: Any, classes: Tensor) -> Tensor:
    """Cross-entropy; outputs `when training` count less."""
    first, *others = result if isinstance(result, tuple) else (result,)
    loss = cross_entropy(first, classes)
    for other in others:
        loss = loss + AUXILIARY * cross_entropy(other, classes)
    return loss


def final(network: Graph, state: dict[str, Tensor], path: str) -> None:
    """Save the trained network, which `archlang.load` takes."""
    model = to_module(network, device="meta")
    model.load_state_dict(state, assign=True)
    archlang.save(model, path)


def _share(part: Tensor, processes: Processes) -> Tensor:
    return part.chunk(processes.world)[processes.rank].to(processes.device)


def _shards(network: Graph, world: int) -> str:
    found = units(network)
    largest = max((u.params for u in found), default=0)
    return (
        f"{len(found)} units in {world} shards, about {network.params // world:,} parameters each "
        f"and at most {largest:,} more while a unit runs"
    )
