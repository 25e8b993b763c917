"""Networks that go from device to device: loaded, moved, copied, pickled, saved, exported."""

from __future__ import annotations

import io
import pickle
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn

import archlang
from gpu.pairs import QUICK, batch, hold_close, ours, without_gradients

pytestmark = pytest.mark.gpu
CPU = torch.device("cpu")
GOALS = [None, "inference", "training"]
ACROSS = 1e-3
"""Two kinds of devices sum in other orders, and no layer corrects what the one before did."""


def _places(model: nn.Module) -> set[str]:
    return {x.device.type for x in (*model.parameters(), *model.buffers())}


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", QUICK)
def test_everything_is_where_it_was_asked_for(
    name: str, goal: str | None, device: torch.device
) -> None:
    fresh = archlang.load(name, device=device, optimize=goal)
    assert _places(fresh) == _places(ours(name, device, optimize=goal)) == {device.type}
    assert fresh(batch(device)).device.type == device.type


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", QUICK)
def test_to_another_device_and_back(name: str, goal: str | None, device: torch.device) -> None:
    model, x = ours(name, CPU, optimize=goal), batch(CPU)
    want = without_gradients(model, x)
    model.to(device)
    assert _places(model) == {device.type}
    hold_close(without_gradients(model, x.to(device)), want, ACROSS)
    model.to(CPU)
    hold_close(without_gradients(model, x), want)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", QUICK)
def test_pickled_on_one_device_and_read_on_another(
    name: str, goal: str | None, device: torch.device
) -> None:
    model, x = ours(name, device, optimize=goal), batch(device)
    want = without_gradients(model, x)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    there = torch.load(file, map_location=CPU, weights_only=False)
    assert _places(there) == {"cpu"}
    hold_close(without_gradients(there, x.cpu()), want, ACROSS)
    hold_close(without_gradients(pickle.loads(pickle.dumps(model)), x), want)
    hold_close(without_gradients(deepcopy(model), x), want)


@pytest.mark.parametrize("name", QUICK)
def test_saved_on_one_device_and_loaded_on_another(
    name: str, device: torch.device, tmp_path: Path
) -> None:
    model, x = ours(name, device), batch(device)
    archlang.save(model, tmp_path / "net.safetensors")
    for where in (CPU, device):
        again = archlang.load(tmp_path / "net.safetensors", device=where)
        assert _places(again) == {where.type}
        for key, value in again.state_dict().items():
            assert torch.equal(value.cpu(), model.state_dict()[key].cpu())
    hold_close(without_gradients(again.eval(), x), without_gradients(model, x))


@pytest.mark.parametrize("name", QUICK)
def test_optimised_where_it_is(name: str, device: torch.device) -> None:
    model, x = ours(name, device), batch(device)
    fast = archlang.optimize(model, "inference")
    assert _places(fast) == {device.type}
    hold_close(without_gradients(fast, x), without_gradients(model, x))


@pytest.mark.parametrize("goal", [None, "inference"])
@pytest.mark.parametrize("name", ["ResNet18"])
def test_exported_from_where_it_is(
    name: str, goal: str | None, device: torch.device, tmp_path: Path
) -> None:
    """The program runs on the device of the model that it was made of."""
    model, x = ours(name, device, optimize=goal), batch(device, samples=3)
    archlang.export(model, tmp_path / "net.pt2")
    program = torch.export.load(tmp_path / "net.pt2").module()
    got = without_gradients(program, x)
    hold_close(got.to(device), without_gradients(model, x))
