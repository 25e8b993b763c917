"""Pipelines: how evenly ResNet152 is divided into four stages, as counted and as it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, fx

import archlang
from archlang.distributed import Plan, plan
from benchmarks.common import Ratio
from benchmarks.contest import Setting, hold_agreement, images

NETWORK, STAGES = "ResNet152", 4
BALANCE = 1.15
SIZE = 224
TOLERANCE = 1e-6


def balance(setting: Setting, rounds: int, network: str = NETWORK) -> Iterator[Ratio]:
    """The slowest stage against the mean one: by counted cost, and by the time each stage takes."""
    counted = plan(network, stages=STAGES)
    costs = [float(stage.cost) / 1e12 for stage in counted.stages]
    yield _row(f"{network} on {STAGES} stages, slowest / mean, counted for an accelerator", [costs])
    batch = setting.batch
    with setting.held():
        divided = plan(
            network, stages=STAGES, batch=batch, microbatches=1, schedule="gpipe", measure=True
        )
        what = f"{network} on {STAGES} stages, slowest / mean, run forward + backward"
        yield _row(f"{what}, {setting.text()} (s)", times(divided, setting, rounds))


def times(divided: Plan, setting: Setting, rounds: int) -> list[list[float]]:
    """Seconds that each stage takes, forward and backward, in each round.

    Raises:
        DisagreementError: the stages, one after the other, are not the network.
    """
    torch.manual_seed(0)
    model = archlang.load(NETWORK if divided.graph.name == NETWORK else divided.graph.name)
    model.to(setting.device)
    stages = divided.split(model)
    size = divided.graph.nodes[divided.graph.inputs[0]].shape[-1]
    batches = [images(setting.batch, size, setting.device, seed) for seed in (1, 2)]
    model.eval()
    hold_agreement(_detached(model), _detached(lambda x: _chained(stages, x)), batches, TOLERANCE)
    model.train()
    _round(stages, batches[0], setting)
    return [_round(stages, batches[0], setting) for _ in range(rounds)]


def _detached(run: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def without_gradients(x: Tensor) -> Tensor:
        with torch.no_grad():
            return run(x)

    return without_gradients


def _chained(stages: Sequence[fx.GraphModule], x: Tensor) -> Tensor:
    values: tuple[Tensor, ...] = (x,)
    for stage in stages:
        values = _tuple(stage(*values))
    return values[0]


def _tuple(values: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (values,) if isinstance(values, Tensor) else tuple(values)


def _round(stages: Sequence[fx.GraphModule], x: Tensor, setting: Setting) -> list[float]:
    """Each stage gets what the one before gave, and takes as long as on a device of its own."""
    seconds: list[float] = []
    given: tuple[Tensor, ...] = (x,)
    for number, stage in enumerate(stages):
        # a stage begins where another has sent something: its input is a leaf of its own
        given = tuple(v.detach().requires_grad_(number > 0) for v in given)
        results: list[tuple[Tensor, ...]] = []

        def step(
            stage: fx.GraphModule = stage,
            given: tuple[Tensor, ...] = given,
            results: list[tuple[Tensor, ...]] = results,
        ) -> None:
            made = _tuple(stage(*given))
            torch.autograd.backward(made, [torch.ones_like(v) for v in made])
            results.append(made)

        run = setting.finished(step)
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
        stage.zero_grad(set_to_none=True)
        given = results[0]
    return seconds


def _row(what: str, rounds: Sequence[Sequence[float]]) -> Ratio:
    """The slowest and the mean stage of each round."""
    return Ratio.of(what, [(max(r), sum(r) / len(r)) for r in rounds], BALANCE)
