"""`archlang.save`: the weights of a model and the spec it is built from, in one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from archlang import __version__
from archlang.backends.fx import to_fx
from archlang.compiler import graph, is_saved
from archlang.diagnostics.catalog.optimising import SavesOptimised
from archlang.diagnostics.catalog.saved import CannotSave, ModelDiffers
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.files import Content, write_all
from archlang.graph import Graph
from archlang.passes.report import PASSES, PassesReport
from archlang.problems import about, about_network
from archlang.weights.differences import (
    NAMES,
    entries,
    entry_of,
    layer_differences,
    tensor_differences,
)
from archlang.weights.notes import noted
from archlang.weights.origin import Origin, origin_of
from archlang.weights.saved import MOST_FILES, metadata_of
from archlang.weights.sources.header import LONGEST, header_bytes
from archlang.weights.values import is_finite
from archlang.weights.wrappers import unwrapped, without_prefixes

_NAME_SPEC = 'name the spec of the model: archlang.save(model, path, spec="net.arch:Net")'


def save(
    model: nn.Module,
    path: str | PathLike[str],
    /,
    *,
    spec: str | PathLike[str] | None = None,
    **parameters: Any,
) -> None:
    """Save a model: `save(model, "mnist.safetensors")`, back by `load("mnist.safetensors")`.

    The file holds the tensors of `state_dict` with their types, from whatever device, and as
    metadata the texts of the spec, their hash, the parameters and the version of the language.
    Equal models give equal files. What is no part of the spec is not saved: the state of the
    optimiser, or what of the model was frozen by hand.

    Args:
        model: what `archlang.load` gave, trained meanwhile; also as it is after
            `torch.compile`, within `DistributedDataParallel`, or copied. With `spec`, any module
            whose `state_dict` fits.
        path: the file, which ends in `.safetensors`; one that is there is replaced, keeping its
            permissions. It is written whole or not at all.
        spec: the network the model is of, as in `load`; None: the one it was loaded from.
        **parameters: with `spec`, the parameters the network was built with.

    Raises:
        SpecError: the spec is not known (E0714), the model is not, or no longer, what it says
            (E0719), it is optimised for inference (E0902), or a weight is NaN, infinite or without
            data (E0714). A file that was there is as it was, so a run that diverged overwrites no
            good checkpoint.
        OutputError: the file cannot be written.
    """
    name = fspath(path)
    if not is_saved(name):
        better = f"{Path(name).stem or 'model'}.safetensors"
        _refuse(name, "the name of a saved model ends in .safetensors", f"call it {better}")
    if not isinstance(model, nn.Module):  # pyright: ignore[reportUnnecessaryIsInstance]  # it is said, not checked
        why = f"it is no torch.nn.Module but of the type {type(model).__name__}"
        _refuse(name, why, "pass the model itself: archlang.save(model, path)")
    write_all({Path(name): saved_content(model, name, spec, parameters)})


def saved_content(
    model: nn.Module,
    name: str,
    spec: str | PathLike[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Content:
    """What `save` writes into a file of that name, in pieces.

    Raises:
        SpecError: as for `save`.
    """
    inner = unwrapped(model)
    _hold_plain(inner, name)
    origin = _origin(inner, name, spec, parameters or {})
    network = _rebuilt(origin)
    return _content(name, origin, _fitting(inner, network, strictly=spec is None))


def _refuse(name: str, why: str, way: str) -> NoReturn:
    raise about(name, CannotSave(name=Path(name).name, why=why, way=way))


def _hold_plain(model: nn.Module, name: str) -> None:
    """Hold that the weights are still those of the spec."""
    report = noted(model, PASSES)
    if isinstance(report, PassesReport) and report.goal == "inference":
        raise about(name, SavesOptimised(report.network))


# ── which network it is ──────────────────────────────────────────────────────────────────────────


def _origin(
    model: nn.Module, name: str, spec: str | PathLike[str] | None, parameters: Mapping[str, Any]
) -> Origin:
    if spec is None and parameters:
        _refuse(name, f"{next(iter(parameters))} is given without a spec", _NAME_SPEC)
    named = None if spec is None else graph(spec, **parameters)
    try:
        found = origin_of(model) if named is None else Origin.of(named)
    except TypeError as error:
        _refuse(name, str(error), "set the parameter to a number, a text, or a list of them")
    if found is None:
        _refuse(name, "the model does not know its spec: archlang.load did not make it", _NAME_SPEC)
    if not 0 < len(found.files) <= MOST_FILES:
        why = "its spec is found by absolute paths, through links, or in a folder called zoo"
        _refuse(name, why, "let the files of the spec lie below its folder, each under one name")
    return found


def _rebuilt(origin: Origin) -> Graph:
    """The network as loading will find it: from the texts that are saved, and nothing else."""
    sink = Diagnostics()
    network = origin.graph("", sink)
    if network is None or sink.has_errors:
        raise SpecError(sink)
    return network


# ── whether the model is that network ────────────────────────────────────────────────────────────


def _fitting(model: nn.Module, network: Graph, *, strictly: bool) -> dict[str, Tensor]:
    """The tensors of a model, which are those of the network; `strictly`: and its layers too.

    Raises:
        SpecError: they differ (E0719).
    """
    reference = to_fx(network, device="meta")
    state: dict[str, Any] = without_prefixes(model.state_dict())
    tensors = {key: value for key, value in state.items() if isinstance(value, Tensor)}
    got = {key: entry_of(value) for key, value in tensors.items()}
    differences = list(tensor_differences(got, entries(reference)))
    differences += [f"{key} is not in the spec" for key in state if key not in tensors]
    if strictly and not differences:
        differences += layer_differences(model, reference)
    if differences:
        raise about_network(network, ModelDiffers(network.name, tuple(differences)))
    return tensors


def _hold_storable(name: str, key: str, tensor: Tensor) -> None:
    if tensor.is_meta:
        _refuse(name, f'{key} is on the device "meta": it has no data', "load the model elsewhere")
    if tensor.layout != torch.strided or str(tensor.dtype) not in NAMES:
        why = f"{key} is {tensor.layout} of {tensor.dtype}, which the file cannot hold"
        _refuse(name, why, "convert it: tensor.to_dense(), or model.float()")
    if hasattr(tensor, "full_tensor"):
        why = f"{key} is spread over several devices"
        _refuse(name, why, "gather it first, with get_model_state_dict(…, full_state_dict=True)")
    if tensor.is_floating_point() and not is_finite(tensor):
        why = f"{key} holds values that are no numbers (NaN or infinity)"
        _refuse(name, why, "save an earlier state; the training diverged, most likely")


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


def _content(name: str, origin: Origin, tensors: Mapping[str, Tensor]) -> Content:
    for key, tensor in tensors.items():
        _hold_storable(name, key, tensor)
    # wide numbers first, so that each lies at a multiple of its width; then by name, so that it
    # does not matter in which order a model has them
    ordered = dict(sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])))
    listed = {key: entry_of(tensor) for key, tensor in ordered.items()}
    head = header_bytes(metadata_of(origin, __version__), listed)
    if len(head) > LONGEST:
        _refuse(name, "its spec and the names of its tensors are too long", "shorten the spec")
    return _pieces(head, ordered)


def _pieces(head: bytes, tensors: Mapping[str, Tensor]) -> Iterator[bytes | memoryview]:
    """The file piece by piece: one tensor at a time is brought from its device."""
    yield head
    for tensor in tensors.values():
        flat = tensor.detach().to("cpu").contiguous().reshape(-1)
        yield flat.view(torch.uint8).numpy().data
