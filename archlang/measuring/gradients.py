"""`archlang.gradients`: how large activations and gradients are at every layer of a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import prod
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

from archlang.analysis.stages import stages
from archlang.compiler import is_saved
from archlang.diagnostics.catalog.measuring import NothingToMeasure
from archlang.given import Given
from archlang.given import network as graph_of
from archlang.graph import Graph
from archlang.measuring.arrays import given_arrays, read_arrays
from archlang.measuring.batches import Batch, batch_of, draws_labels, random_batch, usual_batch
from archlang.measuring.probe import measured_nodes
from archlang.measuring.report import GradientReport, Layer, Setting
from archlang.measuring.run import Reading, Run, running
from archlang.measuring.subjects import Subject, fresh, given, saved
from archlang.problems import about_network

if TYPE_CHECKING:
    from archlang.weights.asked import WeightsSource

SEEDS = 3
RATE = 0.01
MOST_STEPS = 10**6
Data: TypeAlias = "str | PathLike[str] | Mapping[str, Any]"


def gradients(
    network: Given,
    /,
    *,
    batch: int | None = None,
    data: Data | None = None,
    seeds: int = SEEDS,
    steps: int = 0,
    lr: float = RATE,
    weights: WeightsSource | None = None,
    dtype: torch.dtype | str | None = None,
    device: torch.device | str | None = None,
    **parameters: Any,
) -> GradientReport:
    """Measure a network: one batch forward and backward, for each of several seeds.

    Args:
        network: a spec's address, or what else `archlang.network` takes. A module is measured as it
            is, with its own weights, and left unchanged.
        batch: the number of samples: 16 random ones, fewer for a large network (see
            `batches.usual_batch`); of `data`, the first so many (all).
        data: a file or a mapping with the arrays, of torch or NumPy, `x` (or one for each
            input, by its name) and, if it has labels, `y`. Without it, inputs
            are standard normal and labels random.
        seeds: how often, each time with another initialisation and another random batch:
            `torch.manual_seed(0)`, `(1)`, … before each of the two.
        steps: steps of plain gradient descent on the same batch that are taken before.
        lr: their rate.
        weights: weights instead of fresh ones, as for `archlang.load`.
        dtype: floating-point type; float32, or that of the module.
        device: where to run; the CPU, or where the module is.
        **parameters: the network's parameters, by name.

    Returns:
        The sizes of every weighted layer, in running order, and a verdict. Random state, default
        types and the module are as they were before.

    Raises:
        SpecError: the spec or the batch has mistakes, nothing is there to be measured, or NaN or
            infinity was met (E082…).
        TypeError, ValueError: an argument that cannot be.
    """
    _hold(seeds, steps, lr, batch)
    if isinstance(network, nn.Module | Graph) and parameters:
        raise TypeError("only a spec takes parameters: a graph or a module has them already")
    if isinstance(network, nn.Module):
        if weights is not None:
            raise TypeError("a module has its weights already")
        subject = given(network, dtype, device)
    elif isinstance(network, (str, PathLike)) and is_saved(network) and weights is None:
        subject = saved(network, dtype, device)
    else:
        subject = fresh(graph_of(network, **parameters), weights, dtype, device)
    return measure(subject, batch=batch, data=data, seeds=seeds, steps=steps, lr=lr)


def measure(
    network: Graph | Subject,
    *,
    batch: int | None = None,
    data: Data | None = None,
    seeds: int = SEEDS,
    steps: int = 0,
    lr: float = RATE,
    during: Callable[[int], AbstractContextManager[object]] = nullcontext,
) -> GradientReport:
    """The same for a graph, or for a subject that is prepared.

    Args:
        network: freshly initialised in float32 on the CPU, if it is a graph.
        batch, data, seeds, steps, lr: see `gradients`.
        during: a context for each seed, which says that it is being measured.

    Raises:
        SpecError: see `gradients`.
    """
    _hold(seeds, steps, lr, batch)
    subject = fresh(network) if isinstance(network, Graph) else network
    _hold_measurable(subject.graph)
    with torch.inference_mode(False):  # what is made in it takes no part in gradients
        source, arrays = _arrays(data)
    readings: list[Reading] = []
    for seed in range(seeds):
        with during(seed), _seeded(subject.device):
            _seed(seed)
            module = subject.module()
            _seed(seed)
            run = Run(subject.graph, module, _samples(subject, arrays, source, batch))
            run.descend(steps, lr)
            readings.append(run.measure())
    setting = Setting(
        batch=readings[0].batch, data=source, seeds=seeds, steps=steps, lr=lr,
        weights=subject.weights, dtype=str(subject.dtype).removeprefix("torch."),
        device=str(subject.device),
        random_labels=arrays is not None and draws_labels(subject.graph, arrays),
    )  # fmt: skip
    return _report(subject.graph, readings, setting)


def _samples(
    subject: Subject, arrays: Mapping[str, Tensor] | None, source: str, count: int | None
) -> Batch:
    """The batch for the seed that is set.

    Raises:
        SpecError: the arrays do not suit the network, or there is no memory for so many.
    """
    usual = count or usual_batch(subject.graph)
    with running(subject.graph, usual):
        if arrays is None:
            samples = random_batch(subject.graph, usual)
        else:
            samples = batch_of(subject.graph, arrays, source, count, subject.dtype)
        return samples.to(subject.device, subject.dtype)


def _arrays(data: Data | None) -> tuple[str, Mapping[str, Tensor] | None]:
    if data is None:
        return "", None
    if isinstance(data, Mapping):
        return "data", given_arrays(data)
    return str(data), read_arrays(Path(data))


@contextmanager
def _seeded(device: torch.device) -> Generator[None]:
    """Random numbers, default types and what is remembered for gradients end as they began."""
    devices = [] if device.type in ("cpu", "mps") else [device]
    with torch.random.fork_rng(devices), torch.inference_mode(False), torch.enable_grad():  # pyright: ignore[reportUnknownMemberType]  # torch has no type
        yield


def _seed(number: int) -> None:
    torch.manual_seed(number)  # pyright: ignore[reportUnknownMemberType]  # torch has no type


def _hold(seeds: int, steps: int, lr: float, batch: int | None) -> None:
    """
    Raises:
        ValueError: a number is out of its range.
    """
    if steps > MOST_STEPS:
        raise ValueError(f"steps is {steps}, but at most {MOST_STEPS} are taken")
    for name, value, least in (("seeds", seeds, 1), ("steps", steps, 0), ("batch", batch, 1)):
        if value is not None and value < least:
            raise ValueError(f"{name} is {value}, but at least {least} is needed")
    if not 0 < lr < float("inf"):
        raise ValueError(f"lr is {lr}, but has to be a number above 0")


def _hold_measurable(graph: Graph) -> None:
    """
    Raises:
        SpecError: it has no weighted layer (E0821).
    """
    if not measured_nodes(graph):
        raise about_network(graph, NothingToMeasure(graph.name, graph.params))


def _report(graph: Graph, readings: Sequence[Reading], setting: Setting) -> GradientReport:
    nodes = measured_nodes(graph)
    uses, seen = Counter(node.path for node in nodes), Counter[str]()
    stage_of = {node.id: stage.name for stage in stages(graph) for node in stage.nodes}
    layers: list[Layer] = []
    for node, sizes in zip(nodes, zip(*(r.rows for r in readings), strict=True), strict=True):
        seen[node.path] += 1
        activation, gradient, weight = zip(*sizes, strict=True)
        layers.append(
            Layer(
                path=node.path, use=seen[node.path], shared=uses[node.path] > 1,
                label=node.op.label(), depth=graph.depths[node.id], stage=stage_of[node.id],
                elements=prod(node.shape),
                file=node.span.source.name, line=node.span.begin.line,
                activation=activation, gradient=gradient, weight=weight,
            )
        )  # fmt: skip
    root = graph.root.span
    return GradientReport(
        network=graph.name, title=titled(graph.name, graph.parameters),
        file=root.source.name if root else "", layers=tuple(layers),
        loss=tuple(r.loss for r in readings), loss_before=tuple(r.before for r in readings),
        setting=setting,
    )  # fmt: skip


def titled(name: str, parameters: Mapping[str, object]) -> str:
    """A network with its parameters that are numbers or words: `Chain(L=50, f=relu)`."""
    plain = [f"{k}={v}" for k, v in parameters.items() if isinstance(v, str | int | float)]
    return f"{name}({', '.join(plain)})" if plain else name
