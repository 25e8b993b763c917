"""FSDP2 and DDP in two processes, beside torch in one: outputs, gradients, what each one holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from launching import launch
from torch import nn

import archlang
from archlang import distributed
from archlang.diagnostics.model import SpecError
from archlang.distributed.units import units

WORKER = Path(__file__).with_name("sharding_worker.py")
DIGITS = str(Path(__file__).parents[2] / "examples" / "distributed" / "digits.arch")


def found(tmp_path: Path, *cases: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """By process, what it found in each case."""
    done = launch(WORKER, json.dumps(cases), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = (text for text in done.stdout.splitlines() if text.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))


def case(name: str, kind: str, memory: str = "", **parameters: Any) -> dict[str, Any]:
    return {"name": name, "parameters": parameters, "kind": kind, "memory": memory}


# ── what belongs together ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("ResNet18", [f"layer{k}.{i}" for k in range(1, 5) for i in range(2)]),
        ("VGG11", [f"stage{k}" for k in range(1, 6)] + ["fc1", "fc2"]),
    ],
)
def test_units_are_the_outermost_blocks_and_heavy_layers(name: str, want: list[str]) -> None:
    names = [unit.name for unit in units(archlang.network(name))]
    assert [n for n in names if n in want] == want
    assert set(names) - set(want) <= {"fc1", "fc2", "fc3"}


@pytest.mark.parametrize("name", ["ResNet50", "GoogLeNet", "DenseNet121", "UNet", "Highway"])
def test_no_layer_is_in_two_units_and_most_parameters_are_in_one(name: str) -> None:
    network = archlang.network(name)
    made = units(network)
    paths = [path for unit in made for path in unit.paths]
    assert len(paths) == len(set(paths))
    assert sum(unit.params for unit in made) > 0.8 * network.params


def test_what_runs_only_while_training_is_a_unit_by_itself() -> None:
    made = {unit.name: unit.paths for unit in units(archlang.network("GoogLeNet"))}
    assert all(path.startswith("aux1.") for path in made["aux1"])


def test_layers_that_run_again_together_are_in_one_unit() -> None:
    network = archlang.network("ResNet18")
    before = units(network)
    within = {"layer1.0.bn1", "layer1.0.conv2"}
    across = {"layer1.1.bn2", "layer2.0.conv1", "bn1"}  # the last one is in no unit
    assert units(network, [within]) == before
    made = {unit.name: unit.paths for unit in units(network, [within, across])}
    assert made["layer1.1.bn2 to layer2.0.conv1"] == ("layer1.1.bn2", "layer2.0.conv1")
    assert "layer1.1.bn2" not in made["layer1.1"]
    paths = [path for unit in made.values() for path in unit]
    assert sorted(paths) == sorted(path for unit in before for path in unit.paths)


# ── beside one process ───────────────────────────────────────────────────────────────────────────


def test_two_processes_compute_what_one_does(tmp_path: Path) -> None:
    cases = [case("ResNet20", "fsdp"), case(f"{DIGITS}:Digits", "ddp")]
    cases += [case("ResNet20", "fsdp", "4.6MB"), {"what": "mixed"}]
    for sharded, replicated, again, mixed in found(tmp_path, *cases):
        for result in (sharded, replicated, again):
            assert result["output"] == 0
            assert result["gradient"] < 1e-5
            assert result["keys"]
        # one block at a time is whole, and each process holds half of all
        assert sharded["whole"] == 1
        assert sharded["passes"] == 36
        assert again["whole"] == 1
        assert again["passes"] > 36
        assert again["again"] == [False, True]  # cheap steps, and whole blocks
        assert sharded["held"] < 0.51 * sharded["params"]
        assert replicated["held"] == replicated["params"]
        assert mixed["types"] == {
            "layer1.0.conv1": "torch.bfloat16 torch.bfloat16",
            "layer1.0.bn1": "torch.float32 torch.bfloat16",
            "bn1": "torch.float32 torch.bfloat16",
            "result": "torch.float32",
            "gradient": "torch.float32",
        }
        assert 0 < mixed["error"] < 0.1


@pytest.mark.slow
def test_all_kinds_of_networks_are_sharded(tmp_path: Path) -> None:
    cases = [
        case("GoogLeNet", "fsdp", classes=10),  # branches, dropout, outputs `when training`
        case("DenseNet121", "fsdp"),
        case("UNet", "fsdp"),
        case("Highway", "fsdp"),
        case("GoogLeNet", "ddp", classes=10),
    ]
    for results in found(tmp_path, *cases):
        for result, asked in zip(results, cases, strict=True):
            assert result["output"] == 0, asked
            assert result["gradient"] < 1e-4, asked
            assert result["whole"] <= 1 or asked["kind"] == "ddp", asked


@pytest.mark.slow
def test_networks_that_run_again_are_sharded(tmp_path: Path) -> None:
    cases = [
        case("GoogLeNet", "fsdp", "190MB"),  # a part of it lies in two units
        case("DenseNet40k12", "fsdp", "23MB"),
    ]
    for results in found(tmp_path, *cases):
        for result, asked in zip(results, cases, strict=True):
            assert result["again"], asked
            assert result["output"] < 1e-5, asked
            assert result["gradient"] < 1e-5, asked
            assert result["whole"] <= 1, asked


CHAIN = """
block Step:
    conv(16, 3x3) -> bn -> relu

