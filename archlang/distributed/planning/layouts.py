"""How to use devices: so many stages × so many replicas, by memory first and time second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, isqrt

from archlang.diagnostics.catalog.distribution import (
    BatchDoesNotDivide,
    DevicesDoNotDivide,
    DoesNotFit,
)
from archlang.distributed.planning.planner import Layout, Planner, Stage
from archlang.distributed.planning.wanted import FILL, SAMPLES, Wanted
from archlang.problems import about_network
from archlang.record import Record

RESERVE = 0.1
"""The part of a device's memory that is left to kernels, buffers and the allocator."""
MOST_DEVICES = 2**16
"""As many devices are tried at most, where memory is short."""


class Choice(Record):
    """A layout with its stages, and what became of it."""

    layout: Layout
    stages: tuple[Stage, ...]
    seconds: float
    """For a step of training, by the simple model."""

    @property
    def needs(self) -> int:
        """Bytes on the device that needs most."""
        return max(stage.memory.total for stage in self.stages)

    def fits(self, memory: int | None) -> bool:
        """Whether it leaves the reserve of each device's memory free."""
        return memory is None or self.needs <= memory * (1 - RESERVE)


def choose(planner: Planner) -> tuple[Choice, ...]:
    """The layouts of what is asked for that are worth knowing, the best one first.

    Raises:
        SpecError: none fits, or the batch or the devices cannot be dealt out.
    """
    wish = planner.wish
    found = [_choice(planner, layout) for layout in layouts(planner)]
    fitting = sorted((c for c in found if c.fits(wish.memory)), key=_rank)
    if not fitting:
        raise _too_small(planner, found)
    rest = sorted((c for c in found if not c.fits(wish.memory)), key=lambda c: c.needs)
    return tuple(_varied([*fitting, *rest]))


def layouts(planner: Planner) -> list[Layout]:
    """All ways to use the devices that are tried.

    Raises:
        SpecError: the batch or the devices cannot be dealt out.
    """
    wish = planner.wish
    devices = wish.devices or wish.stages or 1
    if wish.stages is not None and devices % wish.stages:
        raise about_network(planner.graph, DevicesDoNotDivide(devices, wish.stages))
    found = [
        layout
        for stages in _numbers_of_stages(planner, devices)
        for layout in _with_stages(planner.wish, stages, devices // stages)
    ]
    if not found:
        stages = wish.stages or 1
        replicas = devices // stages
        raise about_network(
            planner.graph,
            BatchDoesNotDivide(wish.batch or 1, replicas, wish.microbatches or 1),
        )
    return found


def _numbers_of_stages(planner: Planner, devices: int) -> list[int]:
    if planner.wish.stages is not None:
        return [planner.wish.stages]
    if planner.wish.memory is None:
        return [devices]  # nothing says that the network would fit on fewer
    most = planner.most_stages()
    return [n for n in divisors(devices) if n <= most]


def _with_stages(wish: Wanted, stages: int, replicas: int) -> Iterator[Layout]:
    share = _share(wish, stages, replicas)
    if share is None:
        return
    for microbatches in _numbers_of_microbatches(wish, stages, share):
        for sharded in (False, True)[: 1 + (replicas > 1)]:
            yield Layout(stages, replicas, sharded, microbatches, share // microbatches)


def _share(wish: Wanted, stages: int, replicas: int) -> int | None:
    """The samples of a step that each replica works on; None if they cannot be dealt out."""
    if wish.batch is not None:
        return None if wish.batch % replicas else wish.batch // replicas
    if wish.memory is not None and wish.stages is None:
        # layouts are compared by the time of a step, so all have the same batch
        return SAMPLES * FILL * stages
    return SAMPLES * (wish.microbatches or FILL * stages)


def _numbers_of_microbatches(wish: Wanted, stages: int, share: int) -> list[int]:
    if wish.microbatches is not None:
        return [] if share % wish.microbatches else [wish.microbatches]
    ways = divisors(share)
    if wish.memory is None:  # the first that fills the pipeline
        return [next((n for n in ways if n >= FILL * stages), ways[-1])]
    wishes = (1, *(stages * times for times in (1, 2, 4, 8, 16)), share)
    return sorted({next((n for n in ways if n >= least), share) for least in wishes})


def divisors(number: int) -> list[int]:
    """The whole numbers that divide a number, in their order."""
    low = [n for n in range(1, isqrt(number) + 1) if number % n == 0]
    return sorted({*low, *(number // n for n in low)})


def _choice(planner: Planner, layout: Layout) -> Choice:
    stages = planner.stages(layout)
    return Choice(layout, stages, planner.seconds(layout, stages))


def _rank(choice: Choice) -> tuple[float, int, bool, int]:
    """The least time; where that is equal, the plainest."""
    layout = choice.layout
    return (choice.seconds, layout.stages, layout.sharded, layout.microbatches)


def _varied(choices: Sequence[Choice]) -> Iterator[Choice]:
    """Of each number of stages, sharded or not, only the first."""
    seen: set[tuple[int, bool]] = set()
    for choice in choices:
        kind = choice.layout.stages, choice.layout.sharded
        if kind not in seen:
            seen.add(kind)
            yield choice


def _too_small(planner: Planner, found: Sequence[Choice]) -> Exception:
    wish = planner.wish
    assert wish.memory is not None, "without a limit everything fits"
    least = min(found, key=lambda choice: choice.needs)
    layout = least.layout
    problem = DoesNotFit(
        network=planner.graph.name,
        devices=layout.stages * layout.replicas,
        memory=wish.memory,
        # in steps of 10 MB, as it is told
        needed=ceil(least.needs / (1 - RESERVE) / 1e7) * 10**7,
        enough=_enough_devices(planner),
        largest=_largest_batch(planner, least),
        batch=layout.replicas * layout.microbatches * layout.samples,
    )
    return about_network(planner.graph, problem)


def _enough_devices(planner: Planner) -> int | None:
    """The fewest devices, doubled again and again, on which it fits."""
    wish = planner.wish
    if wish.stages is not None and wish.devices is None:
        return None  # one device a stage was asked for
    devices = (wish.devices or 1) * 2
    while devices <= MOST_DEVICES:
        more = planner.asked(wish.on(devices))
        if any(_choice(more, layout).fits(wish.memory) for layout in _dealt(more)):
            return devices
        devices *= 2
    return None


def _dealt(planner: Planner) -> list[Layout]:
    """The layouts with the smallest microbatches; none if the batch cannot be dealt out."""
    wish, devices = planner.wish, planner.wish.devices or 1
    return [
        layout
        for stages in ([wish.stages] if wish.stages else divisors(devices))
        if devices % stages == 0 and stages <= planner.most_stages()
        for layout in list(_with_stages(wish, stages, devices // stages))[-2:]
    ]


def _largest_batch(planner: Planner, least: Choice) -> int | None:
    """The largest batch with as many microbatches that fits; None if not even a small one does."""
    assert planner.wish.memory is not None
    room = planner.wish.memory * (1 - RESERVE)
    layout = least.layout
    fits = [
        (room - s.memory.fixed) // (s.memory.in_flight * s.memory.activations / layout.samples)
        for s in least.stages
    ]
    # with other microbatches the balance is another one, and so are the places to cut
    for samples in range(max(0, int(min(fits))), 0, -1):
        other = Layout(layout.stages, layout.replicas, layout.sharded, layout.microbatches, samples)
        if _choice(planner, other).fits(planner.wish.memory):
            return layout.replicas * layout.microbatches * samples
    return None
