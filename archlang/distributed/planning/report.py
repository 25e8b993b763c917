"""A plan in words and numbers: its stages, its layouts, what goes over the wires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from archlang.distributed.planning.costs import ITEM_SIZES, PICO
from archlang.distributed.planning.layouts import Choice
from archlang.distributed.planning.planner import Stage
from archlang.record import Record
from archlang.sizes_of_memory import bytes_text

if TYPE_CHECKING:
    from archlang.distributed.planning.plan import Plan

_ALTERNATIVES = 3


class Grid(Record):
    """Rows of text under headings; the columns named in `numbers` are numbers."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[str]


_STAGE_HEADINGS = (
    "stage", "from", "to", "layers", "params", "MACs", "forward", "share", "weights", "gradients",
    "states", "activations", "memory", "sends/sample",
)  # fmt: skip
_CHOICE_HEADINGS = ("layout", "microbatches", "memory", "step", "bubble", "")
STAGE_KEYS = (
    "stage", "from", "to", "layers", "params", "macs", "forward_s", "backward_s", "share",
    "weights", "gradients", "states", "activations", "in_flight", "memory", "sends",
)  # fmt: skip
"""The columns of stages for programs: seconds of a microbatch, bytes; sent for one sample."""


def grids(plan: Plan) -> tuple[Grid, ...]:
    """The tables of a plan: its stages, and what else could be done, if there was a choice."""
    title = f"{plan.graph.name}: {plan.layout.text()}, batch {plan.batch:,}, {plan.wish.dtype}"
    words = {"stage", "from", "to"}
    rows = tuple(_row(plan, stage) for stage in plan.stages)
    first = Grid(title, _STAGE_HEADINGS, (*rows, _sum(plan)), frozenset(_STAGE_HEADINGS) - words)
    if len(plan.choices) == 1:
        return (first,)
    shown = plan.choices[: 1 + _ALTERNATIVES]
    ways = tuple(_way(plan, choice) for choice in shown)
    numbers = frozenset({"microbatches", "memory", "step", "bubble"})
    return (first, Grid("layouts", _CHOICE_HEADINGS, ways, numbers))


def _row(plan: Plan, stage: Stage) -> tuple[str, ...]:
    memory = stage.memory
    flying = f" × {memory.in_flight}" if memory.in_flight > 1 else ""
    return (
        str(stage.number), stage.first, stage.last, f"{stage.layers:,}", f"{stage.params:,}",
        f"{stage.macs:,}", time_text(stage.forward / PICO), f"{share(plan, stage):.1%}",
        bytes_text(memory.weights), bytes_text(memory.gradients), bytes_text(memory.states),
        f"{bytes_text(memory.activations)}{flying}", bytes_text(memory.total),
        bytes_text(sent(plan, stage)) if stage.sends else "",
    )  # fmt: skip


def _sum(plan: Plan) -> tuple[str, ...]:
    stages = plan.stages
    forward = sum(stage.forward for stage in stages) / PICO
    return (
        "all", "", "", f"{sum(s.layers for s in stages):,}", f"{sum(s.params for s in stages):,}",
        f"{sum(s.macs for s in stages):,}", time_text(forward), "100.0%", "", "", "", "",
        bytes_text(sum(s.memory.total for s in stages)),
        bytes_text(sum(sent(plan, stage) for stage in stages)) if len(stages) > 1 else "",
    )  # fmt: skip


def share(plan: Plan, stage: Stage) -> float:
    """The part of the network's cost that a stage has."""
    total = sum(s.cost for s in plan.stages)
    return stage.cost / total if total else 0.0


def sent(plan: Plan, stage: Stage) -> int:
    """Bytes that a stage sends on for one sample."""
    return ITEM_SIZES[plan.wish.dtype] * stage.numbers_sent


def _way(plan: Plan, choice: Choice) -> tuple[str, ...]:
    layout = choice.layout
    return (
        layout.text(), f"{layout.microbatches} of {layout.samples}", bytes_text(choice.needs),
        time_text(choice.seconds), f"{layout.bubble:.1%}", _why(plan, choice),
    )  # fmt: skip


def _why(plan: Plan, choice: Choice) -> str:
    best = plan.choices[0]
    if choice is best:
        return "chosen"
    if not choice.fits(plan.wish.memory):
        return f"does not fit into {bytes_text(plan.wish.memory or 0)} less a tenth"
    per = choice.seconds * plan.batch / (_batch(choice) * best.seconds)
    return f"{per - 1:.0%} slower" if per >= 1.005 else "as fast"


