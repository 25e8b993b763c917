"""What cannot be planned is refused, with what would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import archlang
from archlang import SpecError, distributed
from archlang.distributed.planning.costs import Machine

SHARED = """
network Shared:
    input 8x16x16
    conv(8, 3x3) -> relu
    shared Cell = conv(8, 3x3) -> relu
    Cell -> Cell -> Cell
    gap -> flatten -> fc(2)
"""


def code_of(**options: Any) -> str:
    spec = options.pop("spec", "ResNet18")
    with pytest.raises(SpecError) as caught:
        distributed.plan(spec, **options)
    (diagnostic,) = caught.value.diagnostics
    return f"{diagnostic.code} {diagnostic.message} {diagnostic.help}"


def test_too_many_stages_say_how_many_there_are() -> None:
    text = code_of(spec="LeNet5", stages=40)
    assert text.startswith("E0931 LeNet5 makes ")
    most = int(text.split()[3])
    assert len(distributed.plan("LeNet5", stages=most).stages) == most
    assert code_of(spec="LeNet5", stages=most + 1).startswith("E0931")


def test_shared_layers_stay_together(tmp_path: Path) -> None:
    spec = tmp_path / "shared.arch"
    spec.write_text(SHARED)
    text = code_of(spec=str(spec), stages=6)
    assert text.startswith("E0932 shared layers leave Shared")
    graph = archlang.network(str(spec))
    plan = distributed.plan(graph, stages=2)
    for stage in plan.stages:
        inside = {graph.nodes[i].path for i in range(stage.start, stage.stop)}
        outside = {n.path for n in graph.nodes if not stage.start <= n.id < stage.stop}
        assert not inside & outside


def test_too_little_memory_says_what_would_do() -> None:
    with pytest.raises(SpecError) as caught:
        distributed.plan("ResNet18", devices=2, memory="50MB", batch=32)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E0933"
    assert diagnostic.help is not None
    word, amount, *_ = diagnostic.help.split()
    assert word == "--memory"
    assert distributed.plan("ResNet18", devices=2, memory=amount, batch=32)


def test_too_large_a_batch_says_the_largest_that_fits() -> None:
    wish: dict[str, Any] = {"stages": 2, "memory": "1GB", "microbatches": 2}
    text = code_of(batch=1024, **wish)
    assert text.startswith("E0933")
    largest = int(text.split("--batch ")[1].split()[0])
    assert distributed.plan("ResNet18", batch=largest, **wish).batch == largest
    assert code_of(batch=largest + 2, **wish).startswith("E0933")


def test_more_devices_that_would_do_do() -> None:
    text = code_of(devices=2, memory="150MB", batch=32)
    devices = int(text.split("--devices ")[1].split(";")[0])
    assert distributed.plan("ResNet18", devices=devices, memory="150MB", batch=32)


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"stages": 2, "batch": 100, "microbatches": 8}, "E0934 a batch of 100 cannot be"),
        ({"stages": 2, "devices": 7}, "E0935 7 devices cannot be divided"),
        ({"stages": 8, "devices": 4}, "E0935 4 devices cannot be divided"),
        ({"stages": 2, "devices": 8, "batch": 6}, "E0934 a batch of 6 cannot be"),
    ],
)
def test_what_cannot_be_dealt_out(options: dict[str, Any], start: str) -> None:
    assert code_of(**options).startswith(start)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stages": 0}, "stages is 1 or more, not 0"),
        ({"stages": -1}, "stages is 1 or more"),
        ({"devices": 4, "memory": 0}, "memory is 1 or more"),
        ({"devices": 4, "memory": "8 apples"}, "there is no unit 'apples'"),
        ({"stages": 2, "batch": 0}, "batch is 1 or more"),
        ({"stages": 2, "microbatches": -3}, "microbatches is 1 or more"),
        ({"stages": 2, "slack": float("nan")}, "slack is a part from 0 to 1"),
        ({"stages": 2, "optimizer": "adma"}, "did you mean adam"),
        ({"stages": 2, "dtype": "float23"}, "did you mean float32"),
        ({"stages": 2, "schedule": "1f1c"}, "did you mean 1f1b"),
        ({"stages": 2, "machine": Machine(flops=float("nan"))}, "flops is a rate above 0"),
    ],
)
def test_numbers_and_names_are_held(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        distributed.plan("ResNet18", **options)


@pytest.mark.parametrize("options", [{}, {"stages": 2.0}, {"stages": True}, {"memory": 8}])
def test_kinds_are_held(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        distributed.plan("ResNet18", **options)
    with pytest.raises(TypeError, match="classes"):
        distributed.plan(archlang.network("ResNet18"), stages=2, classes=10)
