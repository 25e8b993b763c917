"""What sharding and replication share: which network it is, which processes, equal weights."""

from __future__ import annotations

from typing import Any, NoReturn

from torch import distributed, fx, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor

from archlang.diagnostics.catalog.distribution_runs import NoProcesses, NotDistributable
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.graph import Graph
from archlang.passes.report import PASSES, PassesReport
from archlang.problems import about_network, nowhere
from archlang.weights.notes import noted
from archlang.weights.origin import Origin, origin_of

_ONCE = "a model is spread once: load it anew to do it in another way"


def network_within(model: nn.Module, what: str) -> Graph:
    """The network of a model that is to be `sharded` or `replicated`.

    Raises:
        SpecError: it is none of `archlang.load`, is optimised for inference, or is spread over
            processes already (E0945).
    """
    if isinstance(model, nn.parallel.DistributedDataParallel):
        refuse(what, "it is replicated already", _ONCE)
    if any(isinstance(p, DTensor) for p in model.parameters()):
        refuse(what, "it is sharded already", _ONCE)
    report = noted(model, PASSES)
    if isinstance(report, PassesReport) and report.goal == "inference":
        way = 'load it without optimize=, or with optimize="training"'
        refuse(what, "it is optimised for inference, and nothing of it is trained", way)
    return graph_of(known_origin(model, what))


def known_origin(model: nn.Module, what: str) -> Origin:
    """What a model says it is built from.

    Raises:
        SpecError: it says nothing (E0945).
    """
    try:
        origin = origin_of(model)
    except TypeError as error:
        refuse(what, str(error), "set the parameter to a number, a text, or a list of them")
    if origin is None or not origin.files:
        where = "take the model that archlang.load gives, before it is compiled or wrapped"
        refuse(what, f"a {type(model).__name__} does not know the spec it is built from", where)
    return origin


def graph_of(origin: Origin) -> Graph:
    """The network of an origin.

    Raises:
        SpecError: its texts have mistakes.
    """
    sink = Diagnostics()
    graph = origin.graph("", sink)
    if graph is None or sink.has_errors:
        raise SpecError(sink)
    return graph


def refuse(what: str, why: str, way: str) -> NoReturn:
    """Say that a model cannot be spread over processes."""
    raise nowhere(NotDistributable(what=what, why=why, way=way))


def mesh_for(model: fx.GraphModule, graph: Graph, what: str) -> DeviceMesh:
    """All processes of the group, in a row.

    Raises:
        SpecError: this process belongs to none (E0941).
    """
    hold_group(graph, what)
    device = next((p.device.type for p in model.parameters()), "cpu")
    if device == "meta":
        device = distributed.get_backend_config().split(":")[0].split(",")[0]
    return init_device_mesh(device, (distributed.get_world_size(),))


def hold_group(graph: Graph, what: str) -> None:
    """
    Raises:
        SpecError: this process belongs to no group (E0941).
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        raise about_network(graph, NoProcesses(network=graph.name, what=what))


def make_alike(model: nn.Module, mesh: DeviceMesh) -> None:
    """Give all processes the weights and buffers of the first."""
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_meta:
            continue
        for dimension in range(mesh.ndim):
            group = mesh.get_group(dimension)
            distributed.broadcast(tensor.data, distributed.get_global_rank(group, 0), group)


def with_common_statistics(model: fx.GraphModule, what: str) -> fx.GraphModule:
    """The model, with batch norms that take the statistics of all processes' shares of a batch.

    Raises:
        SpecError: it is on a CPU, where torch has no such layer (E0945).
    """
    norms = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())  # pyright: ignore[reportPrivateUsage]  # what torch converts
    if norms and any(p.device.type == "cpu" for p in model.parameters()):
        way = 'use GPUs, a network with group norm, or batch_norm="own"'
        refuse(what, "on a CPU its batch norms cannot have common statistics", way)
    convert: Any = nn.SyncBatchNorm.convert_sync_batchnorm  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # torch does not say
    return convert(model)