def _batch(choice: Choice) -> int:
    layout = choice.layout
    return layout.replicas * layout.microbatches * layout.samples


def facts(plan: Plan) -> tuple[tuple[str, str], ...]:
    """What holds of the whole plan, as pairs of a word and what it is."""
    layout, machine = plan.layout, plan.wish.machine
    counted = (
        f"counted for {machine.flops / 1e12:g} TFLOP/s of 16 bits, "
        f"{machine.bandwidth / 1e9:g} GB/s, links of {machine.link / 1e9:g} GB/s"
    )
    waits = f"{layout.bubble:.1%} of the time a device waits"
    return (
        ("balance", f"slowest stage {plan.balance:.3f} of the mean"),
        ("microbatches", f"{layout.microbatches} of {layout.samples}, {plan.wish.schedule}"),
        ("bubble", waits if layout.stages > 1 else "none"),
        ("step", f"{time_text(plan.seconds)} by the model"),
        ("costs", "measured on this machine" if plan.measured else counted),
        ("optimizer", plan.wish.optimizer),
    )


def time_text(seconds: float) -> str:
    """A time to three figures: `1.23 ms`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g}\u00a0{unit}"
    return f"{seconds / 1e-6:.3g}\u00a0µs"


def text(plan: Plan) -> str:
    """The plan as plain columns."""
    words = [f"{name:<12}  {fact}" for name, fact in facts(plan)]
    first, *rest = grids(plan)
    parts = ["\n".join(_lines(first)), "\n".join(words), *("\n".join(_lines(g)) for g in rest)]
    return "\n\n".join(parts)


def _lines(grid: Grid) -> Iterator[str]:
    yield grid.title
    widths = [max(map(len, column)) for column in zip(grid.headings, *grid.rows, strict=True)]
    for line in (grid.headings, *grid.rows):
        cells = zip(grid.headings, line, widths, strict=True)
        yield "  ".join(
            cell.rjust(width) if heading in grid.numbers else cell.ljust(width)
            for heading, cell, width in cells
        ).rstrip()


def stage_values(plan: Plan) -> list[tuple[object, ...]]:
    """The rows of `STAGE_KEYS`."""
    return [
        (
            s.number, s.first, s.last, s.layers, s.params, s.macs, s.forward / PICO,
            s.backward / PICO, share(plan, s), s.memory.weights, s.memory.gradients,
            s.memory.states, s.memory.activations, s.memory.in_flight, s.memory.total,
            sent(plan, s),
        )
        for s in plan.stages
    ]  # fmt: skip


def as_json(plan: Plan) -> dict[str, Any]:
    """A plan as an object of JSON: seconds and bytes."""
    return {
        "name": plan.graph.name,
        "parameters": plan.graph.parameters,
        "dtype": plan.wish.dtype,
        "optimizer": plan.wish.optimizer,
        "schedule": plan.wish.schedule,
        "batch": plan.batch,
        "balance": plan.balance,
        "measured": plan.measured,
        "layout": _layout_json(plan, plan.choices[0]),
        "stages": [_stage_json(plan, stage) for stage in plan.stages],
        "alternatives": [_layout_json(plan, choice) for choice in plan.choices[1:]],
    }


def _stage_json(plan: Plan, stage: Stage) -> dict[str, Any]:
    return {
        "stage": stage.number,
        "from": stage.first,
        "to": stage.last,
        "layers": stage.layers,
        "params": stage.params,
        "macs": stage.macs,
        "forward": stage.forward / PICO,
        "backward": stage.backward / PICO,
        "share": share(plan, stage),
        "memory": stage.memory.as_json(),
        "sends": _tensors_json(plan, stage),
        "bytes_per_sample": sent(plan, stage),
    }


def _tensors_json(plan: Plan, stage: Stage) -> Sequence[dict[str, Any]]:
    nodes = plan.graph.nodes
    return [{"from": nodes[t.node].path, "shape": list(t.shape)} for t in stage.sends]


def _layout_json(plan: Plan, choice: Choice) -> dict[str, Any]:
    layout = choice.layout
    return {
        "stages": layout.stages,
        "replicas": layout.replicas,
        "sharded": layout.sharded,
        "microbatches": layout.microbatches,
        "samples": layout.samples,
        "bubble": layout.bubble,
        "seconds": choice.seconds,
        "memory": choice.needs,
        "fits": choice.fits(plan.wish.memory),
    }
