"""`.onnx`: an ONNX model, with the names of the spec, for onnxruntime and many others."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from archlang.diagnostics.catalog.targets import (
    CannotRun,
    NeedsPackages,
    NotForTarget,
    ResultsDiffer,
    WrongOpset,
)
from archlang.diagnostics.model import SpecError
from archlang.problems import about_network
from archlang.targets.blame import place
from archlang.targets.job import Job, Runner
from archlang.targets.program import reason
from archlang.targets.registry import KINDS
from archlang.targets.sizes import input_values

INLINE = 1_800_000_000
"""Bytes of weights that a file holds itself; protobuf allows no file of 2 GiB, so more lie in a
file of their own beside it."""
_FIRST = 18
"""The opset that torch writes by itself; earlier ones are made of it."""
_NODE = re.compile(r"translating node %(?P<name>\w+) : .*?target=torch\.ops\.(?P<op>\w+\.\w+)")
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class Onnx:
    """Writes ONNX by torch.onnx, and runs it by onnxruntime."""

    kind = KINDS["onnx"]

    def prepare(self, job: Job) -> None:
        """
        Raises:
            SpecError: a package is missing (E0913), or there is no such opset (E0912).
        """
        _hold_installed(job, ("onnx", "onnxscript"))
        if job.verify:
            _hold_installed(job, ("onnxruntime",), only_to_verify=True)
        import onnx.defs

        highest = onnx.defs.onnx_opset_version()
        if job.opset is not None and job.opset > highest:
            raise about_network(job.graph, WrongOpset(job.opset, highest))

    def write(self, job: Job, path: Path) -> tuple[Path, ...]:
        """The model, and beside it `NAME.data` where its weights are too large for one file.

        Raises:
            SpecError: a layer has no operator, or `onnx.checker` refuses what was written (E0911);
                the opset cannot be had (E0912).
        """
        onnx_ir: Any = import_module("onnx_ir")
        model = _translated(job, job.opset)
        got = model.opset_imports.get("", _FIRST)
        if job.opset is not None and got != job.opset:
            raise about_network(job.graph, WrongOpset(job.opset, _lowest(job, got)))
        _tidy(model, job)
        size = sum(value.const_value.nbytes for value in _initializers(model))
        beside = path.with_name(f"{path.name}.data")
        if size > INLINE:
            onnx_ir.save(model, path, external_data=beside.name)
        else:
            proto = onnx_ir.to_proto(model)
            path.write_bytes(proto.SerializeToString(deterministic=True))
        _hold_valid(job, path)
        return (path, beside) if beside.exists() else (path,)

    def runner(self, job: Job, path: Path) -> Runner:
        """By onnxruntime.

        Raises:
            SpecError: onnxruntime does not run it (E0918).
        """
        onnxruntime: Any = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
        except _ort_errors() as error:
            raise _not_run(job, path, error) from None
        names = [value.name for value in session.get_inputs()]
        results = [value.name for value in session.get_outputs()]
        if (*names,) != job.inputs or (*results,) != job.outputs:
            what = f"its ends are {', '.join(names)} → {', '.join(results)}"
            raise about_network(job.graph, ResultsDiffer(path.name, what))

        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            try:
                return _run(session, names, inputs)
            except _ort_errors() as error:
                raise _not_run(job, path, error) from None

        return run


def _hold_installed(job: Job, packages: Iterable[str], *, only_to_verify: bool = False) -> None:
    missing = tuple(name for name in packages if not _can_import(name))
    if missing:
        problem = NeedsPackages("ONNX", missing, "onnx", only_to_verify)
        raise about_network(job.graph, problem)


def _can_import(package: str) -> bool:
    """Whether it is there and whole; what is installed for another Python does not import."""
    try:
        import_module(package)
    except ImportError:
        return False
    return True


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


def _translated(job: Job, opset: int | None) -> Any:
    """The model as onnx_ir has it.

    Raises:
        SpecError: a layer cannot be translated (E0911).
    """
    try:
        with _quiet():
            translate: Any = import_module("torch.onnx").export
            written = translate(
                job.program,
                (),
                dynamo=True,
                verbose=False,
                opset_version=opset,
                input_names=list(job.inputs),
                output_names=list(job.outputs),
            )
    except torch.onnx.OnnxExporterError as error:
        raise _refused(job, error) from None
    assert written is not None
    return written.model


def _hold_valid(job: Job, path: Path) -> None:
    """
    Raises:
        SpecError: it is no ONNX: an operator that does not take the type, for one (E0911).
    """
    import onnx

    try:
        check: Any = import_module("onnx.checker").check_model
        check(path, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        way = "another --opset or --dtype may do, or another target: --to pt2"
        problem = NotForTarget("ONNX", "", "", reason(error), way)
        raise about_network(job.graph, problem) from None


def _lowest(job: Job, got: int) -> int:
    """The lowest opset that the network can be written in; `got` is one that it was."""
    lowest = min(got, _FIRST)
    while lowest > 1:
        try:
            model = _translated(job, lowest - 1)
        except SpecError:
            break
        if model.opset_imports.get("") != lowest - 1:
            break
        lowest -= 1
    return lowest


def _tidy(model: Any, job: Job) -> None:
    """Names of the spec for open sizes; what the file says of itself; and no path of a machine."""
    names = _symbols(job)
    for graph in (model.graph, *model.functions.values()):
        graph.metadata_props.clear()
        for node in graph.all_nodes() if hasattr(graph, "all_nodes") else graph:
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()
                _rename(value, names)
    for value in (*model.graph.inputs, *_initializers(model)):
        value.metadata_props.clear()
        _rename(value, names)
    from archlang.targets.metadata import metadata

    model.metadata_props.clear()
    model.metadata_props.update(metadata(job))
    model.graph.name = job.graph.name
    model.doc_string = job.graph.root.doc or None


def _initializers(model: Any) -> list[Any]:
    return [v for v in model.graph.initializers.values() if v.const_value is not None]


def _symbols(job: Job) -> dict[str, str]:
    """torch's symbols of open sizes (`s77`) → `batch`, `height`, …; with several inputs of several
    sizes after the input, `left_height`."""
    names: dict[str, str] = {}
    for name, value in zip(job.inputs, input_values(job.program), strict=True):
        axes = _AXES.get(value.dim() - 2, ())
        for what, size in zip(("batch", None, *axes), value.shape, strict=False):
            symbol = str(size)
            if what is None or not symbol.isidentifier() or symbol in names:
                continue
            names[symbol] = what if what not in names.values() else f"{name}_{what}"
    return names


def _rename(value: Any, names: dict[str, str]) -> None:
    import onnx_ir

    if value.shape is None or value.shape.frozen:
        return
    for axis, size in enumerate(value.shape):
        if isinstance(size, onnx_ir.SymbolicDim) and size.value is not None:
            value.shape[axis] = re.sub(
                r"\b[su]\d+\b", lambda found: names.get(found[0], found[0]), size.value
            )


def _refused(job: Job, error: BaseException) -> SpecError:
    """The layer that has no translation, by the node of the program that torch names."""
    said: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None:
        said.append(cause)
        cause = cause.__cause__
    found = next((m for e in said if (m := _NODE.search(str(e)))), None)
    path = _path_of(job, found["name"]) if found else ""
    problem = NotForTarget(
        target="ONNX",
        path=path,
        operator=found["op"] if found else "",
        why=reason(said[-1]),
        way="write another layer here, another --opset, or another target: --to pt2",
    )
    return about_network(job.graph, problem, place(job.graph, path))


def _path_of(job: Job, name: str) -> str:
    """The layer that a node of the program is part of."""
    node = next((n for n in job.program.graph.nodes if n.name == name), None)
    stack: dict[str, tuple[str, Any]] = node.meta.get("nn_module_stack", {}) if node else {}
    paths = [path for path, _ in stack.values() if path]
    return paths[-1] if paths else ""


@contextmanager
def _quiet() -> Generator[None]:
    """torch prints what it does, and warns of an opset that is translated, as it was asked to."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            with redirect_stderr(io.StringIO()):
                yield
    finally:
        logger.setLevel(level)


