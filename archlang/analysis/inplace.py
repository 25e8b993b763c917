"""Which steps may overwrite their input: the same answer serves every backend.

A step may work in place if it is the only one to take its input, if its producer needs that
output no more (neither for the backward pass nor because it shares memory with another tensor),
and if the input is no output of the network. What runs again needs its inputs as they were.
Unsure means no.
"""

from __future__ import annotations

from archlang.graph import Graph, Node
from archlang.ops.merging import Add


def inplace_nodes(graph: Graph) -> frozenset[int]:
    """Ids of the nodes that may overwrite their (first) input."""
    needed = {output.tensor.node for output in graph.outputs} | _needed_again(graph)
    able = [n for n in graph.nodes if _can(n) and _may_overwrite(graph, n, needed)]
    # a shared layer is one module: it works in place in each of its uses or in none
    ids = {node.id for node in able}
    refused = {node.path for node in graph.nodes if node.id not in ids}
    return frozenset(node.id for node in able if node.path not in refused)


def _can(node: Node) -> bool:
    return node.op.works_inplace() or isinstance(node.op, Add)


def _needed_again(graph: Graph) -> set[int]:
    """What makes the inputs of the parts that run again in the backward pass."""
    return {
        tensor.node
        for again in graph.again
        for number in again.nodes
        for tensor in graph.nodes[number].inputs
        if tensor.node not in again.nodes
    }


def _may_overwrite(graph: Graph, node: Node, needed: set[int]) -> bool:
    source = node.inputs[0]
    producer = graph.producer(source)
    return (
        len(graph.consumers[producer.id]) == 1
        and len(producer.outputs) == 1
        and not producer.op.keeps_output
        and producer.id not in needed
        and source.shape == node.shape
        and producer.training == node.training
    )
