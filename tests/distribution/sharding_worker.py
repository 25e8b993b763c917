"""What each of two processes does in test_sharding.py; it prints its findings as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import distributed as dist
from torch import fx, nn
from torch.distributed.tensor import DTensor

import archlang
from archlang import distributed
from archlang.backends.recompute import RunAgain
from archlang.distributed.rerunning import rerun
from archlang.distributed.units import Unit, units


def flat(result: Any) -> torch.Tensor:
    parts = result if isinstance(result, tuple) else (result,)
    return torch.cat([part.flatten() for part in parts])


def one_and_all(
    name: str, parameters: dict[str, Any], kind: str, memory: str = ""
) -> dict[str, Any]:
    """Outputs and gradients of a network, beside those of torch in one process.

    With `memory`, parts of it run again in the backward pass, and no part of the one beside it.
    """
    rank = dist.get_rank()
    network = archlang.network(name, **parameters)
    goal: dict[str, Any] = {"optimize": "training"} if memory else {}
    more: dict[str, Any] = {"train_memory": memory, "batch": 4} if memory else {}
    torch.manual_seed(0)
    alone = archlang.load(name, **goal, **parameters)
    torch.manual_seed(rank)  # each begins elsewhere; the weights of the first count
    model = archlang.load(name, **goal, **more, **parameters)
    if rank == 0:
        model.load_state_dict(alone.state_dict())
    keys = list(model.state_dict())
    if memory and kind == "fsdp":  # that goal has filters with channels last; FSDP cannot cut them
        for parameter in alone.parameters():
            parameter.data = parameter.data.contiguous()
    again = rerun(model)
    kinds = sorted({part.whole for part in model.modules() if isinstance(part, RunAgain)})
    wrapped: nn.Module = (
        distributed.shard(model) if kind == "fsdp" else distributed.replicate(model)
    )
    seen = watched(model, units(network, again.values()))
    shape = network.nodes[network.inputs[0]].shape
    images = torch.randn(4, *shape, generator=torch.Generator().manual_seed(1))
    share = images.chunk(2)[rank]
    torch.manual_seed(5)
    got = flat(wrapped(share))
    torch.manual_seed(5)
    want = flat(alone(share))
    got.pow(2).mean().backward()
    want.pow(2).mean().backward()
    worst = 0.0
    for (_, mine), (_, theirs) in zip(
        model.named_parameters(), alone.named_parameters(), strict=True
    ):
        if theirs.grad is None:
            assert mine.grad is None
            continue
        dist.all_reduce(theirs.grad)
        full = mine.grad.full_tensor() if isinstance(mine.grad, DTensor) else mine.grad
        assert full is not None
        error = (full - theirs.grad / 2).abs().max() / theirs.grad.abs().max().clamp_min(1e-12)
        worst = max(worst, error.item())
    held = sum((p.to_local() if isinstance(p, DTensor) else p).numel() for p in model.parameters())
    return {
        "output": (got - want).abs().max().item(),
        "gradient": worst,
        "whole": max(map(len, seen), default=0),
        "passes": len(seen),
        "held": held,
        "params": sum(p.numel() for p in alone.parameters()),
        "keys": keys == list(model.state_dict()),
        "again": kinds,
    }


def rerunning(name: str, kind: str, memory: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Three updates of a network, with parts that run again and without: losses, and gradients."""
    network = archlang.network(name, **parameters)
    given = torch.Generator().manual_seed(1 + dist.get_rank())
    images = torch.randn(3, 2, *network.nodes[network.inputs[0]].shape, generator=given)
    found: list[tuple[list[float], dict[str, torch.Tensor]]] = []
    for budget in ({"train_memory": memory, "batch": 2}, {}):
        torch.manual_seed(0)
        model = archlang.load(name, optimize="training", **budget, **parameters)
        assert bool(rerun(model)) == bool(budget)
        found.append(updated(WAYS[kind](model), images))
    (losses, gradients), (wanted, others) = found
    differing = [k for k in others if not torch.equal(gradients[k], others[k])]
    same = gradients.keys() == others.keys()
    return {"losses": losses, "wanted": wanted, "differing": differing, "same": same}


WAYS: dict[str, Callable[[fx.GraphModule], nn.Module]] = {
    "fsdp": distributed.shard,
    "mixed": lambda model: distributed.shard(model, mixed_precision=torch.bfloat16),
    "ddp": distributed.replicate,
}


def updated(model: nn.Module, batches: torch.Tensor) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The losses of some updates, and the gradients of the last of them."""
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    losses: list[float] = []
    for batch in batches:
        with torch.no_grad():
            model.eval()(batch)  # what an evaluation leaves behind matters to no update
        optimizer.zero_grad()
        loss = flat(model.train()(batch)).pow(2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    local = {k: g.to_local() if isinstance(g, DTensor) else g for k, g in gradients.items()}
    return losses, local


def watched(model: nn.Module, found: Sequence[Unit]) -> list[list[str]]:
    """The units whose parameters are gathered, whenever a layer of one runs."""
    seen: list[list[str]] = []

    def look(*_: Any) -> None:
        layers = {u.name: [model.get_submodule(path) for path in u.paths] for u in found}
        seen.append(
            [
                name
                for name, parts in layers.items()
                if any(not isinstance(p, DTensor) for part in parts for p in part.parameters())
            ]
        )

    for unit in found:
        for path in unit.paths:
            model.get_submodule(path).register_forward_hook(look)
    return seen


def mixed() -> dict[str, Any]:
    """A network computed in bfloat16, beside itself in float32."""
    torch.manual_seed(0)
    model, alone = archlang.load("ResNet20"), archlang.load("ResNet20")
    alone.load_state_dict(model.state_dict())
    distributed.shard(model, mixed_precision=torch.bfloat16)
    types: dict[str, str] = {}
    for path in ("layer1.0.conv1", "layer1.0.bn1", "bn1"):
        layer = model.get_submodule(path)

        def look(
            _: Any, __: Any, out: torch.Tensor, layer: nn.Module = layer, path: str = path
        ) -> None:
            types[path] = f"{layer.weight.dtype} {out.dtype}"

        layer.register_forward_hook(look)
    images = torch.randn(4, 3, 32, 32)
    result = model(images)
    result.sum().backward()
    types["result"] = str(result.dtype)
    types["gradient"] = str(model.get_parameter("conv1.weight").grad.dtype)
    return {"types": types, "error": (result - alone(images)).abs().max().item()}


WHAT: dict[str, Callable[..., dict[str, Any]]] = {
    "one_and_all": one_and_all,
    "rerunning": rerunning,
    "mixed": mixed,
}


def main() -> None:
    cases: list[dict[str, Any]] = json.loads(sys.argv[1])
    with distributed.start("cpu") as processes:
        found = [WHAT[case.pop("what", "one_and_all")](**case) for case in cases]
        everyone: list[Any] = [None] * processes.world
        dist.all_gather_object(everyone, found)
        if processes.first:
            print("FOUND " + json.dumps(everyone))


main()