# ── running ──────────────────────────────────────────────────────────────────────────────────────


def _run(session: Any, names: Sequence[str], inputs: Sequence[Tensor]) -> list[Tensor]:
    make: Any = import_module("onnxruntime").OrtValue.ortvalue_from_numpy_with_onnx_type
    # onnxruntime takes arrays of numpy, which has no bfloat16
    given = {name: x.cpu().contiguous() for name, x in zip(names, inputs, strict=True)}
    if any(x.dtype == torch.bfloat16 for x in given.values()):
        values = {name: make(x.view(torch.int16).numpy(), 16) for name, x in given.items()}
        got = session.run_with_ort_values(None, values)
        return [torch.from_dlpack(value._ortvalue.to_dlpack()) for value in got]
    arrays = {name: x.numpy() for name, x in given.items()}
    return [torch.as_tensor(y) for y in session.run(None, arrays)]


def _ort_errors() -> tuple[type[Exception], ...]:
    state: Any = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
    names = ("Fail", "InvalidArgument", "InvalidGraph", "NotImplemented", "RuntimeException")
    return (RuntimeError, *(getattr(state, name) for name in names))


def _not_run(job: Job, path: Path, error: BaseException) -> SpecError:
    return about_network(job.graph, CannotRun(path.name, "onnxruntime", reason(error)))


TARGET = Onnx()
