"""Packed copies of weights are not used when the weights are no longer those, however it came."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from archlang.backends import packing
from tests.passes.networks import both, run, written

BODY = "conv(6, 3) -> bn -> relu -> conv(4, 3) -> relu -> gap -> flatten -> fc(3)"


def _data_copy(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    for name, parameter in model.named_parameters():
        parameter.data.copy_(state[name])


def _data_average(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    for name, parameter in model.named_parameters():
        parameter.data.mul_(0.0).add_(state[name])


def _data_swap(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    for name, parameter in model.named_parameters():
        parameter.data = state[name].clone()


def _inference_mode(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    with torch.inference_mode():
        model.load_state_dict(state)


def _assign(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    model.load_state_dict({k: v.clone() for k, v in state.items()}, assign=True)


def _there_and_back(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    model.double().load_state_dict(state)
    model.float()


def _copy(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(state[name])


WAYS = [_data_copy, _data_average, _data_swap, _inference_mode, _assign, _there_and_back, _copy]


@pytest.mark.parametrize("way", WAYS)
def test_weights_that_change(
    way: Callable[[nn.Module, dict[str, torch.Tensor]], None], tmp_path: Path
) -> None:
    _, fast = both(written(tmp_path, BODY), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    for _ in range(3):
        state = {k: torch.randn_like(v) for k, v in fast.state_dict().items()}
        run(fast, x)
        way(fast, state)
        (got,) = run(fast, x)
        with torch.backends.mkldnn.flags(enabled=False):
            (wanted,) = run(fast, x)
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
        assert torch.equal(fast.fc1.weight, state["fc1.weight"])


def test_weights_of_one_call(tmp_path: Path) -> None:
    _, fast = both(written(tmp_path, BODY), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    (before,) = run(fast, x)
    for _ in range(4):
        state = {k: torch.randn_like(v) for k, v in fast.state_dict().items()}
        other = copy.deepcopy(fast)
        other.load_state_dict(state)
        with torch.no_grad():
            got = torch.func.functional_call(fast, state, x)
        torch.testing.assert_close(got, run(other, x)[0], rtol=1e-4, atol=1e-4)
    assert torch.equal(run(fast, x)[0], before)


@pytest.mark.skipif(not packing.supports(torch.float32), reason="no oneDNN on x86")
def test_weights_that_do_not_change_are_packed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, fast = both(written(tmp_path, BODY), torch.float32)
    with torch.no_grad():
        fast.conv1.weight[0, 0, 0, 0] = torch.nan  # which equals nothing
    made: list[object] = []
    exact = packing.Packed.__init__
    note = lambda self, layer, x: (made.append(layer), exact(self, layer, x))[1]  # noqa: E731
    monkeypatch.setattr(packing.Packed, "__init__", note)
    for sizes in ((3, 4, 8, 8), (1, 4, 8, 8), (3, 4, 11, 9)):
        run(fast, torch.randn(sizes))
    assert len(made) == 3


@pytest.mark.parametrize("sizes", [((3, 1), (8, 8)), ((2, 2), (8, 1))])
@pytest.mark.parametrize("end", ["", " -> relu", " -> gelu"])
def test_operands_of_unequal_batches_and_sizes(
    sizes: tuple[tuple[int, int], tuple[int, int]], end: str, tmp_path: Path
) -> None:
    """What is added may be one map for all samples, as in the plain network."""
    (first, second), (one, other) = sizes
    before = "network N:\n    input x: 4x8x8\n    input y: 4x8x8\n"
    file = tmp_path / "two.arch"
    file.write_text(f"{before}    z = y -> conv(4, 1) -> relu\n    x -> conv(4, 3) + z{end}\n")
    plain, fast = both(f"{file}:N", torch.float32)
    x, y = torch.randn(first, 4, one, one), torch.randn(second, 4, other, other)
    for layout in (torch.contiguous_format, torch.channels_last):
        given = [t.to(memory_format=layout) for t in (x, y)]
        torch.testing.assert_close(run(fast, *given)[0], run(plain, *given)[0])
