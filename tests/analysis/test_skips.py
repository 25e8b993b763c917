"""Skips and depths, held against networkx's own graph algorithms, and against the papers."""

from __future__ import annotations

import networkx as nx
import pytest

from archlang import network
from archlang.analysis.skips import skips
from archlang.graph import Graph
from archlang.ops.resampling import CropLike, ResizeLike

NETWORKS = ["LeNet5", "ResNet18", "ResNet50", "GoogLeNet", "UNet", "DenseNetBC100k12", "FractalNet"]


def dataflow(graph: Graph) -> nx.DiGraph[int]:
    """The graph without the edges by which crop and resize only look at a size."""
    flow = graph.digraph.copy()
    for node in graph.nodes:
        if isinstance(node.op, (CropLike, ResizeLike)):
            flow.remove_edge(node.inputs[1].node, node.id)
    return flow


@pytest.mark.parametrize("name", NETWORKS)
def test_the_digraph_has_every_node_and_edge(name: str) -> None:
    graph = network(name)
    assert nx.is_directed_acyclic_graph(graph.digraph)
    assert list(graph.digraph.nodes) == [n.id for n in graph.nodes]
    edges = {(t.node, n.id) for n in graph.nodes for t in n.inputs}
    assert set(graph.digraph.edges) == edges


@pytest.mark.parametrize("name", NETWORKS)
def test_depth_is_the_longest_weighted_path(name: str) -> None:
    graph = network(name)
    weighted = graph.digraph.copy()
    for source, target in weighted.edges:
        weighted[source][target]["weight"] = int(graph.nodes[target].op.weighted)
    end = graph.outputs[0].tensor.node
    before = weighted.subgraph(nx.ancestors(weighted, end) | {end})
    assert nx.dag_longest_path_length(before, weight="weight") == graph.depth


@pytest.mark.parametrize("name", NETWORKS)
def test_a_skip_is_an_operand_that_the_others_are_computed_from(name: str) -> None:
    graph = network(name)
    flow = dataflow(graph)
    expected = set()
    for node in graph.nodes:
        if node.role != "merge":
            continue
        ends = [
            graph.matching[node.id, i].source.node if (node.id, i) in graph.matching else t.node
            for i, t in enumerate(node.inputs)
        ]
        for i, source in enumerate(ends):
            others = [n for j, n in enumerate(ends) if j != i]
            if any(n != source and nx.has_path(flow, source, n) for n in others):
                expected.add((node.id, i))
    assert {(s.merge, s.operand) for s in skips(graph)} == expected


def test_the_residual_unit_of_the_lecture() -> None:
    found = skips(network("ResNet34"))
    assert {(s.kind, s.depth) for s in found} == {("short", 2)}
    assert [s.operator for s in found].count("project(bn)") == 3
    assert len(found) == 16


def test_the_long_skips_of_unet() -> None:
    found = skips(network("UNet"))
    assert [(s.kind, s.operator) for s in found] == [("long", "crop")] * 4
    assert [s.depth for s in found] == [3, 8, 13, 18]


def test_the_dense_skips_of_densenet() -> None:
    found = skips(network("DenseNet121"))
    assert {s.kind for s in found} == {"dense"}
    assert len(found) == sum(n * (n + 1) // 2 for n in (6, 12, 24, 16))