network Chain:
    input 3x32x32
    repeat 6: Step
    gap -> flatten -> fc(10)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ddp", "fsdp", "mixed"])
def test_running_again_changes_no_bit(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "chain.arch"
    file.write_text(CHAIN, encoding="utf-8")
    memory = {f"{file}:Chain": "1.5MB", "ResNet20": "4MB", "DenseNet40k12": "20MB"}
    cases = [case(name, kind, budget) | {"what": "rerunning"} for name, budget in memory.items()]
    for results in found(tmp_path, *cases):
        for result, asked in zip(results, cases, strict=True):
            assert result["same"], asked
            assert result["differing"] == [], asked
            assert result["losses"] == result["wanted"], asked


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("wrap", [distributed.shard, distributed.replicate])
def test_without_a_group_or_a_spec_it_is_refused(wrap: Any) -> None:
    with pytest.raises(SpecError, match="E0941"):
        wrap(archlang.load("LeNet5"))
    with pytest.raises(SpecError, match="E0945"):
        wrap(nn.Linear(2, 2))


def test_a_model_is_spread_once_and_as_it_can_be() -> None:
    import torch

    with distributed.start("cpu") as processes:
        assert (processes.rank, processes.world) == (0, 1)
        model = distributed.shard(archlang.load("LeNet5"))
        with pytest.raises(SpecError, match="sharded already"):
            distributed.replicate(model)
        with pytest.raises(SpecError, match="replicated already"):
            distributed.shard(distributed.replicate(archlang.load("LeNet5")))  # type: ignore[arg-type]
        for wrap in (distributed.shard, distributed.replicate):
            with pytest.raises(SpecError, match="optimised for inference"):
                wrap(archlang.load("LeNet5", optimize="inference"))
        distributed.shard(archlang.load("ResNet20", optimize="training"))  # channels last
        with pytest.raises(SpecError, match="no floating-point type"):
            distributed.shard(archlang.load("LeNet5"), mixed_precision=torch.int8)
        with pytest.raises(SpecError, match="common statistics"):
            distributed.replicate(archlang.load("ResNet20"), batch_norm="common")
        with pytest.raises(SpecError, match="it has no data"):
            distributed.replicate(archlang.load("LeNet5", device="meta"))
        with pytest.raises(SpecError, match="none of its parameters is trained"):
            distributed.replicate(archlang.load("LeNet5").requires_grad_(False))


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan"), float("inf")])
def test_a_timeout_is_a_positive_number(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"), distributed.start("cpu", timeout=timeout):
        pass
