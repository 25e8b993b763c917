"""Parameters in groups by path, against groups that are written out by hand."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archlang
from archlang.backends.python import write_python
from archlang.training import TrainingError

SPEC = """\
block Unit(C):
    conv(C, 3x3) -> bn -> relu
    conv(C, 3x3) -> bn + x -> relu

network Net:
    input 3x8x8
    conv(6, 3x3) -> bn -> relu
    layer1 = chain:
        Unit(6)
        Unit(6)
    layer2 = chain:
        Unit(6)
    gap -> flatten -> fc(5)

network Tuned from Net:
    freeze layer1
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "net.arch"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


@pytest.fixture
def net(spec: str) -> nn.Module:
    torch.manual_seed(0)
    return archlang.load(f"{spec}:Net")


def by_hand() -> nn.Module:
    """A model of nobody's compiler, with names that differ in their numbers alone."""
    return nn.ModuleDict(
        {
            "fc": nn.Linear(2, 2),
            "fc1": nn.Linear(2, 2),
            "stage": nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)),
            "stage2": nn.ModuleDict({"conv": nn.Linear(2, 2, bias=False)}),
        }
    )


def grouped(model: nn.Module, options: dict[str, Any]) -> dict[str, list[str]]:
    """The names in each group."""
    names = {id(p): name for name, p in model.named_parameters()}
    groups = archlang.param_groups(model, options)
    return {group["name"]: [names[id(p)] for p in group["params"]] for group in groups}


def start(*prefixes: str) -> Callable[[nn.Module], list[str]]:
    return lambda model: [n for n, _ in model.named_parameters() if n.startswith(prefixes)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("layer1", start("layer1.")),
        ("layer1.1", start("layer1.1.")),
        ("layer1.1.conv2.bias", start("layer1.1.conv2.bias")),
        ("layer1.conv1", start("layer1.0.conv1.", "layer1.1.conv1.")),
        ("layer1.*.conv1", start("layer1.0.conv1.", "layer1.1.conv1.")),
        ("layer1.bn1.weight", start("layer1.0.bn1.weight", "layer1.1.bn1.weight")),
        ("layer.conv", start(*(f"layer{i}.{j}.conv" for i in (1, 2) for j in (0, 1)))),
        ("layer", start("layer")),
        ("fc", start("fc1.")),
        ("fc.bias", start("fc1.bias")),
        ("conv", start("conv1.")),
        ("*.bias", lambda model: [n for n, _ in model.named_parameters() if n.endswith(".bias")]),
        ("*conv1", start("conv1.", *(f"layer{i}.{j}.conv1." for i in (1, 2) for j in (0, 1)))),
        ("la*1.0", start("layer1.0.")),
    ],
)
def test_what_a_pattern_fits(
    net: nn.Module, pattern: str, expected: Callable[[nn.Module], list[str]]
) -> None:
    assert grouped(net, {pattern: 0.1, "*": 0.2})[pattern] == expected(net) != []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("fc", start("fc.")),  # and not fc1
        ("fc*", start("fc")),
        ("stage", start("stage.")),  # and not stage2
        ("stage.0", start("stage.0.")),
        ("stage.weight", start("stage.0.weight", "stage.2.weight")),
        ("stage.conv", start("stage2.conv.")),
        ("*.weight", lambda model: [n for n, _ in model.named_parameters() if "weight" in n]),
    ],
)
def test_an_exact_name_comes_before_one_without_numbers(
    pattern: str, expected: Callable[[nn.Module], list[str]]
) -> None:
    model = by_hand()
    assert grouped(model, {pattern: 0.1, "*": 0.2})[pattern] == expected(model) != []


def test_only_stars_are_special() -> None:
    model = nn.ModuleDict({"a?[b]": nn.Linear(1, 1), "ab": nn.Linear(1, 1)})
    expected = {"a?[b]": start("a?")(model), "*": start("ab")(model)}
    assert grouped(model, {"a?[b]": 0.1, "*": 0.2}) == expected


def test_the_first_pattern_that_fits_decides(net: nn.Module) -> None:
    options = {"*.bias": 1.0, "layer1.0": 2.0, "layer1": 3.0, "*": 4.0}
    groups = grouped(net, options)
    assert list(groups) == list(options)
    assert groups["layer1.0"] == [n for n in start("layer1.0.")(net) if n.endswith("weight")]
    assert groups["layer1"] == [n for n in start("layer1.1.")(net) if n.endswith("weight")]
    everything = [name for names in groups.values() for name in names]
    assert sorted(everything) == sorted(name for name, _ in net.named_parameters())


