"""`.py`: standalone source, which torch alone can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from archlang.backends.fx import to_fx
from archlang.backends.python import write_python
from archlang.diagnostics.catalog.saved import ModelDiffers
from archlang.diagnostics.catalog.targets import CannotExport
from archlang.passes.report import PASSES, PassesReport
from archlang.problems import about_network
from archlang.targets.job import Job, Runner, results
from archlang.targets.registry import KINDS
from archlang.weights.differences import entries, layer_differences, tensor_differences
from archlang.weights.notes import noted


class Source:
    """Writes Python, and runs it in a namespace of its own with the model's weights."""

    kind = KINDS["py"]

    def prepare(self, job: Job) -> None:
        """
        Raises:
            SpecError: the model's layers are not those of the spec (E0719), or it is optimised for
                inference (E0917): the source would be that of another network.
        """
        report = noted(job.module, PASSES)
        if isinstance(report, PassesReport) and report.goal == "inference":
            why = "it is optimised for inference, and the source is that of the network as written"
            way = "export the model that it was made of, or this one as .pt2 or .onnx"
            raise about_network(job.graph, CannotExport(why, way))
        reference = to_fx(replace(job.graph, again=()), device="meta")
        differences = [
            *tensor_differences(entries(job.module), entries(reference)),
            *layer_differences(job.module, reference),
        ]
        if differences:
            raise about_network(job.graph, ModelDiffers(job.graph.name, tuple(differences)))

    def write(self, job: Job, path: Path) -> tuple[Path, ...]:
        """The source of the spec's network; it holds no weights."""
        path.write_text(write_python(job.graph), encoding="utf-8")
        return (path,)

    def runner(self, job: Job, path: Path) -> Runner:
        """As a module that nothing else knows of, with the weights of the model."""
        namespace: dict[str, Any] = {"__name__": path.stem, "__file__": path.name}
        exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), namespace)
        module: nn.Module = namespace[job.graph.name]()
        module.to(job.device, job.dtype).load_state_dict(job.module.state_dict())
        module.eval()

        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            with torch.no_grad():
                return results(module(*inputs))

        return run


TARGET = Source()
