"""What each pass makes of a small graph, node by node."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlang.compiler import graph
from archlang.graph import Graph
from archlang.passes.clip import Clips
from archlang.passes.drop import Drop
from archlang.passes.flatten import Flatten
from archlang.passes.fold import Fold
from archlang.passes.fuse import Fuse
from archlang.passes.layers import Fused
from archlang.passes.memory import ChannelsLast, InPlace
from archlang.passes.pack import Pack
from archlang.passes.pipeline import PASSES, optimise
from archlang.passes.pool import Pool
from tests.passes.networks import graph_of

UNIT = "block Unit(C):\n    conv(C, 3) -> bn -> relu\n\n"


def kinds(network: Graph) -> list[str]:
    """The kinds of the nodes behind the inputs."""
    return [node.kind for node in network.nodes if node.role != "input"]


def whole(network: Graph) -> None:
    """The numbers of a graph hang together."""
    for number, node in enumerate(network.nodes):
        assert node.id == number
        assert all(t.node == number for t in node.outputs)
        assert all(t.node < number for t in node.inputs)
        assert all(network.nodes[t.node].outputs[t.port].shape == t.shape for t in node.inputs)
    for output in network.outputs:
        assert network.producer(output.tensor).outputs[output.tensor.port] == output.tensor


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("conv(4) -> dropout(0.3) -> relu -> identity", ["conv", "relu"]),
        ("conv(4) -> drop_path(0.1) + x -> dropout2d", ["conv", "add"]),
        ("identity -> identity", []),
        ("conv(4) -> alpha_dropout -> bn", ["conv", "bn"]),
    ],
)
def test_drop(body: str, left: list[str], tmp_path: Path) -> None:
    before = graph_of(tmp_path, body)
    outcome = Drop()(before)
    assert kinds(outcome.graph) == left
    assert len(outcome.changes) == len(before.nodes) - len(outcome.graph.nodes)
    whole(outcome.graph)


def test_drop_leaves_the_graph_that_it_takes(tmp_path: Path) -> None:
    before = graph_of(tmp_path, "conv(4) -> dropout(0.3) -> relu")
    Drop()(before)
    assert kinds(before) == ["conv", "dropout", "relu"]
    whole(before)


def test_drop_cuts_off_what_only_training_needs() -> None:
    before = graph("GoogLeNet")
    after = Drop()(before).graph
    assert [o.name for o in after.outputs] == [o.name for o in before.outputs if not o.training]
    assert not any(node.training for node in after.nodes)
    assert not any(node.path.startswith("aux") for node in after.nodes)
    whole(after)


@pytest.mark.parametrize(
    ("body", "operands"),
    [
        ("a = x -> conv(2)\nb = x -> conv(3)\ny = a ++ b\ny ++ x", [2, 3, 4]),
        ("a = x -> conv(2)\nb = x -> conv(3)\ny = a ++ b\nx ++ y", [4, 2, 3]),
        ("a = x -> conv(2)\ny = a ++ x\nb = x -> conv(3)\nz = b ++ y\nx ++ z", [4, 3, 2, 4]),
    ],
)
def test_flatten(body: str, operands: list[int], tmp_path: Path) -> None:
    outcome = Flatten()(graph_of(tmp_path, body))
    whole(outcome.graph)
    concats = [n for n in outcome.graph.nodes if n.kind == "concat"]
    assert len(concats) == 1
    assert len(outcome.changes) >= 1
    assert [t.shape[0] for t in concats[0].inputs] == operands


def test_flatten_keeps_what_others_take(tmp_path: Path) -> None:
    outcome = Flatten()(
        graph_of(tmp_path, "c = x -> conv(4)\na = c ++ x\nb = a ++ x\nd = a -> relu\nb ++ d")
    )
    assert kinds(outcome.graph).count("concat") == 2
    assert len(outcome.changes) == 1


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("conv(4) -> bn -> relu", ["conv", "relu"]),
        ("conv(4) -> bn -> affine -> bn", ["conv"]),
        ("upconv(4) -> bn", ["upconv"]),
        ("dwconv(3) -> bn", ["dwconv"]),
        ("flatten -> fc(3) -> bn", ["flatten", "fc"]),
        ("bn -> conv(4, 3, pad=0)", ["conv"]),
        ("bn -> conv(4, 1)", ["conv"]),
        ("bn -> conv(4, 3)", ["bn", "conv"]),  # the padding would be shifted too
        ('bn -> conv(4, 3, padding_mode="reflect")', ["conv"]),
        ("bn -> upconv(4)", ["bn", "upconv"]),
        ("bn -> relu -> conv(4, 1) -> bn", ["bn", "relu", "conv"]),
        ("conv(4) -> bn(track=false)", ["conv", "bn"]),
        ("a = x -> conv(4)\nb = a -> bn\na + b", ["conv", "bn", "add"]),
        ("flatten -> bn -> fc(3)", ["flatten", "fc"]),
    ],
)
def test_fold(body: str, left: list[str], tmp_path: Path) -> None:
    outcome = Fold()(graph_of(tmp_path, body))
    assert kinds(outcome.graph) == left
    whole(outcome.graph)


def test_fold_keeps_what_is_an_output(tmp_path: Path) -> None:
    outcome = Fold()(
        graph_of(tmp_path, "output features = x -> conv(4)\noutput more = features -> bn -> relu")
    )
    assert kinds(outcome.graph) == ["conv", "bn", "relu"]


def test_fold_names_what_it_did(tmp_path: Path) -> None:
    outcome = Fold()(graph_of(tmp_path, "conv(4, bias=false) -> bn -> relu"))
    assert outcome.changes == ("bn1 into conv1",)
    (node,) = [n for n in outcome.graph.nodes if n.kind == "conv"]
    assert [(a.path, a.side) for a in node.absorbed] == [("bn1", "after")]
    assert node.op.model_dump()["bias"]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("bn -> relu -> conv(4, 1)", ["clip", "conv"]),
        ("bn -> relu -> conv(4, 3)", ["bn", "relu", "conv"]),
        ("bn -> leaky_relu -> conv(4, 1)", ["bn", "leaky_relu", "conv"]),
        ("flatten -> bn -> relu -> fc(3)", ["flatten", "clip", "fc"]),
        ("y = x -> bn -> relu\nz = y -> conv(4, 1)\nz + y", ["bn", "relu", "conv", "add"]),
    ],
)
def test_clip(body: str, left: list[str], tmp_path: Path) -> None:
    outcome = Clips()(graph_of(tmp_path, body))
    assert kinds(outcome.graph) == left
    whole(outcome.graph)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("conv(6, 1) -> avgpool(2)", ["avgpool", "conv"]),
        ("conv(6, 1) -> conv(5, 1) -> gap", ["gap", "conv", "conv"]),
        ("conv(6, 1) -> avgpool(3, stride=2, pad=1, count_pad=false)", ["avgpool", "conv"]),
        ("conv(6, 1) -> avgpool(3, stride=2, pad=1)", ["conv", "avgpool"]),
        ("conv(6, 1) -> avgpool(3, stride=1)", ["conv", "avgpool"]),
        ("conv(6, 3) -> avgpool(2)", ["conv", "avgpool"]),
        ("conv(6, 1) -> relu -> gap", ["conv", "relu", "gap"]),
        ("conv(6, 1) -> maxpool(2)", ["conv", "maxpool"]),
        ("y = x -> conv(6, 1)\nz = y -> gap\ny * z", ["conv", "gap", "multiply"]),
    ],
)
def test_pool(body: str, left: list[str], tmp_path: Path) -> None:
    outcome = Pool()(graph_of(tmp_path, body))
    assert kinds(outcome.graph) == left
    whole(outcome.graph)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("conv(4) -> relu", ["fused"]),
        ("conv(4) + x -> relu", ["fused"]),
        ("conv(4) + x", ["fused"]),
        ("flatten -> fc(4) -> relu", ["flatten", "fused"]),
        ("conv(4) -> prelu", ["conv", "prelu"]),
        ("conv(4) - x -> relu", ["conv", "subtract", "relu"]),
        ("conv(4) + conv(4, 1)∘x -> relu", None),
        ("y = x -> conv(4)\nz = y -> relu\nz + y", ["conv", "relu", "add"]),
    ],
)
def test_fuse(body: str, left: list[str] | None, tmp_path: Path) -> None:
    outcome = Fuse()(graph_of(tmp_path, body))
    whole(outcome.graph)
    if left is None:
        assert sorted(kinds(outcome.graph)) == ["conv", "fused"]
    else:
        assert kinds(outcome.graph) == left


@pytest.mark.parametrize(
    ("body", "overwrites"),
    [
        ("y = x -> conv(4) -> relu\nz = y -> conv(4) -> bn -> conv(4)\nz + y -> relu", True),
        ("conv(4) + x", False),  # the input is the caller's
        (
            "y = x -> conv(4) -> relu\nz = y -> conv(4, 1)\nz + y -> relu",
            False,
        ),  # it reads what it would overwrite
        ("y = x -> conv(4) -> relu\nz = y -> conv(4) -> bn -> conv(4)\nw = z + y\nw ++ y", False),
        (
            "output y = x -> conv(4) -> relu\nz = y -> conv(4) -> bn -> conv(4)\noutput w = z + y",
            False,
        ),
    ],
)
def test_overwriting_what_is_added(body: str, overwrites: bool, tmp_path: Path) -> None:
    after = Fuse()(graph_of(tmp_path, body)).graph
    found = [n.op.overwrites for n in after.nodes if isinstance(n.op, Fused) and n.op.adds]
    assert found == [overwrites]


def test_a_shared_layer_is_changed_in_all_its_uses_or_in_none(tmp_path: Path) -> None:
    body = "shared u = Unit(4)\na = x -> u\nb = a -> u\nb - a"
    same = optimise(graph_of(tmp_path, body, before=UNIT), "inference").graph
    assert [n.path for n in same.nodes if n.kind == "fused"] == ["u.conv1", "u.conv1"]
    body = "shared c = conv(4)\na = x -> c -> bn\nb = a -> c -> relu\na + b"
    other = optimise(graph_of(tmp_path, body), "inference").graph
    assert "bn" in kinds(other)
    assert "relu" in kinds(other)


def test_pack_and_layout(tmp_path: Path) -> None:
    before = graph_of(tmp_path, "conv(4) -> bn -> gap -> flatten -> fc(2)")
    assert Pack()(before).changes == ("conv1", "fc1")
    last = ChannelsLast()(before)
    assert last.changes == ("x",)
    assert last.graph.channels_last
    assert not ChannelsLast()(graph_of(tmp_path, "fc(2)", "8")).graph.channels_last
    assert InPlace()(graph_of(tmp_path, "conv(4) -> relu")).changes == ("relu1",)


def test_every_pass_has_a_name_a_goal_and_a_line() -> None:
    assert len({p.name for p in PASSES}) == len(PASSES)
    assert all(p.goals and (type(p).__doc__ or "").split("\n")[0].endswith(".") for p in PASSES)


def test_nothing_is_left_to_do_the_second_time() -> None:
    once = optimise(graph("ResNet18"), "inference").graph
    again = [Drop(), Flatten(), Fold(), Clips(), Pool(), Fuse()]
    assert all(not p(once).changes for p in again)
