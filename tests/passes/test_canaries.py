"""Passes that are wrong on purpose: the comparison that the other tests make sees each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from archlang.backends import folding, packing
from archlang.ops.merging import Concat
from archlang.passes import drop, flatten, fuse, pool
from tests.passes.networks import both, error, written

RESIDUAL = "y = x -> conv(4) -> relu\nz = y -> conv(4, 1) -> gelu -> conv(4)\nw = z + y\nw ++ y"
CHANNELS = "a = x -> conv(2)\nb = x -> conv(3)\ny = a ++ b\nx ++ y"


def seen(folder: Path, body: str, dtype: torch.dtype = torch.float64) -> float:
    plain, fast = both(written(folder, body), dtype)
    return error(plain, fast, torch.randn(3, 4, 8, 8, dtype=dtype))


def test_dropping_what_does_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "conv(4) -> bn -> sigmoid -> gelu"
    assert seen(tmp_path, body) < 1e-12
    monkeypatch.setattr(drop, "_is_idle", lambda node: node.kind == "gelu")
    assert seen(tmp_path, body) > 1e-3


def test_joining_in_another_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(tmp_path, CHANNELS) < 1e-12
    exact = flatten.Rewriter.change

    def wrong(self: Any, number: int, **fields: Any) -> None:
        if isinstance(self[number].op, Concat) and len(fields.get("inputs", ())) == 3:
            x, a, b = fields["inputs"]
            fields["inputs"] = (a, b, x)
        exact(self, number, **fields)

    monkeypatch.setattr(flatten.Rewriter, "change", wrong)
    assert seen(tmp_path, CHANNELS) > 1e-3


def test_clipping_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "bn -> relu -> conv(5, 1)"
    assert seen(tmp_path, body) < 1e-12
    exact = folding._limits
    monkeypatch.setattr(folding, "_limits", lambda line: tuple(v + 1e-3 for v in exact(line)))
    assert seen(tmp_path, body) > 1e-6


def test_pooling_before_what_is_no_pixel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "conv(6, 3) -> gap"
    assert seen(tmp_path, body) < 1e-12
    monkeypatch.setattr(pool, "_is_pointwise", lambda node: node.kind == "conv")
    assert seen(tmp_path, body) > 1e-3


def test_fusing_a_difference_as_a_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "conv(4) - x -> relu"
    assert seen(tmp_path, body) < 1e-12
    wrong = lambda node, _: node is not None and len(node.inputs) == 2  # noqa: E731
    monkeypatch.setattr(fuse, "_is_plain_sum", wrong)
    assert seen(tmp_path, body) > 1e-3


def test_overwriting_what_others_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not packing.supports(torch.float32):
        pytest.skip("no oneDNN on x86")
    assert seen(tmp_path, RESIDUAL, torch.float32) < 1e-5
    monkeypatch.setattr(fuse, "_is_last_use", lambda *_: True)
    assert seen(tmp_path, RESIDUAL, torch.float32) > 1e-3
