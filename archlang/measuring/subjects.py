"""Networks that are to be measured: freshly made for each seed, saved, or as they are."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import torch
from torch import fx, nn

from archlang.compiler import graph as compiled
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.graph import Graph
from archlang.weights.origin import origin_of
from archlang.weights.sources.refusals import in_one_line

if TYPE_CHECKING:
    from archlang.weights.asked import WeightsSource

DTYPES = ("float32", "float64", "bfloat16", "float16")


@dataclass(frozen=True)
class Subject:
    """A network that is to be measured, and how a module of it is had for each seed."""

    graph: Graph
    module: Callable[[], fx.GraphModule]
    dtype: torch.dtype
    device: torch.device
    weights: str = ""


def fresh(
    graph: Graph,
    weights: WeightsSource | None = None,
    dtype: torch.dtype | str | None = None,
    device: torch.device | str | None = None,
) -> Subject:
    """A graph that is built anew for each seed; see `gradients` for the arguments.

    Raises:
        ValueError: there is no such type or device.
    """
    from archlang.loading import to_module

    kind, place = dtype_of(dtype), device_of(device)

    def module() -> fx.GraphModule:
        return to_module(graph, weights=weights, device=place, dtype=kind)

    return Subject(graph, module, kind, place, _source(weights))


def saved(
    spec: str | PathLike[str],
    dtype: torch.dtype | str | None = None,
    device: torch.device | str | None = None,
) -> Subject:
    """A network of `archlang.save`, with the weights that lie beside it."""
    from archlang.loading import load

    kind, place = dtype_of(dtype), device_of(device)
    graph = compiled(spec)
    return Subject(graph, lambda: load(spec, device=place, dtype=kind), kind, place, str(spec))


def given(
    module: nn.Module,
    dtype: torch.dtype | str | None = None,
    device: torch.device | str | None = None,
) -> Subject:
    """A module as it is; copies of it are measured.

    Raises:
        TypeError: `archlang.load` did not make it.
        SpecError: the texts it was loaded from cannot be compiled any more.
    """
    sink = Diagnostics()
    origin = origin_of(module)
    graph = origin.graph("", sink) if origin is not None else None
    if sink.has_errors:
        raise SpecError(sink)
    if graph is None or not isinstance(module, fx.GraphModule):
        raise TypeError("archlang.load did not make this module: pass one that it made, or a spec")
    floats = [p for p in (*module.parameters(), *module.buffers()) if p.is_floating_point()]
    kind = dtype_of(dtype or (floats[0].dtype if floats else None))
    place = device_of(device or (floats[0].device if floats else None))
    return Subject(graph, lambda: copy.deepcopy(module).to(place, kind), kind, place, "the module")


def dtype_of(name: torch.dtype | str | None) -> torch.dtype:
    """A floating-point type by its name; float32 for None.

    Raises:
        ValueError: it is none of `DTYPES`.
    """
    text = str(name or "float32").removeprefix("torch.")
    if text not in DTYPES:
        raise ValueError(f"{text!r} is none of {', '.join(DTYPES)}")
    return getattr(torch, text)


def device_of(name: torch.device | str | None) -> torch.device:
    """A device by its name; the CPU for None.

    Raises:
        ValueError: there is no such device, or none that computes.
    """
    try:
        place = torch.device(name or "cpu")
    except RuntimeError:
        raise ValueError(f"{str(name)!r} is no device: cpu, cuda, cuda:1, mps, …") from None
    try:
        torch.zeros(1, device=place).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = "it computes nothing" if place.type == "meta" else in_one_line(error)
        raise ValueError(f"{str(name)!r} cannot be used: {why}") from None
    return place


def _source(weights: WeightsSource | None) -> str:
    if weights is None:
        return ""
    return str(weights) if isinstance(weights, str | PathLike) else "a state_dict"
