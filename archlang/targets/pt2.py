"""`.pt2`: a program of torch.export, which `torch.export.load` reads without archlang."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from archlang.targets.job import Job, Runner, results
from archlang.targets.metadata import metadata
from archlang.targets.registry import KINDS

EXTRA = "archlang.json"
"""The name, among a file's extra files, of what it says of itself."""

_WHOLE = "No complete tensor found"
"""What torch warns of where weights lie with the channels last; it writes them whole even so."""


class Pt2:
    """Writes and runs programs of torch.export."""

    kind = KINDS["pt2"]

    def prepare(self, job: Job) -> None:
        """Nothing but torch is needed."""

    def write(self, job: Job, path: Path) -> tuple[Path, ...]:
        """The program without its samples, which would be most of a small file."""
        program = job.program
        samples = program.example_inputs
        program.example_inputs = None
        try:
            # written into an open file, torch puts no part of the file's name into it
            with path.open("wb") as file, warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)
                warnings.filterwarnings("ignore", _WHOLE, UserWarning)
                facts = json.dumps(metadata(job), sort_keys=True)
                torch.export.save(program, file, extra_files={EXTRA: facts})
        finally:
            program.example_inputs = samples
        return (path,)

    def runner(self, job: Job, path: Path) -> Runner:
        """By `torch.export.load`."""
        with path.open("rb") as file:
            module = torch.export.load(file).module()

        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            with torch.no_grad():
                return results(module(*inputs))

        return run


TARGET = Pt2()
