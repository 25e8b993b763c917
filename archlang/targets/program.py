"""The network as a program of torch.export, with the names of the spec and no path of a machine."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, fx, nn

from archlang.backends.fx import OUTPUTS
from archlang.diagnostics.catalog.targets import NotForTarget, SizesFixed
from archlang.graph import Node
from archlang.problems import about_network
from archlang.targets.blame import Culprit, culprit_of, place
from archlang.targets.layout import plain_layout
from archlang.targets.sizes import fixing, input_values, open_axes, silent

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from archlang.targets.job import Job

REFUSALS = (RuntimeError, ValueError, TypeError, AssertionError, KeyError, AttributeError)
"""What torch raises where it cannot trace a layer; it has no error of its own for it."""
_TRACES = ("stack_trace", "custom", "from_node")
"""What is noted of a step that names files of this machine, or where in memory something was."""
_MOST = 400
"""Letters of a reason of torch's that are shown."""


def exported(job: Job) -> ExportedProgram:
    """
    Raises:
        SpecError: a layer cannot be exported (E0911), or fixes the sizes (E0916).
    """
    samples = job.samples(1 if job.dynamic == "none" else 2)
    axes = open_axes(job)
    if job.dynamic == "sizes" and not any(axes):
        raise _fixed(job, fixing(job))
    try:
        with torch.no_grad(), silent(), _traceable(job), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            program = torch.export.export(
                job.module, tuple(samples), dynamic_shapes=_dynamic(job, axes), strict=False
            )
    except REFUSALS as error:
        raise _refused(job, samples, error) from None
    if _is_fixed(program, axes):
        raise _fixed(job, _layer(job, culprit_of(job, samples)))
    _without_traces(program)
    return program


def _dynamic(job: Job, axes: Sequence[Mapping[int, int]]) -> tuple[dict[int, Any] | None, ...]:
    """What of each input is open. What ties the sizes to each other torch finds by itself."""
    from torch.export import Dim

    if job.dynamic == "none":
        return tuple(None for _ in job.shapes)
    batch = Dim("batch", min=1)
    auto: Any = Dim.AUTO
    return tuple({0: batch} | {axis: auto(min=n) for axis, n in each.items()} for each in axes)


def _is_fixed(program: ExportedProgram, axes: Sequence[Mapping[int, int]]) -> bool:
    """Whether torch has fixed a size that was to be open."""
    values = zip(input_values(program), axes, strict=True)
    return any(isinstance(value.shape[axis], int) for value, each in values for axis in each)


@contextmanager
def _traceable(job: Job) -> Generator[None]:
    """The module as torch.export shall see it; where sizes are open, plainly laid out."""
    layout = plain_layout(job.module) if job.dynamic == "sizes" else nullcontext()
    with layout, _calling(job.module, job.outputs):
        yield


@contextmanager
def _calling(module: fx.GraphModule, names: Sequence[str]) -> Generator[None]:
    """Let a module take its inputs under the names of the spec, and give a dict of results.

    A dict can be read back by a program that knows nothing of archlang; a class of ours cannot.
    """
    forward = type(module).forward
    naming: dict[str, Any] = getattr(module, OUTPUTS, nn.Module()).__dict__
    named = naming.get("regular_type")

    def called(*inputs: Tensor) -> Any:
        return forward(module, *inputs)

    def gathered(*values: Tensor) -> dict[str, Tensor]:
        return dict(zip(names, values, strict=True))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind) for name in _placeholders(module)]
    called.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]  # inspect reads it
    module.__dict__["forward"] = called
    naming["regular_type"] = gathered
    try:
        yield
    finally:
        del module.__dict__["forward"]
        naming["regular_type"] = named


def _placeholders(module: fx.GraphModule) -> list[str]:
    return [str(node.target) for node in module.graph.nodes if node.op == "placeholder"]


def _without_traces(program: ExportedProgram) -> None:
    """Take out where in which files a step was called: names of folders of this machine."""
    for module in program.graph_module.modules():
        if isinstance(module, fx.GraphModule):
            for node in module.graph.nodes:
                for key in _TRACES:
                    node.meta.pop(key, None)


# ── where it went wrong ──────────────────────────────────────────────────────────────────────────


def _refused(job: Job, samples: Sequence[Tensor], error: BaseException) -> Exception:
    culprit = culprit_of(job, samples)
    path = culprit.path if culprit else ""
    if culprit is not None and culprit.fixes:
        return _fixed(job, _layer(job, culprit))
    why = reason(culprit.error or error if culprit else error)
    problem = NotForTarget(target="torch.export", path=path, operator="", why=why)
    return about_network(job.graph, problem, place(job.graph, path))


def _layer(job: Job, culprit: Culprit | None) -> Node | None:
    known = culprit is not None and place(job.graph, culprit.path) is not None
    return job.graph.owner_of(culprit.path) if culprit and known else None


def _fixed(job: Job, layer: Node | None) -> Exception:
    path, kind, span = (layer.path, layer.kind, layer.span) if layer else ("", "", None)
    return about_network(job.graph, SizesFixed(job.graph.name, path, kind), span)


def reason(error: BaseException) -> str:
    """The first line of what torch says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
