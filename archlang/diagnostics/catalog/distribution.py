"""E093: networks that cannot be divided over devices as asked."""

from __future__ import annotations

from archlang.diagnostics.model import Problem
from archlang.sizes_of_memory import bytes_text

_SHOWN = 4
"""How many paths a message lists."""


class TooManyStages(Problem):
    """There are fewer places to cut a network than a pipeline of so many stages needs.

    Every stage of a pipeline holds at least one layer. A network is not cut before a step that
    works in place, because a stage must not overwrite what it receives; nor between two uses of a
    shared layer, nor within a head that is there only while training.

    Wrong (shown in words):
        archlang plan LeNet5 --stages 40

    Right (shown in words):
        archlang plan LeNet5 --stages 4
    """

    code = "E0931"
    network: str
    wanted: int
    most: int

    def message(self) -> str:
        stages = "stage" if self.most == 1 else "stages"
        return f"{self.network} makes {self.most} {stages} at most, not {self.wanted}"

    def label(self) -> str:
        return f"has {max(self.most - 1, 0)} places to cut that leave a layer on both sides"

    def help(self) -> str:
        return (
            f"ask for {self.most} stages or fewer; more devices than that can work on copies of "
            "the network: --devices and --stages together"
        )


class SharedAcrossStages(Problem):
    """A layer is used again so far behind its first use that the network cannot be cut as asked.

    The weights of a shared layer are in one place, so all its uses are in one stage of a pipeline,
    and everything between them too.

    Wrong (shown in words):
        a network that shares its only block between all rounds of a loop, with --stages 4

    Right (shown in words):
        a layer for each use, or fewer stages, or copies of the whole network: --stages 1
    """

    code = "E0932"
    network: str
    wanted: int
    most: int
    paths: tuple[str, ...]

    def message(self) -> str:
        stages = "stage" if self.most == 1 else "stages"
        return (
            f"shared layers leave {self.network} {self.most} {stages} at most, not {self.wanted}: "
            f"{_some(self.paths)}"
        )

    def label(self) -> str:
        return f"{self.paths[0]} is used here first"

    def notes(self) -> tuple[str, ...]:
        return ("all uses of a layer are in one stage, and what is between them too",)

    def help(self) -> str:
        return f"ask for {self.most} or fewer, or give each use a layer of its own"


class DoesNotFit(Problem):
    """No way of dividing the network fits into the memory of the devices.

    A device holds the weights of its stage, their gradients and what the optimiser remembers of
    them, all of which can be divided among replicas; and the activations of the microbatches that
    are under way. A tenth of the memory is left to kernels and the allocator.

    Wrong (shown in words):
        archlang plan VGG16 --devices 1 --memory 1GB

    Right (shown in words):
        archlang plan VGG16 --devices 1 --memory 4GB
    """

    code = "E0933"
    network: str
    devices: int
    memory: int
    needed: int
    """Memory of a device that would do."""
    enough: int | None
    """How many devices of that memory would do; None: no number that was tried."""
    largest: int | None
    """The largest batch that fits; None: none does, or it is no matter of the batch."""
    batch: int

    def message(self) -> str:
        devices = "1 device" if self.devices == 1 else f"{self.devices} devices"
        return (
            f"{self.network} with a batch of {self.batch:,} does not fit on {devices} of "
            f"{bytes_text(self.memory)}"
        )

    def label(self) -> str:
        return f"needs devices of {bytes_text(self.needed)} at least"

    def help(self) -> str:
        ways = [f"--memory {self.needed / 1e9:.2f}GB would do"]
        if self.enough is not None:
            ways.append(f"so would --devices {self.enough}")
        if self.largest is not None:
            ways.append(f"--batch {self.largest} is the largest that fits")
        return "; ".join(ways)


class BatchDoesNotDivide(Problem):
    """A batch cannot be dealt out evenly to replicas and microbatches.

    Each replica of the network works on an equal part of the batch, and a pipeline cuts that into
    equal microbatches, because the losses of unequal ones could not simply be averaged.

    Wrong (shown in words):
        archlang plan ResNet50 --stages 4 --batch 100 --microbatches 8

    Right (shown in words):
        archlang plan ResNet50 --stages 4 --batch 96 --microbatches 8
    """

    code = "E0934"
    batch: int
    replicas: int
    microbatches: int

    def message(self) -> str:
        return f"a batch of {self.batch:,} cannot be divided by {self._parts():,}"

    def label(self) -> str:
        return ""

    def notes(self) -> tuple[str, ...]:
        what = {"replica": self.replicas, "microbatch": self.microbatches}
        said = [f"{n} {_plural(name)}" for name, n in what.items() if n > 1]
        return (f"it is dealt out to {' of '.join(reversed(said))}",)

    def help(self) -> str:
        below = self.batch // self._parts() * self._parts()
        near = [n for n in (below, below + self._parts()) if n]
        return f"take a batch of {' or '.join(map(str, near))}"

    def _parts(self) -> int:
        return self.replicas * self.microbatches


class DevicesDoNotDivide(Problem):
    """The devices cannot be dealt out evenly to the stages of a pipeline.

    So many stages make one copy of the network, and all devices work on whole copies.

    Wrong (shown in words):
        archlang plan ResNet50 --devices 6 --stages 4

    Right (shown in words):
        archlang plan ResNet50 --devices 8 --stages 4
    """

    code = "E0935"
    devices: int
    stages: int

    def message(self) -> str:
        return f"{self.devices} devices cannot be divided into copies of {self.stages} stages"

    def help(self) -> str:
        if self.devices < self.stages:
            return f"take {self.stages} devices or more, or {self.devices} stages or fewer"
        near = self.devices // self.stages * self.stages
        return f"take {near} or {near + self.stages} devices, or a number of stages that divides"


class OtherNetwork(Problem):
    """A plan is of another network than the module that it shall divide.

    A plan names layers by their paths. The module of the same network, with the same parameters,
    has them under these names; it may be trained, or optimised.

    Wrong (shown in words):
        distributed.plan("ResNet50", stages=2).split(archlang.load("ResNet18"))

    Right (shown in words):
        distributed.plan("ResNet18", stages=2).split(archlang.load("ResNet18"))
    """

    code = "E0936"
    network: str
    stage: int
    missing: tuple[str, ...]

    def message(self) -> str:
        return f"this module is not the {self.network} that the plan is of"

    def label(self) -> str:
        return f"stage {self.stage} of it begins with layers that the module lacks"

    def notes(self) -> tuple[str, ...]:
        return (f"missing: {_some(self.missing)}",)

    def help(self) -> str:
        return "plan the network that the module was loaded from, with the same parameters"


def _some(paths: tuple[str, ...]) -> str:
    shown = ", ".join(paths[:_SHOWN])
    return f"{shown} and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else shown


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith("ch") else f"{word}s"