def test_options_of_the_optimiser(net: nn.Module) -> None:
    rate = torch.tensor(0.1)
    options: dict[str, Any] = {
        "*.bias": {"lr": 1e-3, "weight_decay": 0.0},
        "fc1": {"weight_decay": 0.5},
        "layer1": {"lr": rate},
        "*": 1,
    }
    groups = archlang.param_groups(net, options)
    rest = [{k: v for k, v in group.items() if k not in ("params", "name")} for group in groups]
    assert rest == [
        {"lr": 1e-3, "weight_decay": 0.0},
        {"weight_decay": 0.5},
        {"lr": rate},
        {"lr": 1},
    ]
    optimiser = torch.optim.AdamW(groups, lr=0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [1e-3, 0.25, rate, 1]
    assert options["*.bias"] == {"lr": 1e-3, "weight_decay": 0.0}, "what was given stays as it was"


def test_frozen_parameters_are_in_no_group(spec: str) -> None:
    model = archlang.load(f"{spec}:Tuned")
    groups = grouped(model, {"*.bias": 0.1, "*": 0.2})
    assert not any(name.startswith("layer1") for names in groups.values() for name in names)
    model.get_submodule("layer1.0").requires_grad_(True)
    assert grouped(model, {"layer1": 0.1, "*": 0.2})["layer1"] == start("layer1.0.")(model)


@pytest.mark.parametrize("pattern", ["encoder", "decoder", "encoder.weight", "decoder.weight"])
def test_tied_parameters_are_there_once_under_each_of_their_names(pattern: str) -> None:
    model = nn.ModuleDict({"encoder": nn.Linear(3, 3, False), "decoder": nn.Linear(3, 3, False)})
    decoder, encoder = model["decoder"], model["encoder"]
    assert isinstance(decoder, nn.Linear) and isinstance(encoder, nn.Linear)
    decoder.weight = encoder.weight
    model["head"] = nn.Linear(3, 3)
    first, rest = archlang.param_groups(model, {pattern: 0.1, "*": 0.2})
    assert len(first["params"]) == 1 and first["params"][0] is encoder.weight
    assert len(rest["params"]) == 2


def test_compiled_and_wrapped_models_keep_their_names(net: nn.Module) -> None:
    options = {"layer1": 0.1, "fc": 0.2, "*": 0.3}
    want = [[id(p) for p in g["params"]] for g in archlang.param_groups(net, options)]
    compiled: Any = torch.compile(net, backend="eager")
    for model in (compiled, nn.DataParallel(net), nn.DataParallel(compiled)):
        assert isinstance(model, nn.Module)
        got = archlang.param_groups(model, options)
        assert [[id(p) for p in g["params"]] for g in got] == want


# ── with an optimiser ────────────────────────────────────────────────────────────────────────────


def trained(model: nn.Module, optimiser: torch.optim.Optimizer) -> list[torch.Tensor]:
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.5)
    for seed in range(2):
        torch.manual_seed(seed)
        optimiser.zero_grad()
        model.train()(torch.randn(4, 3, 8, 8)).square().mean().backward()
        optimiser.step()
        schedule.step()
    return list(model.state_dict().values())


@pytest.mark.parametrize("optimiser", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop])
@pytest.mark.parametrize("source", [False, True])
def test_two_steps_as_with_groups_by_hand(optimiser: Any, source: bool, spec: str) -> None:
    address = f"{spec}:Tuned"
    model: Any = archlang.load(address)
    if source:
        names: dict[str, Any] = {"__name__": "generated"}
        exec(write_python(archlang.network(address)), names)
        model = names["Tuned"]()
    other = copy.deepcopy(model)
    rest = [other.conv1.bias, other.bn1.bias, *(p for n, p in other.layer2.named_parameters())]
    hand: list[dict[str, Any]] = [
        {"params": list(other.fc1.parameters()), "lr": 0.1},
        {"params": [other.conv1.weight, other.bn1.weight], "lr": 0.0, "weight_decay": 0.5},
        {"params": rest, "lr": 0.001},
    ]
    frozen_first = {"lr": 0.0, "weight_decay": 0.5}
    options = {"fc": 0.1, "conv1.weight": frozen_first, "bn1.weight": frozen_first, "*": 0.001}
    before = copy.deepcopy(model.state_dict())
    got = trained(model, optimiser(archlang.param_groups(model, options)))
    want = trained(other, optimiser(hand))
    assert all(torch.equal(a, b) for a, b in zip(got, want, strict=True))
    after = model.state_dict()
    assert torch.equal(after["conv1.weight"], before["conv1.weight"])
    assert torch.equal(after["layer1.0.bn1.running_mean"], before["layer1.0.bn1.running_mean"])
    assert not torch.equal(after["fc1.weight"], before["fc1.weight"])


