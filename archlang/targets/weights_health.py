"""Whether weights are numbers: a network with NaN gives NaN, and to compare that says nothing."""

from __future__ import annotations

from itertools import chain

from torch import Tensor, nn

from archlang.backends.fused import Clip
from archlang.diagnostics.catalog.targets import WeightsNotFinite
from archlang.graph import Graph
from archlang.problems import about_network
from archlang.targets.blame import place


def hold_finite(network: Graph, model: nn.Module) -> None:
    """Find weights and buffers that hold NaN or infinite values.

    Raises:
        SpecError: some do (E0919); it is shown at the line of the first of them.
    """
    limits = {
        id(limit) for m in model.modules() if isinstance(m, Clip) for limit in (m.low, m.high)
    }
    tensors = chain(model.named_parameters(), model.named_buffers())
    sick = [(name, t.detach()) for name, t in tensors if not _is_sound(t.detach(), id(t) in limits)]
    if not sick:
        return
    name, tensor = sick[0]
    problem = WeightsNotFinite(
        name=name,
        nan=int(tensor.isnan().sum()),
        infinite=int(tensor.isinf().sum()),
        of=tensor.numel(),
        others=tuple(other for other, _ in sick[1:]),
    )
    raise about_network(network, problem, place(network, name))


def _is_sound(tensor: Tensor, is_limit: bool) -> bool:
    """A limit of a clip may be infinite: then nothing is clipped on that side."""
    sound = ~tensor.isnan() if is_limit else tensor.isfinite()
    return bool(sound.all())
