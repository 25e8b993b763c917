"""Weights that are no numbers are found before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import archlang
from archlang.diagnostics.model import Diagnostic, SpecError
from archlang.targets.job import Job

from .conftest import SMALL

Spec = Callable[[str], Path]


def refused(model: torch.nn.Module, path: Path) -> Diagnostic:
    with pytest.raises(SpecError) as error:
        archlang.export(model, path)
    assert not path.exists()
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "E0919"
    return diagnostic


def test_the_weights_and_their_line_are_named(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = archlang.load(spec(SMALL))
    with torch.no_grad():
        model.get_parameter("fc1.weight")[0, :3] = torch.nan
        model.get_parameter("fc1.weight")[1, 0] = torch.inf
    monkeypatch.setattr(Job, "run", lambda *_: pytest.fail("the network was run"))
    found = refused(model, tmp_path / "net.onnx")
    assert found.message == "the network's weights hold NaN: fc1.weight"
    assert found.primary.span.text == "fc(5)"
    assert found.notes == ("of its 40 numbers: 3 NaN, 1 infinite",)
    assert "verify=False" in (found.help or "")


def test_all_that_are_not_numbers_are_named(spec: Spec, tmp_path: Path) -> None:
    model = archlang.load(spec(SMALL))
    for tensor in model.parameters():
        tensor.data.fill_(-torch.inf)
    found = refused(model, tmp_path / "net.pt2")
    assert found.message == "the network's weights hold infinite values: conv1.weight"
    others = [name for name, _ in model.named_parameters()][1:]
    assert found.notes[1].startswith(f"others that do: {', '.join(others[:5])}")
    assert found.notes[1].endswith(f"and {len(others) - 5} more") == (len(others) > 5)


def test_buffers_count_too(spec: Spec, tmp_path: Path) -> None:
    model = archlang.load(spec(SMALL))
    name = next(name for name, _ in model.named_buffers() if name.endswith("running_var"))
    model.get_buffer(name).fill_(torch.nan)
    assert name in refused(model, tmp_path / "net.pt2").message


def test_they_are_written_where_nothing_is_compared(spec: Spec, tmp_path: Path) -> None:
    model = archlang.load(spec(SMALL))
    model.get_parameter("fc1.bias").data.fill_(torch.nan)
    archlang.export(model, tmp_path / "net.pt2", verify=False)
    archlang.export(model, tmp_path / "net.svg")
    assert (tmp_path / "net.pt2").exists()
    assert (tmp_path / "net.svg").exists()


def test_a_clip_without_a_limit_is_fine_and_one_that_is_nan_is_not(
    spec: Spec, tmp_path: Path
) -> None:
    text = "network N:\n    input 3x8x8\n    y = conv(4, 3x3)\n    bn -> relu -> conv(4, 1x1) + y\n"
    text += "    gap -> flatten -> fc(3)\n"
    model = archlang.load(spec(text), optimize="inference")
    limits = [name for name, _ in model.named_parameters() if name.endswith((".low", ".high"))]
    assert any(model.get_parameter(name).isinf().any() for name in limits)
    archlang.export(model, tmp_path / "net.pt2")
    model.get_parameter(limits[0]).data.fill_(torch.nan)
    assert limits[0] in refused(model, tmp_path / "other.pt2").message
