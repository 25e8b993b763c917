"""DDP for a network of archlang: a replica in each process, and the mean of their gradients."""

from __future__ import annotations

from typing import Literal

from torch import fx, nn
from torch.distributed.device_mesh import DeviceMesh

from archlang.distributed.wrapping import (
    hold_group,
    mesh_for,
    network_within,
    refuse,
    with_common_statistics,
)

_REPLICATED = "replicated"


def replicate(
    model: fx.GraphModule,
    mesh: DeviceMesh | None = None,
    *,
    batch_norm: Literal["own", "common"] = "own",
    find_unused: bool | None = None,
) -> nn.parallel.DistributedDataParallel:
    """Put a replica into each process, with `torch.nn.parallel.DistributedDataParallel`.

    Each process computes its share of a batch, and the mean of the gradients is taken while the
    backward pass runs. All processes start from the weights of the first; its running statistics
    are given to the others before each forward pass.

    Li et al.: PyTorch Distributed: Experiences on accelerating data parallel training. 2020,
    arXiv:2006.15704.

    Args:
        model: what `archlang.load` gave, on the device of this process.
        mesh: the processes, in one dimension; None: all of the group.
        batch_norm: whether batch norms take the mean and variance of a process's `own` share of
            the batch, or those that are `common` to all shares (`SyncBatchNorm`, on GPUs alone).
        find_unused: whether to look after each forward pass for parameters that it did not use;
            None: if the network has outputs `when training`, whose layers evaluation leaves out.

    Returns:
        The wrapper; the model is its `module`, whose names in `state_dict` are unchanged.

    Raises:
        SpecError: this process belongs to no group (E0941); or the model is not that of
            `archlang.load`, is spread already, has nothing to train, or its batch norms cannot
            have common statistics (E0945).
    """
    graph = network_within(model, _REPLICATED)
    hold_group(graph, _REPLICATED)
    device = next((p.device for p in model.parameters()), None)
    if not any(p.requires_grad for p in model.parameters()):
        refuse(
            _REPLICATED, "none of its parameters is trained", "unfreeze some, or use it as it is"
        )
    if device is not None and device.type == "meta":
        refuse(_REPLICATED, 'it is on the device "meta": it has no data', "load it elsewhere")
    if batch_norm == "common":
        model = with_common_statistics(model, _REPLICATED)
    if find_unused is None:
        find_unused = any(output.training for output in graph.outputs)
    mesh = mesh or mesh_for(model, graph, _REPLICATED)
    return nn.parallel.DistributedDataParallel(
        model, process_group=mesh.get_group(), find_unused_parameters=find_unused
    )
