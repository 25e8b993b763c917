"""From a file of `archlang.save` to the module it was."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, fx

from archlang.backends.fx import to_fx
from archlang.diagnostics.catalog.saved import SavedDiffers
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.graph import Graph
from archlang.problems import about
from archlang.weights.differences import entries, entry_of, tensor_differences
from archlang.weights.notes import note
from archlang.weights.origin import remember
from archlang.weights.report import NOTE, wholly_loaded
from archlang.weights.saved import Saved, read_saved, saved_graph
from archlang.weights.sources.header import Entry
from archlang.weights.sources.safetensors_file import read_safetensors
from archlang.weights.values import not_finite

_SHOWN = 4


def load_saved(
    path: str | PathLike[str],
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    given: tuple[str, ...] = (),
) -> tuple[fx.GraphModule, Graph]:
    """The model in a saved file, and its graph; `given` is what else the caller would have set.

    Args:
        path: the file.
        device: where its tensors shall be; "meta" gives shapes alone.
        dtype: floating-point type of its tensors; None: as they were saved.
        given: names of arguments that a saved file does not take.

    Raises:
        SpecError: the file cannot be read or is damaged (E0707), is none of `archlang.save`
            (E0718), contradicts itself (E0713), holds NaN or infinity (E0706), its spec has
            mistakes, or something is given (E0720).
    """
    saved = read_saved(path, given)
    network = _network(saved)
    module = to_fx(network, device="meta")
    want = entries(module)
    _hold_equal(saved, saved.tensors, want)
    values = _tensors(saved, Path(path), device, dtype)
    # looked at again: the file may have been replaced since its header was read
    _hold_equal(saved, {key: entry_of(value) for key, value in values.items()}, want)
    if dict(module.named_buffers()).keys() - want.keys():
        # some layer has a buffer that state_dict does not hold, so it has to be made
        module = to_fx(network, device=device, dtype=_dtype(values))
    module.load_state_dict(values, assign=True)
    remember(module, network)
    note(module, NOTE, wholly_loaded(network, values, saved.name))
    return module, network


def _network(saved: Saved) -> Graph:
    sink = Diagnostics()
    network = saved_graph(saved, sink)
    if network is None or sink.has_errors:
        raise SpecError(sink)
    return network


def _hold_equal(saved: Saved, got: Mapping[str, Entry], want: Mapping[str, Entry]) -> None:
    found = tuple(tensor_differences(got, want))
    if found:
        more = (f"and {len(found) - 1 - _SHOWN} more",) if len(found) > _SHOWN + 1 else ()
        facts = (*found[1 : 1 + _SHOWN], *more)
        name = Path(saved.name).name
        raise about(saved.name, SavedDiffers(name=name, what=found[0], facts=facts))


def _tensors(
    saved: Saved, path: Path, device: torch.device | str | None, dtype: torch.dtype | None
) -> dict[str, Tensor]:
    """Copies, one at a time: the library maps the file, which may change later."""
    place = torch.get_default_device() if device is None else torch.device(device)
    values: dict[str, Tensor] = {}
    tensors, _ = read_safetensors(path, saved.name)
    for key, value in cast(Mapping[str, Tensor], tensors).items():
        if problem := not_finite(key, value):
            raise about(saved.name, problem)
        real = value.is_floating_point()
        values[key] = value.to(place, dtype if real else None, copy=True)
    return values


def _dtype(values: Mapping[str, Tensor]) -> torch.dtype | None:
    return next((v.dtype for v in values.values() if v.is_floating_point()), None)
