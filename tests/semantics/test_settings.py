"""Parameters set from outside: numbers, texts, and layers by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlang.compiler import check_text
from archlang.compiler import graph as compiled
from archlang.diagnostics.model import SpecError

from .building import graph

SPEC = """
block Act:
    relu

network N(f=tanh, W=project, mode="nearest", C=8):
    input 3x8x8
    y = conv(C, 3x3) -> f
    conv(C, 3x3) + W∘x -> upsample(2, mode=mode) -> avgpool(2x2)
"""


def kinds(**settings: object) -> list[str]:
    """The paths of the network's nodes."""
    return [node.path for node in graph(SPEC, **settings).nodes]


def test_defaults() -> None:
    assert "y.tanh1" in kinds()


def test_a_layer_is_given_by_its_name() -> None:
    assert "y.relu1" in kinds(f="relu")
    assert "y.0.relu1" in kinds(f="Act")


def test_a_matching_operator_is_given_by_its_name() -> None:
    assert "project1.conv1" in kinds()
    assert "pad1" in kinds(W="pad")


def test_a_text_stays_a_text_where_a_text_is_meant() -> None:
    sampled = next(n for n in graph(SPEC, mode="bilinear").nodes if n.path == "upsample1")
    assert getattr(sampled.op, "mode", None) == "bilinear"


def test_what_was_set_is_noted_as_given() -> None:
    assert graph(SPEC, f="relu", C=4).parameters == {"f": "relu", "C": 4}


def test_a_network_that_is_built_alone_says_how_its_parameters_are_set(tmp_path: Path) -> None:
    spec = tmp_path / "c.arch"
    text = "network C(n):\n    input 3x8x8\n    conv(n)\n"
    spec.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"set it with --set n=…, in Python with n=…"):
        compiled(spec)
    spec.write_text(f"{text}\nnetwork D = C()\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"write C\(n=…\)"):
        compiled(f"{spec}:D")


def test_a_text_without_a_folder_uses_no_file() -> None:
    (problem,) = (p for p in check_text('use A from "a.arch"\n') if p.code == "E0209")
    assert "save it beside that file first" in (problem.help or "")