def test_the_comparison_can_fail(net: nn.Module) -> None:
    other = copy.deepcopy(net)
    got = trained(net, torch.optim.SGD(archlang.param_groups(net, {"fc": 0.1, "*": 0.01})))
    want = trained(other, torch.optim.SGD(other.parameters(), lr=0.01))
    assert not all(torch.equal(a, b) for a, b in zip(got, want, strict=True))


# ── bad input ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"layer5": 0.1, "*": 0.2}, ["'layer5'", "did you mean 'layer", "conv1, bn1, layer1"]),
        ({"layer1.0.cnov1": 0.1, "*": 0.2}, ["did you mean 'layer1.0.conv1'"]),
        ({"": 0.1, "*": 0.2}, ["no parameter fits the pattern ''"]),
        ({"relu1": 0.1, "*": 0.2}, ["'relu1' has no parameters"]),
        ({"*": 0.1, "fc": 0.2}, ["nothing is left for 'fc'", "write 'fc' before"]),
        ({"fc": 0.1}, ["conv1.weight, conv1.bias, bn1.weight and 25 more", '"*": 1e-4']),
        ({}, ["no pattern fits conv1.weight"]),
        ({"fc": "0.1", "*": 0.2}, ["'fc' has '0.1'", "learning rate", "mapping"]),
        ({"fc": True, "*": 0.2}, ["'fc' has True"]),
        ({"fc": None, "*": 0.2}, ["'fc' has None"]),
        ({"fc": [0.1], "*": 0.2}, ["'fc' has [0.1]"]),
        ({"fc": {"lr": "high"}, "*": 0.2}, ["'fc' has 'high'"]),
        ({"fc": torch.ones(2), "*": 0.2}, ["'fc' has tensor"]),
        ({"fc": -0.1, "*": 0.2}, ["learning rate of 'fc' is -0.1"]),
        ({"fc": float("nan"), "*": 0.2}, ["learning rate of 'fc' is nan"]),
        ({"fc": float("inf"), "*": 0.2}, ["learning rate of 'fc' is inf"]),
        ({"fc": {"lr": -1}, "*": 0.2}, ["learning rate of 'fc' is -1"]),
        ({"fc": {"lr": torch.tensor(-1.0)}, "*": 0.2}, ["learning rate of 'fc' is -1"]),
        ({"fc": {"lr": 0.1, "params": []}, "*": 0.2}, ["'params'", "'fc'"]),
        ({"fc": {"param_names": ["a"]}, "*": 0.2}, ["'param_names'", "'fc'"]),
        ({3: 0.1}, ["'layer4'", "3"]),
        ([("fc", 0.1)], ["mapping", "list"]),
        (0.1, ["mapping", "float"]),
    ],
)
def test_bad_options(net: nn.Module, options: Any, says: list[str]) -> None:
    with pytest.raises(TrainingError) as caught:
        archlang.param_groups(net, options)
    assert isinstance(caught.value, ValueError)
    assert all(words in str(caught.value) for words in says), caught.value
    assert "\n" not in str(caught.value)


def test_a_pattern_of_frozen_parameters_alone(spec: str) -> None:
    model = archlang.load(f"{spec}:Tuned")
    with pytest.raises(TrainingError, match=r"'layer1' are frozen.*requires_grad_\(True\)"):
        archlang.param_groups(model, {"layer1": 0.1, "*": 0.2})
    with pytest.raises(TrainingError, match="nothing is left for 'layer'"):
        archlang.param_groups(model, {"layer2": 0.1, "layer": 0.2, "*": 0.2})


def test_models_with_nothing_to_train() -> None:
    with pytest.raises(TrainingError, match="Linear are frozen"):
        archlang.param_groups(nn.Linear(2, 2).requires_grad_(False), {"*": 0.1})
    with pytest.raises(TrainingError, match="ReLU has no parameters"):
        archlang.param_groups(nn.ReLU(), {"*": 0.1})
    with pytest.raises(TrainingError, match=r"an nn\.Module, and not dict"):
        archlang.param_groups({}, {"*": 0.1})  # pyright: ignore[reportArgumentType]


def test_importing_it_costs_no_torch() -> None:
    code = "import sys, archlang; archlang.param_groups; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_rest_may_be_nothing() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    groups = archlang.param_groups(model, {"1": 1e-3, "*": 1e-4})
    assert [group["name"] for group in groups] == ["1"]
