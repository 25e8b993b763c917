"""Whether what was written gives the results of the network: run on random inputs, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from archlang.record import Record
from archlang.targets.program import REFUSALS, reason
from archlang.targets.sizes import legal_shapes

if TYPE_CHECKING:
    from archlang.targets.job import Job, Runner

LIMITS = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
"""The difference, relative to the largest result, that is rounding: sums in another order."""
_SEVERAL = 3
"""The other batch."""


class Difference(Record):
    """The largest difference of any result."""

    absolute: float
    relative: float
    """To the largest value of that result."""
    problem: str = ""
    """What is wrong besides: a shape, or the number of results."""

    def exceeds(self, dtype: torch.dtype) -> bool:
        """Whether it is more than rounding."""
        return bool(self.problem) or not self.relative <= limit_of(dtype)


def limit_of(dtype: torch.dtype) -> float:
    """The relative difference that is rounding."""
    return LIMITS.get(dtype, 1e-4)


def difference(job: Job, run: Runner) -> Difference:
    """The largest over all inputs that are tried."""
    found = [_tried(run, inputs, want) for inputs, want in job.trials]
    wrong = next((d for d in found if d.problem), None)
    return wrong or max(found, key=lambda d: d.relative)


def inputs_of(job: Job) -> Iterator[list[Tensor]]:
    """Inputs of batch 1 and of another, and of other legal sizes where they are open."""
    yield job.samples(1)
    if job.dynamic == "sizes":
        for batch, shapes in zip((_SEVERAL, 1), legal_shapes(job), strict=False):
            yield job.samples(batch, shapes)
    elif job.dynamic == "batch":
        yield job.samples(_SEVERAL)


def _tried(run: Runner, inputs: Sequence[Tensor], want: Sequence[Tensor]) -> Difference:
    try:
        return _between(run(inputs), want)
    except REFUSALS as error:
        given = ", ".join(map(_shape, inputs))
        return Difference(0, 0, f"it does not take {given}: {reason(error)}")


def _between(got: Sequence[Tensor], want: Sequence[Tensor]) -> Difference:
    if len(got) != len(want):
        return Difference(0, 0, f"it gives {len(got)} results in the place of {len(want)}")
    pairs = list(zip(got, want, strict=True))
    for a, b in pairs:
        if a.shape != b.shape:
            return Difference(0, 0, f"it gives {_shape(a)} in the place of {_shape(b)}")
    return max((_of(a, b) for a, b in pairs), key=lambda d: d.relative)


def _of(got: Tensor, want: Tensor) -> Difference:
    """Values that are no numbers differ from all but their like."""
    a, b = got.detach().to("cpu", torch.float64), want.detach().to("cpu", torch.float64)
    same = (a == b) | (a.isnan() & b.isnan())
    apart = torch.where(same, 0.0, (a - b).abs()).nan_to_num(nan=torch.inf)
    absolute = apart.max().item() if apart.numel() else 0.0
    finite = b[b.isfinite()].abs()
    scale = finite.max().item() if finite.numel() else 0.0
    if absolute == 0:
        return Difference(0.0, 0.0)
    return Difference(absolute, absolute / scale if scale else torch.inf)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape))
