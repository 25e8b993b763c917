"""One stage of a plan as torch's own pipeline engine runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn
from torch.distributed.pipelining import PipelineStage
from torch.func import functional_call

from archlang.backends.fx import OUTPUTS, renew

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

    from archlang.distributed.planning.plan import Plan

_PLAIN = "_plain"


def stage(
    model: fx.GraphModule,
    plan: Plan,
    rank: int,
    device: torch.device | str,
    group: ProcessGroup | None = None,
) -> PipelineStage:
    """A stage of a plan for the schedules of `torch.distributed.pipelining`.

    Its `submod` holds the layers of this stage alone, under the network's own paths, on the
    device; the other layers of the model are not touched. A schedule feeds it microbatches of
    `plan.layout.samples`, `plan.layout.microbatches` of them. Several results of the network
    (`… when training`) reach the loss as a plain tuple, in the order in which they are declared.

    Args:
        model: what `archlang.load` makes of the planned network, in the mode (training or
            evaluation) that the stage is for. Layers of one that was loaded with `device="meta"`
            get their initial values here, so that no process need hold the whole network.
        plan: of the same network.
        rank: which stage, from 0. An interleaved schedule has several for each process: those
            with `rank % processes` equal to the process's own rank.
        device: where it runs.
        group: the processes of the pipeline; all that there are unless said.

    Raises:
        SpecError: the model is not of the network that the plan is of.
        ValueError: there is no such stage.
    """
    parts = plan.split(model)
    if not 0 <= rank < len(parts):
        raise ValueError(f"there are stages 0 to {len(parts) - 1}, not {rank}")
    taken, given = _exchanged(parts, plan, rank)
    part = _plain(parts[rank])
    _fill(part, plan, device)
    return PipelineStage(
        part.to(device),
        rank,
        len(parts),
        torch.device(device),
        # told beforehand, or else the engine would find out by a run on memory that nobody has
        # filled, which the running statistics of batch norms would never get over
        input_args=taken,
        output_args=given,
        group=group,
    )


def _exchanged(
    parts: list[fx.GraphModule], plan: Plan, rank: int
) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    """What a stage takes and gives for one microbatch, without memory."""
    dtype = next((p.dtype for p in _all(parts) if p.is_floating_point()), torch.float32)
    values: tuple[torch.Tensor, ...] = tuple(
        torch.empty((plan.layout.samples, *plan.graph.nodes[n].shape), dtype=dtype, device="meta")
        for n in plan.graph.inputs
    )
    taken = values
    for part in parts[: rank + 1]:
        # what is received has no history of its own
        taken = tuple(v.detach().requires_grad_(v.requires_grad) for v in values)
        made: Any = functional_call(part, _without_memory(part), taken)
        values = as_tuple(made)
    return taken, values


def _all(parts: list[fx.GraphModule]) -> list[nn.Parameter]:
    return [parameter for part in parts for parameter in part.parameters()]


def _without_memory(module: nn.Module) -> dict[str, torch.Tensor]:
    """Its parameters and buffers on the meta device."""
    tensors = (*module.named_parameters(), *module.named_buffers())
    return {
        name: tensor.detach().to("meta").requires_grad_(tensor.requires_grad)
        for name, tensor in tensors
    }


def _plain(part: fx.GraphModule) -> fx.GraphModule:
    """The part with a plain tuple for named results, which the engine takes for one result."""
    if OUTPUTS not in dict(part.named_children()):
        return part
    part.add_module(_PLAIN, Plain())
    end = next(n for n in part.graph.nodes if n.op == "output")
    with part.graph.inserting_before(end):
        end.args = (part.graph.call_module(_PLAIN, (end.args[0],)),)
    part.recompile()
    return part


class Plain(nn.Module):
    """Gives the values of a named tuple as a tuple; one value as it is."""

    def forward(self, result: Any) -> Any:
        """The same without names."""
        return as_tuple(result) if isinstance(result, tuple) else result


def as_tuple(result: Any) -> tuple[torch.Tensor, ...]:
    """What a module gave as a plain tuple; one tensor as a tuple of one."""
    return tuple(result) if isinstance(result, tuple) else (result,)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _fill(part: fx.GraphModule, plan: Plan, device: torch.device | str) -> None:
    """Give layers that are without memory their initial values."""
    bare = {name for name, p in part.named_parameters() if p.is_meta}
    bare |= {name for name, b in part.named_buffers() if b.is_meta}
    if torch.device(device).type == "meta" or not bare:
        return
    paths = {plan.graph.owner_of(name).path for name in bare}
    dtype = next((p.dtype for p in part.parameters() if p.is_floating_point()), None)
    renew(part, plan.graph, paths, device, dtype)
    for path in paths:
        part.get_submodule(path).train(part.training)
