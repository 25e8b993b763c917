"""Inference: networks that are compiled for it against torchvision's, eager and with inductor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy

import torch
from torch import nn

import archlang
from benchmarks.common import Ratio
from benchmarks.contest import Setting, hold_agreement, images, race
from benchmarks.pairs import NETWORKS, SIZE, predictions, reference

EAGER, COMPILED = 0.75, 1.00
"""Goals."""
TOLERANCE = 1e-3
"""In evaluation, results may differ by so much of what lies between two pictures."""


def eager(settings: Sequence[Setting], rounds: int) -> Iterator[Ratio]:
    """`optimize="inference"` without a compiler, against torchvision's as it comes."""
    for name in NETWORKS:
        device = settings[0].device
        peer = reference(name, device).eval()
        ours = archlang.load(name, weights=peer.state_dict(), device=device, optimize="inference")
        for setting in settings:
            what = f"{name} inference / torchvision, eager"
            yield _race(what, (ours, peer), setting, rounds, EAGER, torch.contiguous_format)


def compiled(settings: Sequence[Setting], rounds: int) -> Iterator[Ratio]:
    """The same with inductor, against torchvision's with inductor: channels last, frozen."""
    import torch._inductor.config as inductor

    for name in NETWORKS:
        for setting in settings:
            torch.compiler.reset()
            peer = reference(name, setting.device).eval()
            weights, device = peer.state_dict(), setting.device
            ours = archlang.load(name, weights=weights, device=device, optimize="inference")
            peer = peer.to(memory_format=torch.channels_last)
            with inductor.patch(freezing=True), setting.held():
                pair = torch.compile(ours), torch.compile(deepcopy(peer))
                what = f"{name} inference / torchvision, both inductor, channels last, frozen"
                yield _race(what, pair, setting, rounds, COMPILED, torch.channels_last)


def _race(
    what: str,
    pair: tuple[nn.Module, nn.Module],
    setting: Setting,
    rounds: int,
    goal: float,
    layout: torch.memory_format,
) -> Ratio:
    batches = [
        images(setting.batch, SIZE, setting.device, seed).contiguous(memory_format=layout)
        for seed in (1, 2)
    ]
    ours, peer = (predictions(model) for model in pair)
    with setting.held():
        hold_agreement(ours, peer, batches, TOLERANCE)
    x = batches[0]
    return race(what, lambda: ours(x), lambda: peer(x), goal, setting, rounds)
