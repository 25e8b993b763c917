"""Every sentence of the language's description holds: small specs, each with its expectations.

A spec's own asserts and ascriptions state what its author expects; torch, run on the meta device,
says whether the compiler's shapes and numbers of parameters are true.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from archlang.backends.fx import to_fx
from archlang.compiler import check_text
from archlang.diagnostics.render import render_text

from .building import graphs

FOLDER = Path(__file__).parent / "language"
SPECS = {p.stem: p.read_bytes().decode() for p in sorted(FOLDER.glob("*.arch"))}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_is_compiled_as_it_says(name: str) -> None:
    found = check_text(SPECS[name], name)
    assert not found, render_text(found)


@pytest.mark.parametrize("name", SPECS)
def test_torch_agrees(name: str) -> None:
    for graph in graphs(SPECS[name]):
        model = to_fx(graph, device="meta").eval()
        inputs = [torch.empty(2, *graph.nodes[i].shape, device="meta") for i in graph.inputs]
        result = model(*inputs)
        tensors = list(result) if isinstance(result, tuple) else [result]
        wanted = [o.tensor.shape for o in graph.outputs if not o.training]
        assert [tuple(r.shape[1:]) for r in tensors] == wanted
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        assert trained == graph.params


@pytest.mark.parametrize("name", SPECS)
def test_paths_are_unique(name: str) -> None:
    for graph in graphs(SPECS[name]):
        paths = [node.path for node in graph.nodes]
        if "shared" not in SPECS[name]:
            assert len(paths) == len(set(paths))
        for path in paths:
            assert not any(other.startswith(f"{path}.") for other in paths)
