"""Training: a step against torchvision's, and memory against time with recomputation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import archlang
from benchmarks.common import Ratio
from benchmarks.contest import Setting, hold_agreement, images, quicker, race
from benchmarks.pairs import NETWORKS, SIZE, gradients, loss, reference
from benchmarks.running import peak

STEP = 1.00
MEMORY, TIME = 0.50, 1.25
"""Goals of recomputation against plain training."""
AIM = 0.46
"""What is asked for, of the memory that plain training takes; a little less than the goal."""
TOLERANCE = 5e-3
"""Gradients of a deep network differ by about a thousandth when only the order of sums does."""
_LAYOUTS = {"NCHW": torch.contiguous_format, "channels last": torch.channels_last}
_TRIALS = 3


@dataclass(frozen=True)
class Entry:
    """A network in one memory format, and a batch in the same."""

    model: nn.Module
    x: Tensor
    layout: str

    def step(self, keep: bool = False) -> None:
        """Forward and backward; gradients are given back, or kept as memory of zeros."""
        loss(self.model, self.x).backward()
        self.model.zero_grad(set_to_none=not keep)

    def peak(self) -> float:
        """The most memory that activations take in a step (MiB).

        Memory for the gradients of weights is there before: it is the same for all.
        """
        if self.x.device.type != "cuda":
            return peak(lambda: self.step(keep=True))
        self.step(keep=True)
        torch.cuda.reset_peak_memory_stats(self.x.device)
        before = torch.cuda.memory_allocated(self.x.device)
        self.step(keep=True)
        return (torch.cuda.max_memory_allocated(self.x.device) - before) / 2**20


def steps(setting: Setting, rounds: int) -> Iterator[Ratio]:
    """A training step, eager, each in the memory format that is quicker for it."""
    for name in NETWORKS:
        theirs = reference(name, setting.device)
        ours = archlang.load(
            name, weights=theirs.state_dict(), device=setting.device, optimize="training"
        )
        _hold_same(name, ours, theirs, setting)
        mine, peer = best(ours, setting), best(theirs, setting)
        what = f"{name} forward + backward / torchvision, eager ({mine.layout} / {peer.layout})"
        yield race(what, mine.step, peer.step, STEP, setting, rounds)


def memory(setting: Setting, rounds: int) -> Iterator[Ratio]:
    """DenseNet121 with recomputation against torchvision's without, and with its own."""
    name = "DenseNet121"
    plain = reference(name, setting.device)
    state = plain.state_dict()
    efficient = reference(name, setting.device, memory_efficient=True)
    peers = {"torchvision": best(plain, setting), "memory_efficient=True": best(efficient, setting)}
    taken = {peer: entry.peak() for peer, entry in peers.items()}
    ours = archlang.load(
        name,
        weights=state,
        device=setting.device,
        optimize="training",
        train_memory=budget(peers["torchvision"], taken["torchvision"]),
        batch=setting.batch,
    )
    _hold_same(name, ours, plain, setting)
    mine = best(ours, setting)
    least = mine.peak()
    for peer, goals in (("torchvision", (MEMORY, TIME)), ("memory_efficient=True", (1.0, 1.0))):
        what = f"{name} training, recomputed ({mine.layout}) / {peer} ({peers[peer].layout})"
        part = least / taken[peer]
        shown = f"{what}: peak memory of activations, {setting.text()} (MiB)"
        yield Ratio(shown, least, taken[peer], part, part, part, goals[0])
        yield race(f"{what}: a step", mine.step, peers[peer].step, goals[1], setting, rounds)


def budget(plain: Entry, activations: float) -> int:
    """Bytes of memory for training: weights, gradients, batch, a part of the activations (MiB)."""
    weights = sum(p.numel() * p.element_size() for p in plain.model.parameters())
    batch = plain.x.numel() * plain.x.element_size()
    return 2 * weights + batch + int(AIM * activations * 2**20)


def best(model: nn.Module, setting: Setting) -> Entry:
    """A network, and its copies, in the memory format in which a step takes least time."""
    entries = [_entry(deepcopy(model), name, setting) for name in _LAYOUTS]
    runs: list[Callable[[], object]] = [entry.step for entry in entries]
    return entries[quicker(runs, setting, _TRIALS)]


def _entry(model: nn.Module, layout: str, setting: Setting) -> Entry:
    form = _LAYOUTS[layout]
    x = images(setting.batch, SIZE, setting.device, seed=1).contiguous(memory_format=form)
    return Entry(model.to(memory_format=form).train(), x, layout)


def _hold_same(name: str, ours: nn.Module, theirs: nn.Module, setting: Setting) -> None:
    """Both with the channels last: torch's batch norm itself is ten times less exact in that format
    than in NCHW on a CPU, so two formats would differ by more than two networks may.
    """
    form = torch.channels_last
    batches = [images(setting.batch, SIZE, setting.device, seed) for seed in (1, 2)]
    mine, peer = (deepcopy(model).to(memory_format=form).train() for model in (ours, theirs))
    hold_agreement(
        gradients(name, mine, theirs=False),
        gradients(name, peer, theirs=True),
        [x.contiguous(memory_format=form) for x in batches],
        TOLERANCE,
    )
