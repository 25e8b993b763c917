"""FSDP2 for a network of archlang: what belongs to a block is gathered and given back together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import torch
from torch import fx, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import (
    CPUOffloadPolicy,
    MixedPrecisionPolicy,
    OffloadPolicy,
    fully_shard,
)
from torch.nn.modules.batchnorm import _NormBase  # pyright: ignore[reportPrivateUsage]  # torch has no other name for what has running statistics

from archlang.distributed.rerunning import rerun, with_parts
from archlang.distributed.units import units
from archlang.distributed.wrapping import make_alike, mesh_for, network_within, refuse

_SHARDED = "sharded"


def shard(
    model: fx.GraphModule,
    mesh: DeviceMesh | None = None,
    *,
    mixed_precision: torch.dtype | None = None,
    offload: bool = False,
    reshard: bool = True,
) -> fx.GraphModule:
    """Spread parameters, gradients and the optimiser's state over processes, with FSDP2.

    Each process holds its part of every parameter. The whole parameters of a block are gathered
    before its first layer runs and given back after its last one, forward and backward; see
    `archlang.distributed.units` for what a block is here. What is left (a stem, small heads,
    layers that run several times) is gathered for the whole pass. What runs again in the backward
    pass (`train_memory=`) is gathered before it does. Buffers, such as the running statistics of
    batch norm, are not spread: each process has its own.

    Call it before the optimiser is made. All processes start from the weights of the first.

    Rajbhandari et al.: ZeRO: Memory optimizations toward training trillion parameter models.
    2019, arXiv:1910.02054. Zhao et al.: PyTorch FSDP: Experiences on scaling fully sharded data
    parallel. 2023, arXiv:2304.11277.

    Args:
        model: what `archlang.load` gave, on the device of this process; on `"meta"`, its memory is
            made by `model.to_empty(device=…)` afterwards, and filled by `load_checkpoint`.
        mesh: the processes; with two dimensions, parameters are spread along the second and
            repeated along the first (HSDP). None: all of the group.
        mixed_precision: the type to compute in, such as `torch.bfloat16`. Parameters are kept, and
            gradients added up, in float32; batch norms and the results stay in it.
        offload: keep the parts of a process in CPU memory, and bring them to its GPU as needed.
        reshard: give a block's parameters back after the forward pass, and gather them again for
            the backward one; False keeps them, which takes memory for less traffic.

    Returns:
        The model itself, changed in place. Its `state_dict` has the same names.

    Raises:
        SpecError: this process belongs to no group (E0941); or the model is not that of
            `archlang.load`, is spread already, or is to compute in a type that is none for it
            (E0945).
    """
    graph = network_within(model, _SHARDED)
    _hold_float(mixed_precision)
    mesh = mesh or mesh_for(model, graph, _SHARDED)
    _lay_out(model)
    make_alike(model, mesh)
    options: dict[str, Any] = {"mesh": mesh, "offload_policy": _offload(mesh, offload)}
    grouped: set[str] = set()
    again = rerun(model)
    for unit in units(graph, again.values()):
        grouped.update(unit.paths)
        layers = [model.get_submodule(path) for path in unit.paths]
        groups = list(_by_precision(layers, mixed_precision))
        parts = [name for name, paths in again.items() if not paths.isdisjoint(unit.paths)]
        for group, policy in with_parts(model, parts, groups):
            # a list is one group: the first of it to run gathers, the last gives back
            fully_shard(group, mp_policy=policy, reshard_after_forward=reshard, **options)
    if mixed_precision is not None:
        for layer in _loose_norms(model, grouped):
            fully_shard(layer, mp_policy=_AS_IT_IS, reshard_after_forward=reshard, **options)
    # what is left; the backward pass begins with it, so it is kept
    policy = _policy(mixed_precision, torch.float32)
    return fully_shard(model, mp_policy=policy, **options)  # pyright: ignore[reportReturnType]  # it is the model, of a class made for it


_AS_IT_IS = MixedPrecisionPolicy(cast_forward_inputs=False)
"""Batch norms take float32 statistics and parameters with whatever comes in."""


def _policy(dtype: torch.dtype | None, results: torch.dtype | None = None) -> MixedPrecisionPolicy:
    if dtype is None:
        return MixedPrecisionPolicy()
    return MixedPrecisionPolicy(dtype, reduce_dtype=torch.float32, output_dtype=results)


def _loose_norms(model: nn.Module, grouped: Collection[str]) -> list[nn.Module]:
    """The batch norms that are in no unit."""
    named: Any = model.named_modules()  # pyright: ignore[reportUnknownVariableType]  # torch does not say
    return [m for name, m in named if name not in grouped and isinstance(m, _NormBase)]


def _by_precision(
    layers: list[nn.Module], dtype: torch.dtype | None
) -> Iterator[tuple[list[nn.Module], MixedPrecisionPolicy]]:
    """The layers of a unit in groups that are computed alike."""
    norms: list[nn.Module] = [m for m in layers if dtype is not None and isinstance(m, _NormBase)]
    others = [m for m in layers if m not in norms]
    if others:
        yield others, _policy(dtype)
    if norms:
        yield norms, _AS_IT_IS


def _hold_float(dtype: torch.dtype | None) -> None:
    """
    Raises:
        SpecError: a network cannot compute in it (E0945).
    """
    if dtype is not None and not dtype.is_floating_point:
        refuse(_SHARDED, f"{dtype} is no floating-point type", "use torch.bfloat16")


def _lay_out(model: nn.Module) -> None:
    """FSDP cuts tensors along their rows, so no filter may have its channels last."""
    for parameter in model.parameters():
        parameter.data = parameter.data.contiguous()


def _offload(mesh: DeviceMesh, asked: bool) -> OffloadPolicy:
    """On a CPU everything is where it would be brought."""
    return CPUOffloadPolicy() if asked and mesh.device_type != "cpu" else OffloadPolicy()
