"""Two networks that have to agree before it is measured which of them is faster."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.common import Ratio, paired

Run = Callable[[Tensor], Tensor]
"""From a batch to what has to be equal, as one tensor."""
WARMUP = 2


class DisagreementError(Exception):
    """Two networks that are to be compared do not compute the same; the text says by how much."""


@dataclass(frozen=True)
class Setting:
    """Where it is measured, and with how much at once."""

    device: torch.device
    batch: int
    threads: int = 1
    """Of a CPU."""

    def text(self) -> str:
        """`batch 4, 2 threads`."""
        if self.device.type != "cpu":
            return f"batch {self.batch}"
        return f"batch {self.batch}, {self.threads} thread{'s' * (self.threads > 1)}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Use as many threads meanwhile, and full float32 on GPUs (no TF32)."""
        threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
        cudnn = torch.backends.cudnn.allow_tf32
        torch.set_num_threads(self.threads)
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_float32_matmul_precision(precision)
            torch.backends.cudnn.allow_tf32 = cudnn

    def finished(self, run: Callable[[], object]) -> Callable[[], object]:
        """A run that has ended when it returns: a GPU works on when Python goes on."""
        if self.device.type != "cuda":
            return run

        def whole() -> None:
            run()
            torch.cuda.synchronize(self.device)

        return whole


def hold_agreement(ours: Run, peer: Run, batches: Sequence[Tensor], tolerance: float) -> float:
    """Hold that both give the same for each batch, and return how much they differ.

    The scale is how much the peer's own results differ from batch to batch: a network that gives
    nearly the same for everything would otherwise agree with any other.

    Args:
        ours: one network.
        peer: the other.
        batches: two at least, of one shape and unlike each other.
        tolerance: the most that results may differ, as a part of the scale.

    Raises:
        DisagreementError: they differ by more, or have other shapes, or are not finite.
        ValueError: there is nothing to tell the batches apart by.
    """
    mine, theirs = [ours(x) for x in batches], [peer(x) for x in batches]
    for a, b in zip(mine, theirs, strict=True):
        if a.shape != b.shape:
            raise DisagreementError(f"shapes differ: {tuple(a.shape)} and {tuple(b.shape)}")
    scale = min(_norm(b - theirs[i - 1]) for i, b in enumerate(theirs))
    if scale == 0:
        raise ValueError("the peer gives the same for all batches, so nothing can be compared")
    difference = max(_norm(a - b) for a, b in zip(mine, theirs, strict=True)) / scale
    if not difference <= tolerance:  # NaN is not
        raise DisagreementError(f"results differ by {difference:.2g}, more than {tolerance:.2g}")
    return difference


def _norm(x: Tensor) -> float:
    return x.double().norm().item()


def race(
    what: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    goal: float,
    setting: Setting,
    rounds: int,
) -> Ratio:
    """Time both in turn in a setting (seconds)."""
    gc.collect()
    with setting.held():
        runs = setting.finished(ours), setting.finished(peer)
        return paired(f"{what}, {setting.text()} (s)", *runs, goal, rounds=rounds, warmup=WARMUP)


def quicker(runs: Sequence[Callable[[], object]], setting: Setting, rounds: int) -> int:
    """Which of several runs takes least time, by the median of a few rounds in turn."""
    from benchmarks.common import seconds

    with setting.held():
        whole = [setting.finished(run) for run in runs]
        for run in whole:
            run()
        times = [[seconds(run) for run in whole] for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    return medians.index(min(medians))


def images(batch: int, size: int, device: torch.device, seed: int) -> Tensor:
    """Pictures of coarse spots with noise, no two of like brightness: `(batch, 3, size, size)`.

    Bare noise would come to the same averages in every picture, and so to the same results.
    """
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randn(batch, 3, 7, 7, generator=random)
    spots = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    light = torch.randn(batch, 3, 1, 1, generator=random)
    noise = torch.randn(batch, 3, size, size, generator=random)
    return (spots + light + 0.3 * noise).to(device)
