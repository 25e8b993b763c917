"""Two processes under torch's schedules find the losses and the gradients of one."""

from __future__ import annotations

from typing import Any

import pipelines
import pytest
import torch


def agree(spec: str, schedule: str, stages: int = 2, batch: int = 8, **parameters: Any) -> None:
    job = {
        "spec": spec,
        "schedule": schedule,
        "stages": stages,
        "batch": batch,
        "microbatches": 4,
        "parameters": parameters,
    }
    losses, gradients = pipelines.alone(job)
    got, found = pipelines.together(job, processes=2)
    assert got == losses
    assert found.keys() == gradients.keys()
    for name, gradient in gradients.items():
        assert torch.equal(found[name], gradient), name


def test_two_processes_are_one() -> None:
    agree("ResNet20", "1f1b")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "schedule", "stages"),
    [
        ("DenseNet40k12", "gpipe", 2),
        ("ResNet20", "interleaved", 4),
        ("ResNet18", "1f1b", 2),
        ("GoogLeNet", "1f1b", 2),
    ],
)
def test_other_networks_and_schedules(spec: str, schedule: str, stages: int) -> None:
    agree(spec, schedule, stages)


@pytest.mark.slow
def test_long_skips_are_carried() -> None:
    agree("UNetPadded", "gpipe", batch=4, H=64, W=64)
