"""No two layers share a path unless they are meant to, whatever the spec calls them."""

from __future__ import annotations

import pytest
import torch
from torch import fx

from archlang.backends.fx import to_fx
from archlang.compiler import check_text
from archlang.semantics.naming import TAKEN_BY_TORCH

from .building import graph

HEAD = "network N:\n    input 4x8x8\n"
SPECS = {
    "kept in a repeat": HEAD
    + "    repeat 2:\n        conv(4, 3x3)\n        conv1 = conv(4, 1x1)\n",
    "kept in dense": HEAD + "    dense 2:\n        conv(4, 3x3)\n        conv1 = conv(4, 1x1)\n",
    "kept in a chain": HEAD
    + "    a = chain:\n        conv(4, 3x3)\n        conv1 = conv(4, 1x1)\n",
    "kept in a branch": HEAD
    + "    conv(4, 3x3)\n    branch:\n        conv1 = conv(4, 1x1)\n        relu\n",
    "shared in a loop": HEAD
    + "    conv(4, 3x3)\n    for i in range(2):\n        shared conv1 = conv(4)\n        conv1\n",
    "indexed like a kind": "block Stage:\n    conv(4, 3x3)\n"
    + HEAD
    + "    Stage\n    for i in range(1, 3):\n        stage[i] = conv(4, 1x1) -> relu\n",
    "a layer like a scope": "block E:\n    conv(4, 3x3)\n"
    + HEAD
    + "    E\n    e[1] = conv(4, 1x1)\n",
    "two inserts": "network B:\n    input 4x8x8\n    conv(4, 3x3) -> relu\n"
    "network N from B:\n    insert after conv1: conv(4, 5x5)\n    insert after conv1: conv(4)\n",
    "named branches in a loop": HEAD + "    for i in range(2):\n        branch add:\n"
    "            a = conv(4) -> relu\n            conv(4)\n",
}


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_every_layer_has_a_path_of_its_own(text: str) -> None:
    network = graph(text)
    paths = [node.path for node in network.nodes]
    assert len(set(paths)) == len(paths)
    parents = {path.rpartition(".")[0] for path in paths}
    assert not parents & set(paths)
    model = to_fx(network, device="meta")
    model(torch.empty(1, 4, 8, 8, device="meta"))
    assert sum(p.numel() for p in model.parameters()) == network.params


def test_no_name_hides_what_a_graph_module_has() -> None:
    module = fx.GraphModule(torch.nn.Module(), fx.Graph())
    public = {name for name in dir(module) if not name.startswith("_")}
    assert public <= TAKEN_BY_TORCH


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + "    x * 1e999\n", "E0604"),
        (HEAD + "    x * (1e308 * 10)\n", "E0605"),
        (HEAD + "    branch:\n        if false: relu\n", "E0504"),
        (HEAD + "    conv(8, 3x3, stride=2, pad=0) + project∘x\n", "E0413"),
        (HEAD + "    a, b = x -> split(2)\n    a -> conv(2)\n", "E0501"),
        (HEAD + "    conv(4, 3x3, 2x2)\n", "E0304"),
    ],
)
def test_what_used_to_pass_or_crash(text: str, code: str) -> None:
    assert [d.code for d in check_text(text)] == [code]


def test_a_result_that_is_not_wanted_is_called_underscore() -> None:
    assert not check_text(HEAD + "    a, _ = x -> split(2)\n    a -> conv(2)\n")


def test_defaults_hold_for_what_is_written_after_them() -> None:
    text = "block A:\n    let S = conv(4, 3x3) -> bn\n    default conv(bias=false)\n    S\n"
    assert graph(text + HEAD + "    A\n").params == 4 * 4 * 9 + 4 + 8


def test_what_w_is_made_of_can_be_operated_on() -> None:
    text = "network B:\n    input 4x8x8\n    conv(8, 3x3) + project(bn)∘x\n"
    paths = [n.path for n in graph(text + "network N from B:\n    remove project1.bn1\n").nodes]
    assert "project1.conv1" in paths
    assert "project1.bn1" not in paths
