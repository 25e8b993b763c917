"""E094: networks that run in several processes, and their checkpoints."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_SHOWN = 4
"""How many differences a message lists."""


class NoProcesses(Problem):
    """A network is to be spread over processes, but this process is not one of several.

    Processes that train together form a group, which knows how many they are and how they reach
    each other. `torchrun` starts them, and `distributed.start` joins them into a group; one
    process by itself is a group of one.

    Wrong (shown in words):
        model = distributed.shard(archlang.load("ResNet50"))

    Right (shown in words):
        torchrun --nproc-per-node 2 train.py, and in train.py:

        with distributed.start() as processes:
            model = distributed.shard(archlang.load("ResNet50", device=processes.device))
    """

    code = "E0941"
    network: str
    what: str
    """What was to be done: `sharded`."""

    def message(self) -> str:
        return f"{self.network} cannot be {self.what}: this process belongs to no group"

    def help(self) -> str:
        return (
            "join one first: with distributed.start(): …; and start the processes by torchrun "
            "--nproc-per-node N"
        )


class NoCheckpoint(Problem):
    """There is no whole checkpoint to go on from.

    A training is resumed from the last checkpoint in its folder that was written to the end. A
    folder that is not there, is empty, or holds only one that was begun has none.

    Wrong (shown in words):
        train.py --checkpoint runs/digts --resume, where the folder is called runs/digits

    Right (shown in words):
        train.py --checkpoint runs/digits --resume
    """

    code = "E0942"
    folder: str
    why: str

    def message(self) -> str:
        return f"there is no checkpoint in {self.folder}: {self.why}"

    def help(self) -> str:
        return "name the folder that a run has saved to, or begin anew, without resuming"


class OtherCheckpoint(Problem):
    """A checkpoint belongs to another network than the one that is trained.

    A checkpoint keeps the spec of its network. To go on, layers and parameters have to be the
    same; comments and the way of spreading it over processes may have changed.

    Wrong (shown in words):
        A run of ResNet18 is resumed with --spec ResNet34.

    Right (shown in words):
        Resume it with the spec it was begun with; to take over what fits into another network,
        save the model and load its weights: archlang.load("ResNet34", weights="net.safetensors").
    """

    code = "E0943"
    checkpoint: str
    differences: tuple[str, ...]

    def message(self) -> str:
        return f"{self.checkpoint} is not of this network: {self.differences[0]}"

    def notes(self) -> tuple[str, ...]:
        others = self.differences[1 : 1 + _SHOWN]
        left = len(self.differences) - 1 - len(others)
        return (*others, *((f"and {left} more",) if left else ()))

    def help(self) -> str:
        return (
            "resume with the network and the optimiser that the run was begun with, or choose "
            "another folder for this one"
        )


class DamagedCheckpoint(Problem):
    """A checkpoint is not what was written: a file of it is missing, cut off or changed.

    Each checkpoint lists its files with their hashes, which are looked at before anything is read.
    A checkpoint that was not written to the end is never taken for a whole one: it lies in a
    folder with a name of its own until it is.

    Wrong (shown in words):
        Some of the files of runs/digits/step-00000200 were copied to another machine.

    Right (shown in words):
        Copy the folder with all that is in it; or delete it, and the one before it is used.
    """

    code = "E0944"
    checkpoint: str
    what: str
    before: str = ""
    """The checkpoint before it, if there is one."""

    def message(self) -> str:
        return f"{self.checkpoint} is damaged: {self.what}"

    def notes(self) -> tuple[str, ...]:
        return (f"the checkpoint before it is {self.before}",) if self.before else ()

    def help(self) -> str:
        if self.before:
            return "get the files as they were saved; or delete this one, to go on from the other"
        return "get the files as they were saved, or begin anew"


class NotDistributable(Problem):
    """A model cannot be spread over processes as it is.

    `distributed.shard` and `distributed.replicate` take the model that `archlang.load` gave, once:
    the spec says which of its layers belong together. What wraps a model in another way comes
    after that.

    Wrong (shown in words):
        model = distributed.shard(torchvision.models.resnet50())

    Right (shown in words):
        model = distributed.shard(archlang.load("ResNet50"))
    """

    code = "E0945"
    what: str
    """What was to be done: `sharded`."""
    why: str
    way: str

    def message(self) -> str:
        return f"the model cannot be {self.what}: {self.why}"

    def help(self) -> str:
        return self.way


class TooFewDevices(Problem):
    """There are more processes on a machine than it has devices.

    Each process has a GPU to itself; two on one would wait for each other. On CPUs there may be
    as many as there are cores.

    Wrong (shown in words):
        torchrun --nproc-per-node 8 train.py, on a machine with four GPUs

    Right (shown in words):
        torchrun --nproc-per-node 4 train.py
        torchrun --nproc-per-node 8 train.py --device cpu
    """

    code = "E0946"
    processes: int
    devices: int

    def message(self) -> str:
        few = {0: "no GPU", 1: "1 GPU"}.get(self.devices, f"{self.devices} GPUs")
        return f"there are {self.processes} processes on this machine, which has {few}"

    def help(self) -> str:
        cpus = 'run on CPUs: distributed.start("cpu"), or --device cpu of the example'
        if not self.devices:
            return cpus
        return f"start {self.devices}: torchrun --nproc-per-node {self.devices} …; or {cpus}"


class LostProcess(Problem):
    """A process of several that train together ended, or does not answer any more.

    None of the others can go on without it, so they end as well, each with exit code 1. What was
    trained since the last checkpoint is lost; that one is whole, whenever the process ended.

    Wrong (shown in words):
        One of four processes is killed, since its machine ran out of memory.

    Right (shown in words):
        The same command with --resume goes on from the last checkpoint, with as many processes as
        there are.
    """

    code = "E0947"
    process: int
    """The rank of the one that says it."""
    why: str
    left: str = ""
    """The last whole checkpoint."""

    def message(self) -> str:
        return f"process {self.process} ends, since it has lost another one: {self.why}"

    def notes(self) -> tuple[str, ...]:
        return (f"the last checkpoint is {self.left}, and it is whole",) if self.left else ()

    def help(self) -> str:
        again = "go on from the last checkpoint: distributed.load_checkpoint, or --resume"
        if not self.left:
            again = "what distributed.save_checkpoint saves on the way is not lost"
        return (
            "in torchrun's report, the one that was lost may be the entry with a signal (SIGKILL); "
            f"{again}"
        )


class CannotCheckpoint(Problem):
    """A checkpoint cannot be written where it should be.

    All processes write into one folder, each what it holds, so all of them have to see it: on
    several machines it lies on a file system they share. What was there before is left as it is.

    Wrong (shown in words):
        train.py --checkpoint /runs, where / may not be written

    Right (shown in words):
        train.py --checkpoint runs/digits
    """

    code = "E0948"
    folder: str
    why: str

    def message(self) -> str:
        return f"cannot write a checkpoint to {self.folder}: {self.why}"

    def help(self) -> str:
        return "choose a folder that all processes can write to, with room for the checkpoint"
