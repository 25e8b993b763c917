"""What cannot be optimised, and what an optimised model refuses, is said in words that help."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import archlang
from archlang.diagnostics.model import SpecError
from tests.passes.networks import both, error, written

BODY = "conv(6, 3) -> bn -> relu -> conv(4, 3) -> bn + x -> relu"
CLIPPED = "conv(6, 3) -> relu -> bn -> relu -> conv(4, 1)"


def _weight_norm(model: nn.Module) -> None:
    parametrizations.weight_norm(model.conv1)


def _own_forward(model: nn.Module) -> None:
    model.conv1.forward = lambda x: x


def _edited(model: nn.Module) -> None:
    node = next(n for n in model.graph.nodes if n.target == "relu1")
    node.replace_all_uses_with(node.args[0])
    model.graph.erase_node(node)
    model.recompile()


CHANGES: dict[str, tuple[Callable[[nn.Module], object], str]] = {
    "forward": (lambda m: m.conv1.register_forward_hook(lambda *a: 2 * a[2]), "conv1 has a fo"),
    "before": (lambda m: m.bn1.register_forward_pre_hook(lambda *_: None), "bn1 has a forward pre"),
    "whole": (lambda m: m.register_forward_hook(lambda *_: None), "the model itself has a"),
    "backward": (lambda m: m.conv2.register_full_backward_hook(lambda *_: None), "a backward ho"),
    "back": (lambda m: m.conv2.register_full_backward_pre_hook(lambda *_: None), "backward pre-"),
    "own": (_own_forward, "conv1 has a forward of its own"),
    "weight_norm": (_weight_norm, "conv1.parametrizations.weight.original0 is not in the spec"),
    "edited": (_edited, "its forward is no longer"),
}


@pytest.mark.parametrize("goal", ["inference", "training"])
@pytest.mark.parametrize("name", CHANGES)
def test_what_does_more_than_its_spec(name: str, goal: str, tmp_path: Path) -> None:
    model = archlang.load(written(tmp_path, BODY))
    change, said = CHANGES[name]
    change(model)
    with pytest.raises(SpecError, match="N cannot be optimised") as caught:
        archlang.optimize(model, goal)
    assert said in str(caught.value)


def test_hooks_that_are_removed_are_no_hindrance(tmp_path: Path) -> None:
    model = archlang.load(written(tmp_path, BODY)).eval()
    model.conv1.register_forward_hook(lambda *_: None).remove()
    assert error(model, archlang.optimize(model, "inference"), torch.randn(2, 4, 8, 8)) < 1e-5


def test_hooks_on_gradients_matter_to_training_alone(tmp_path: Path) -> None:
    model = archlang.load(written(tmp_path, BODY))
    model.conv1.weight.register_hook(lambda grad: grad)
    archlang.optimize(model, "inference")
    with pytest.raises(SpecError, match=r"conv1\.weight has a hook on its gradient"):
        archlang.optimize(model, "training")


@pytest.mark.parametrize("name", ["ResNet18", "LeNet5"])
def test_copies_and_pickles_are_no_other_network(name: str) -> None:
    model = archlang.load(name)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        archlang.optimize(pickle.loads(pickle.dumps(other)), "inference")
        archlang.optimize(archlang.optimize(other, "training"), "inference")


def test_another_last_layer() -> None:
    model = archlang.load("ResNet18")
    model.fc1 = nn.Linear(512, 7)
    with pytest.raises(SpecError, match=r'load\("ResNet18", classes=7, weights=model\.state_dict'):
        archlang.optimize(model, "inference")
    model.fc1 = nn.Linear(512, 7, bias=False)
    with pytest.raises(SpecError, match="change the spec instead"):
        archlang.optimize(model, "inference")


def test_a_model_of_others() -> None:
    with pytest.raises(SpecError, match=r'load\("ResNet18", weights=model\.state_dict\(\), opt'):
        archlang.optimize(nn.Linear(2, 2), "inference")


def test_what_is_no_model() -> None:
    with pytest.raises(TypeError, match=r'archlang\.load\("ResNet18", optimize="inference"\)'):
        archlang.optimize("ResNet18", "inference")
    with pytest.raises(TypeError, match="not 3"):
        archlang.optimize(3, "training")


def test_modes_of_single_layers_stay_for_training(tmp_path: Path) -> None:
    model = archlang.load(written(tmp_path, BODY)).train()
    model.bn1.eval()
    fast = archlang.optimize(model, "training")
    assert (fast.training, fast.bn1.training, fast.bn2.training) == (True, False, True)


def test_weights_of_the_plain_model(tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, BODY), torch.float32)
    for model in (fast, copy.deepcopy(fast)):
        for strict in (True, False):
            with pytest.raises(RuntimeError, match=r'no bn1\.weight.*optimize\(model, "inf'):
                model.load_state_dict(plain.state_dict(), strict=strict)
        model.load_state_dict(fast.state_dict())
        assert error(plain, model, torch.randn(2, 4, 8, 8)) < 1e-5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("body", [CLIPPED, "conv(6, 3) -> gelu -> bn -> conv(4, 1)"])
def test_16_bits_afterwards(body: str, dtype: torch.dtype, tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, body), torch.float32)
    with pytest.raises(TypeError, match=rf"dtype={dtype}, optimize"):
        fast.to(dtype)
    assert error(plain, fast, torch.randn(2, 4, 8, 8)) < 1e-5  # nothing was converted
    assert error(plain.double(), fast.double(), torch.randn(2, 4, 8, 8).double()) < 1e-5


def test_16_bits_afterwards_where_nothing_was_shifted(tmp_path: Path) -> None:
    _, fast = both(written(tmp_path, BODY), torch.float32)
    assert fast.bfloat16()(torch.randn(2, 4, 8, 8).bfloat16()).dtype == torch.bfloat16


def test_autocast_is_warned_of(tmp_path: Path) -> None:
    _, fast = both(written(tmp_path, CLIPPED), torch.float32)
    with torch.autocast("cpu"), pytest.warns(UserWarning, match="dtype=torch.bfloat16"):
        fast(torch.randn(2, 4, 8, 8))
