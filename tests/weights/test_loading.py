"""Weights are loaded whole or not at all, and what does not fit is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

import archlang

SPEC = """\
network Small(classes=5, H=8):
    input 3xHxH
    conv(4, 3x3) -> bn -> relu
    gap -> flatten -> fc(classes)
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.arch"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


@pytest.fixture
def state(spec: str) -> dict[str, Tensor]:
    torch.manual_seed(0)
    model = archlang.load(spec)
    model(torch.randn(4, 3, 8, 8))  # moves the running statistics
    return model.state_dict()


def hold_equal(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for key in a:
        assert torch.equal(a[key], b[key]), key


def refused(spec: str, state: Mapping[str, Tensor], **options: object) -> str:
    """What the one diagnostic says, as it is shown."""
    with pytest.raises(archlang.SpecError) as caught:
        archlang.load(spec, weights=state, **options)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.primary.span.source.name.endswith(".arch")
    return str(caught.value)


def test_own_names_are_loaded_as_copies(spec: str, state: dict[str, Tensor]) -> None:
    model = archlang.load(spec, weights=state)
    hold_equal(model.state_dict(), state)
    with torch.no_grad():
        model.conv1.weight.zero_()
    assert state["conv1.weight"].abs().sum() > 0
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())
    assert model.training


def test_the_parameters_of_another_module_can_be_passed(spec: str) -> None:
    source = archlang.load(spec).requires_grad_(False)
    named = dict(source.named_parameters()) | dict(source.named_buffers())
    model = archlang.load(spec, weights=named)
    assert all(p.requires_grad for p in model.parameters())
    assert not any(p.requires_grad for p in source.parameters())


def test_loading_draws_no_random_numbers(spec: str, state: dict[str, Tensor]) -> None:
    before = torch.get_rng_state()
    archlang.load(spec, weights=state)
    assert torch.equal(before, torch.get_rng_state())


def test_weights_take_the_type_that_is_asked_for(spec: str, state: dict[str, Tensor]) -> None:
    model = archlang.load(spec, weights=state, dtype=torch.float64)
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert model.bn1.num_batches_tracked.dtype == torch.int64
    hold_equal(model.state_dict(), {k: v.to(model.state_dict()[k].dtype) for k, v in state.items()})


def test_meta_takes_over_the_very_tensors(spec: str, state: dict[str, Tensor]) -> None:
    model = archlang.load(spec, weights=state, device="meta")
    for key, value in model.state_dict().items():
        assert value.data_ptr() == state[key].data_ptr(), key
    assert model.eval()(torch.randn(1, 3, 8, 8)).shape == (1, 5)


def test_frozen_parts_stay_frozen(tmp_path: Path, state: dict[str, Tensor]) -> None:
    path = tmp_path / "derived.arch"
    path.write_text(SPEC + "\nnetwork Frozen from Small:\n    freeze conv1\n", encoding="utf-8")
    model = archlang.load(f"{path}:Frozen", weights=state)
    assert not model.conv1.weight.requires_grad
    assert model.fc1.weight.requires_grad


def test_other_names_load_nothing(spec: str, state: dict[str, Tensor]) -> None:
    del state["fc1.bias"]
    state["fc2.bias"] = torch.zeros(5)
    shown = refused(spec, state)
    assert "E0701" in shown and "missing: fc1.bias" in shown
    assert "not in the network: fc2.bias" in shown and "small.arch:1:" in shown


def test_another_shape_loads_nothing(spec: str, state: dict[str, Tensor]) -> None:
    shown = refused(spec, state, classes=7)
    assert "E0702" in shown and "'fc1.weight' is 5x4, but the network's is 7x4" in shown
    assert "other shapes too: fc1.bias" in shown


@pytest.mark.parametrize(
    ("wrap", "way_out"),
    [
        (lambda s: {f"module.{k}": v for k, v in s.items()}, "'module.': take that off"),
        (lambda s: {f"_orig_mod.{k}": v for k, v in s.items()}, "'_orig_mod.': take that off"),
        (lambda s: {"epoch": 3, "state_dict": s}, "under 'state_dict': pass what it holds"),
    ],
)
def test_wrapped_weights_are_recognised(
    spec: str, state: dict[str, Tensor], wrap: object, way_out: str
) -> None:
    assert callable(wrap)
    shown = refused(spec, wrap(state))
    assert "E0701" in shown and way_out in shown


def test_what_is_no_tensor_and_what_has_no_data_is_refused(
    spec: str, state: dict[str, Tensor]
) -> None:
    assert "E0703" in refused(spec, state | {"fc1.bias": [0.0] * 5})  # type: ignore[dict-item]  # the mistake
    on_meta = {key: value.to("meta") for key, value in state.items()}
    assert 'on the device "meta"' in refused(spec, on_meta)


def test_the_names_that_come_closer_are_compared() -> None:
    with torch.device("meta"):
        state = dict(archlang.load("ResNet50").state_dict())
    theirs = {key.replace("fc1.", "fc."): value for key, value in state.items()}
    theirs = {k.replace("project1.conv1", "downsample.0"): v for k, v in theirs.items()}
    theirs = {k.replace("project1.bn1", "downsample.1"): v for k, v in theirs.items()}
    shown = refused("ResNet18", theirs)
    assert "E0701" in shown and "compared with torchvision's names" in shown
    assert "layer1.0.conv3.weight" in shown and "fc1" not in shown
    del state["fc1.bias"]
    shown = refused("ResNet50", state)
    assert "missing: fc1.bias\n" in shown and "compared with its own names" in shown
