"""Whether a module can be optimised: whose network it is, and that it still computes just that."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping

from torch import fx, nn

from archlang.backends.fx import to_fx
from archlang.diagnostics.catalog.optimising import CannotOptimise
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.graph import Graph
from archlang.passes.model import Goal
from archlang.passes.report import PASSES, PassesReport
from archlang.problems import about, about_network
from archlang.weights.differences import entries, layer_differences, tensor_differences
from archlang.weights.notes import noted
from archlang.weights.origin import Origin, origin_of
from archlang.weights.sources.header import Entry

_CALL_HOOKS = {
    "_forward_hooks": "a forward hook",
    "_forward_pre_hooks": "a forward pre-hook",
    "_backward_hooks": "a backward hook",
    "_backward_pre_hooks": "a backward pre-hook",
}
_GRADIENT_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
_LOAD = "load the network and its weights with archlang.load"
_MAP = 2
"""Axes of the weight of a linear map."""


def network_behind(model: nn.Module, goal: Goal) -> Graph:
    """The graph of what `archlang.load` gave.

    Raises:
        SpecError: it does not know its spec, is no longer what that says, has hooks, which the
            optimised model would not call, or was optimised for inference already (E0901).
    """
    origin = _origin_behind(model)
    name = origin.network
    report = noted(model, PASSES)
    if isinstance(report, PassesReport) and report.goal == "inference":
        why = "it is optimised for inference already"
        raise about(name, CannotOptimise(name, why, way="use it as it is"))
    sink = Diagnostics()
    network = origin.graph("", sink)
    if network is None or sink.has_errors:
        raise SpecError(sink)
    _hold_spec(model, network, origin)
    _hold_no_hooks(model, network, goal)
    return network


def _origin_behind(model: nn.Module) -> Origin:
    name = model._get_name()  # pyright: ignore[reportPrivateUsage]  # as it prints itself
    try:
        origin = origin_of(model)
    except TypeError as error:
        raise about(name, CannotOptimise(name, str(error), way=_LOAD)) from None
    if origin is None:
        raise about(name, CannotOptimise(name, "archlang.load did not make it"))
    return origin


# ── what differs from the spec ───────────────────────────────────────────────────────────────────


def _hold_spec(model: nn.Module, network: Graph, origin: Origin) -> None:
    reference = to_fx(network, device="meta")
    have, want = entries(model), entries(reference)
    facts = list(tensor_differences(have, want)) or list(layer_differences(model, reference))
    if not facts and noted(model, PASSES) is None and not _same_code(model, reference):
        facts = ["its forward is no longer that of the spec"]
    if facts:
        why = f"it is not, or no longer, what its spec {network.name} says"
        way = (
            "change the spec instead, in a network derived from it, and load the weights into that"
        )
        way = _with_classes(origin, have, want) or way
        raise about_network(network, CannotOptimise(network.name, why, tuple(facts), way))


def _same_code(model: nn.Module, reference: fx.GraphModule) -> bool:
    """Whether both call the same; what was pickled is traced anew, which gives other names."""
    if not isinstance(model, fx.GraphModule) or model.code == reference.code:
        return True
    return model.code == pickle.loads(pickle.dumps(reference)).code


def _with_classes(origin: Origin, have: Mapping[str, Entry], want: Mapping[str, Entry]) -> str:
    """How to get what somebody made by giving the network another last layer; "" if it is not."""
    weight = next((key for key in reversed([*want]) if len(want[key].shape) == _MAP), "")
    if weight not in have or not have[weight].shape:
        return ""
    sink, classes = Diagnostics(), have[weight].shape[0]
    parameters = {**origin.parameters, "classes": classes}
    changed = Origin(origin.network, parameters, origin.files, origin.language).graph("", sink)
    if changed is None or sink.has_errors:
        return ""  # it has no parameter of this name
    if next(tensor_differences(have, entries(to_fx(changed, device="meta"))), None):
        return ""
    return (
        f"give the network that many classes from the beginning: archlang.load("
        f'"{origin.network}", classes={classes}, weights=model.state_dict(), …)'
    )


# ── hooks ────────────────────────────────────────────────────────────────────────────────────────


def _hold_no_hooks(model: nn.Module, network: Graph, goal: Goal) -> None:
    facts = [*_hooks(model), *(_gradient_hooks(model) if goal == "training" else ())]
    if facts:
        why = "it has hooks, which its layers would no longer call"
        way = "remove the hooks, or put them on the optimised model"
        raise about_network(network, CannotOptimise(network.name, why, tuple(facts), way))


def _hooks(model: nn.Module) -> Iterator[str]:
    """The modules that do more than their kind does, and by what."""
    modules: dict[str, nn.Module] = dict(model.named_modules())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # torch leaves it open
    for path, module in modules.items():
        place = path or "the model itself"
        for attribute, kind in _CALL_HOOKS.items():
            if getattr(module, attribute, None):
                yield f"{place} has {kind}"
        if "forward" in vars(module):
            yield f"{place} has a forward of its own"


def _gradient_hooks(model: nn.Module) -> Iterator[str]:
    for name, parameter in model.named_parameters():
        if any(getattr(parameter, attribute, None) for attribute in _GRADIENT_HOOKS):
            yield f"{name} has a hook on its gradient"
