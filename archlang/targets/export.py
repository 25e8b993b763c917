"""`archlang.export`: a model into files that others run, each verified before it is there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from torch import fx, nn

from archlang.diagnostics.catalog.targets import CannotExport, ResultsDiffer
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.files import write_all
from archlang.problems import about, about_network
from archlang.record import Record
from archlang.targets.job import Dynamic, Job, evaluating
from archlang.targets.places import hold_writable
from archlang.targets.registry import Kind, kind_for, kind_named, target_of
from archlang.targets.weights_health import hold_finite

if TYPE_CHECKING:
    from archlang.graph import Graph
    from archlang.targets.verify import Difference

_PIECE = 1 << 24


class Exported(Record):
    """A file that was written, and how far its results are from the network's."""

    path: Path
    target: str
    bytes: int
    """With those of the file of weights beside it, if there is one."""
    seconds: float
    """That writing and verifying it took."""
    difference: Difference | None
    """None: it was not compared."""


def export(
    model: nn.Module,
    path: str | PathLike[str],
    *,
    dynamic: Dynamic = "batch",
    opset: int | None = None,
    verify: bool = True,
    to: str | None = None,
) -> Exported:
    """Write a model for others to run: `export(model, "net.onnx", dynamic="sizes")`.

    It is written as it is in evaluation mode; the model itself is left in the mode it is in. The
    file is written whole or not at all, and only if it gives the model's results.

    Args:
        model: what `archlang.load` or `archlang.optimize` gave, trained meanwhile; also as it is
            after `torch.compile`, or within `DistributedDataParallel`.
        path: the file; its suffix says what is written: `.py`, `.pt2`, `.aoti.pt2`, `.onnx`,
            `.safetensors` or `.svg`.
        dynamic: what of the inputs is open: the "batch"; the batch and the "sizes"; or "none".
        opset: the version of ONNX's operators; None: torch's choice.
        verify: whether to read the file back, run it on random inputs and compare.
        to: the target (`"aoti"`), where the suffix shall not say it.

    Raises:
        SpecError: the network cannot be written so, or what was written gives other results; its
            text says which layer, and where it is written.
        OutputError: the file cannot be written.
        ValueError: there is no such target, or no such value of `dynamic` or `opset`.
    """
    from archlang.weights.wrappers import unwrapped

    file = Path(fspath(path))
    kind = kind_named(to) if to is not None else kind_for(file)
    _hold_options(dynamic, opset)
    inner = unwrapped(model)
    return export_all(network_of(inner), inner, {kind: file}, dynamic, opset, verify=verify)[0]


def _hold_options(dynamic: str, opset: int | None) -> None:
    if dynamic not in get_args(Dynamic):
        raise ValueError(f"dynamic is {dynamic!r}, not one of {', '.join(get_args(Dynamic))}")
    if opset is not None and opset < 1:
        raise ValueError(f"there is no opset {opset}")


def network_of(model: nn.Module) -> Graph:
    """The network that a model was loaded from.

    Raises:
        SpecError: that is not known (E0917).
    """
    from archlang.weights.origin import origin_of

    load = "export what archlang.load gave"
    try:
        origin = origin_of(model)
    except TypeError as error:
        raise about("the model", CannotExport(str(error), load)) from None
    if origin is None:
        why = "it does not know its spec: archlang.load did not make it"
        raise about("the model", CannotExport(why, load))
    sink = Diagnostics()
    network = origin.graph("", sink)
    if network is None or sink.has_errors:
        raise SpecError(sink)
    return network


def export_all(
    network: Graph,
    model: nn.Module,
    files: Mapping[Kind, Path],
    dynamic: Dynamic = "batch",
    opset: int | None = None,
    *,
    verify: bool = True,
) -> list[Exported]:
    """Write a model into several files, all of them or none.

    Raises:
        SpecError, OutputError: as for `export`.
    """
    _hold_data(network, model)
    assert isinstance(model, fx.GraphModule)
    if verify and any(kind.runs for kind in files):
        hold_finite(network, model)
    hold_writable(files.values())
    with evaluating(model), tempfile.TemporaryDirectory(prefix="archlang-") as folder:
        job = Job(network, model, dynamic, opset, verify)
        for kind in files:
            target_of(kind).prepare(job)
        made = [_made(job, kind, path, Path(folder), verify=verify) for kind, path in files.items()]
        write_all({path: _pieces(staged) for _, places in made for path, staged in places.items()})
        return [done for done, _ in made]


def _hold_data(network: Graph, model: nn.Module) -> None:
    if not isinstance(model, fx.GraphModule):
        why = f"it is of the type {type(model).__name__}"
        raise about_network(network, CannotExport(why, "export what archlang.load gave"))
    if any(tensor.is_meta for tensor in model.state_dict().values()):
        why = 'it is on the device "meta", so it has no weights'
        raise about_network(network, CannotExport(why, "load it without device="))


def _made(
    job: Job, kind: Kind, path: Path, folder: Path, *, verify: bool
) -> tuple[Exported, dict[Path, Path]]:
    """Write and verify a file where nobody sees it; and where each part of it is to be."""
    begun = time.perf_counter()
    target = target_of(kind)
    own = folder / kind.name
    own.mkdir()
    parts = target.write(job, own / path.name)
    found = None
    if verify and kind.runs:
        from archlang.targets.verify import difference

        found = difference(job, target.runner(job, parts[0]))
        if found.exceeds(job.dtype):
            raise _differs(job, path, found)
    size = sum(part.stat().st_size for part in parts)
    seconds = time.perf_counter() - begun
    places = {path.with_name(part.name): part for part in parts}
    return Exported(path, kind.name, size, seconds, found), places


def _differs(job: Job, path: Path, found: Difference) -> SpecError:
    from archlang.targets.verify import limit_of

    if found.problem:
        return about_network(job.graph, ResultsDiffer(path.name, found.problem))
    what = f"results differ by {found.absolute:.2g}, {found.relative:.2g} of the largest"
    limit = f"{limit_of(job.dtype):g} of it"
    return about_network(job.graph, ResultsDiffer(path.name, what, limit))


def _pieces(staged: Path) -> Iterator[bytes]:
    with staged.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
