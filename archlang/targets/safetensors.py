"""`.safetensors`: the weights and the spec, as `archlang.save` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from archlang.files import write_all
from archlang.loading import load
from archlang.targets.job import Job, Runner, results
from archlang.targets.registry import KINDS
from archlang.weights.saving import saved_content


class Saved:
    """Writes and runs files of `archlang.save`."""

    kind = KINDS["safetensors"]

    def prepare(self, job: Job) -> None:
        """Nothing but torch is needed."""

    def write(self, job: Job, path: Path) -> tuple[Path, ...]:
        """What `archlang.save` writes."""
        write_all({path: saved_content(job.module, path.name)})
        return (path,)

    def runner(self, job: Job, path: Path) -> Runner:
        """By `archlang.load`."""
        module = load(path, device=job.device).eval()

        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            with torch.no_grad():
                return results(module(*inputs))

        return run


TARGET = Saved()
