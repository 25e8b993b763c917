"""Processes that run stages of a pipeline, for the tests; each has a minute, then all end."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from multiprocessing import get_context
from queue import Empty
from time import monotonic
from typing import Any

import torch
from torch import distributed as dist
from torch import fx, nn
from torch.distributed.pipelining import Schedule1F1B, ScheduleGPipe, ScheduleInterleaved1F1B

from archlang import distributed, load
from archlang.distributed.planning.plan import Plan

SECONDS = 90.0
SCHEDULES = {
    "1f1b": Schedule1F1B,
    "gpipe": ScheduleGPipe,
    "interleaved": ScheduleInterleaved1F1B,
}


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        return waiting.getsockname()[1]


def loss_of(output: Any, target: torch.Tensor) -> torch.Tensor:
    """A loss of all results of a network."""
    results = output if isinstance(output, tuple) else (output,)
    flat = [result.flatten(1) for result in results]
    return sum(((r - target[:, :1]) ** 2).mean() for r in flat)  # pyright: ignore[reportReturnType]


def without_dropout(model: nn.Module) -> nn.Module:
    """The same without chance: processes draw other numbers than one."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def prepared(job: dict[str, Any]) -> tuple[fx.GraphModule, Plan, torch.Tensor, torch.Tensor]:
    """The network, its plan and a batch, the same in every process."""
    torch.manual_seed(0)
    model = load(job["spec"], **job["parameters"])
    plan = distributed.plan(
        job["spec"], stages=job["stages"], batch=job["batch"],
        microbatches=job["microbatches"], **job["parameters"],
    )  # fmt: skip
    x = torch.randn(job["batch"], *plan.graph.nodes[plan.graph.inputs[0]].shape)
    without_dropout(model)
    return model, plan, x, torch.randn(job["batch"], 1)


def alone(job: dict[str, Any]) -> tuple[list[float], dict[str, torch.Tensor]]:
    """What one process finds: the loss of each microbatch, the gradients of their mean, and the
    running statistics."""
    model, plan, x, target = prepared(job)
    pieces = plan.layout.microbatches
    losses: list[float] = []
    for piece, wanted in zip(x.chunk(pieces), target.chunk(pieces), strict=True):
        loss = loss_of(model(piece), wanted)
        loss.backward()
        losses.append(loss.item())
    found = {
        name: parameter.grad.div_(pieces)
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return losses, found | dict(model.named_buffers())


def together(job: dict[str, Any], processes: int) -> tuple[list[float], dict[str, torch.Tensor]]:
    """What several processes find. Raises TimeoutError if they do not end in time."""
    context = get_context("spawn")
    answers = context.Queue()
    port = free_port()
    workers = [
        context.Process(target=_work, args=(rank, processes, port, job, answers), daemon=True)
        for rank in range(processes)
    ]
    for worker in workers:
        worker.start()
    try:
        found = _collected(answers, processes)
    finally:
        for worker in workers:
            worker.join(5)
            worker.kill()
    losses = next(losses for losses, _ in found if losses)
    return losses, {k: torch.from_numpy(g) for _, grads in found for k, g in grads.items()}


def _collected(answers: Any, processes: int) -> list[tuple[list[float], dict[str, Any]]]:
    end = monotonic() + SECONDS
    found: list[tuple[list[float], dict[str, Any]]] = []
    while len(found) < processes:
        try:
            answer = answers.get(timeout=max(0.1, end - monotonic()))
        except Empty:
            raise TimeoutError(f"only {len(found)} of {processes} processes answered") from None
        assert not isinstance(answer, str), answer
        found.append(answer)
    return found


def _work(rank: int, processes: int, port: int, job: dict[str, Any], answers: Any) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    try:
        dist.init_process_group(
            "gloo", rank=rank, world_size=processes, timeout=timedelta(seconds=SECONDS)
        )
        answers.put(_run(rank, processes, job))
        dist.barrier()
        dist.destroy_process_group()
    except BaseException as error:
        answers.put(f"rank {rank}: {error!r}")
        raise


def _run(rank: int, processes: int, job: dict[str, Any]) -> tuple[list[float], dict[str, Any]]:
    model, plan, x, target = prepared(job)
    numbers = range(rank, job["stages"], processes)
    stages = [distributed.stage(model, plan, number, "cpu") for number in numbers]
    kind = SCHEDULES[job["schedule"]]
    given: Any = stages if job["schedule"] == "interleaved" else stages[0]
    schedule = kind(given, plan.layout.microbatches, loss_fn=loss_of)
    losses: list[torch.Tensor] = []
    last = any(stage.is_last for stage in stages)
    schedule.step(
        *((x,) if rank == 0 else ()),
        **({"target": target, "losses": losses} if last else {}),
    )
    grads = {
        name: parameter.grad.numpy()
        for stage in stages
        for name, parameter in stage.submod.named_parameters()
        if parameter.grad is not None
    }
    buffers = {
        name: buffer.numpy() for stage in stages for name, buffer in stage.submod.named_buffers()
    }
    return [loss.item() for loss in losses], grads | buffers
