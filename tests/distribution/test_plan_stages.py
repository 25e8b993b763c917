"""Plans against the graph, networkx, torch's autograd, and the sums they are made of."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest

import archlang
from archlang import distributed
from archlang.analysis.inplace import inplace_nodes
from archlang.distributed.planning.costs import Machine, counted_costs
from archlang.distributed.planning.cuts import Cuts
from archlang.distributed.planning.memory import Activations, in_flight
from archlang.distributed.planning.values import is_nothing
from archlang.graph import Graph
from archlang.measuring.memory import measure_memory

NETWORKS = ("ResNet18", "GoogLeNet", "UNet", "DenseNet40k12", "FractalNet", "Highway", "VGG11")


def by_networkx(graph: Graph) -> nx.MultiDiGraph:
    """The values of a graph and who takes them, told by edges; what does nothing is merged."""
    values = nx.MultiDiGraph()
    for node in graph.nodes:
        for tensor in node.inputs:
            values.add_edge(tensor.node, node.id, key=tensor.port)
    for output in graph.outputs:
        values.add_edge(output.tensor.node, len(graph.nodes), key=output.tensor.port)
    for node in graph.nodes:
        if is_nothing(node):
            (source, _, port) = next(iter(values.in_edges(node.id, keys=True)))
            for _, user, _ in list(values.out_edges(node.id, keys=True)):
                values.add_edge(source, user, key=port)
            values.remove_node(node.id)
    return values


@pytest.mark.parametrize("name", NETWORKS)
def test_what_lives_across_a_cut(name: str) -> None:
    graph = archlang.network(name)
    edges = list(by_networkx(graph).edges(keys=True))
    inputs = set(graph.inputs)
    cuts = Cuts(graph)
    assert cuts.places
    for place in cuts.places:
        crossing = {
            (a, port) for a, b, port in edges if (a in inputs or a < place.at) and b >= place.at
        }
        live = cuts.live(place.at)
        assert {(t.node, t.port) for t in live} == crossing
        assert len(live) == len(crossing)
        numbers = 0
        for tensor in live:
            size = 1
            for n in tensor.shape:
                size *= n
            numbers += size
        assert place.numbers == numbers


@pytest.mark.parametrize("name", NETWORKS)
def test_no_stage_overwrites_what_it_receives(name: str) -> None:
    graph = archlang.network(name)
    overwriting = inplace_nodes(graph)
    for place in Cuts(graph).places:
        behind = [n for n in graph.nodes if n.id >= place.at and n.id in overwriting]
        assert all(n.inputs[0].node >= place.at for n in behind)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("stages", [1, 2, 5])
def test_stages_are_all_of_the_network(name: str, stages: int) -> None:
    graph = archlang.network(name)
    plan = distributed.plan(graph, stages=stages)
    assert plan.stages[0].start == 0
    assert plan.stages[-1].stop == len(graph.nodes)
    assert all(a.stop == b.start for a, b in pairwise(plan.stages))
    assert sum(stage.weights.trained for stage in plan.stages) == graph.params
    assert sum(stage.macs for stage in plan.stages) == graph.macs
    assert all(stage.layers for stage in plan.stages)
    assert not plan.stages[-1].sends


def test_resnet152_is_balanced() -> None:
    for samples in (1, 8, 64):
        plan = distributed.plan("ResNet152", stages=4, microbatches=8, batch=8 * samples)
        assert plan.balance <= 1.15


@pytest.mark.parametrize("name", [*NETWORKS, "AlexNet", "AlexNet2012", "NIN", "PreActResNet18"])
def test_activations_are_what_autograd_keeps(name: str) -> None:
    graph = archlang.network(name)
    counted = Activations(graph, inplace_nodes(graph)).bytes(0, len(graph.nodes), [], "float32")
    assert counted == pytest.approx(measure_memory(graph, 8).training / 8, rel=0.1)


def test_a_stage_holds_what_it_receives_and_sends() -> None:
    graph = archlang.network("UNet")
    whole = distributed.plan(graph, stages=1, batch=1, microbatches=1).stages[0].memory
    parts = distributed.plan(graph, stages=3, batch=1, microbatches=1).stages
    crossing = sum(4 * stage.numbers_sent for stage in parts)
    together = sum(stage.memory.activations for stage in parts)
    assert whole.activations <= together <= whole.activations + 2 * crossing


def test_memory_of_weights_gradients_and_states() -> None:
    def fixed(**options: object) -> tuple[int, int, int]:
        memory = distributed.plan("ResNet18", stages=1, **options).stages[0].memory  # pyright: ignore[reportArgumentType]
        return memory.weights, memory.gradients, memory.states

    params = 11_689_512
    assert fixed() == (4 * params, 4 * params, 8 * params)
    assert fixed(optimizer="sgd") == (4 * params, 4 * params, 0)
    # Rajbhandari et al. 2020 (arXiv:1910.02054): 16 bytes for each parameter
    assert sum(fixed(dtype="bfloat16", optimizer="adam")) == 16 * params


def test_what_is_in_flight() -> None:
    assert [in_flight("1f1b", stage, 4, 8) for stage in range(4)] == [4, 3, 2, 1]
    assert [in_flight("1f1b", stage, 4, 2) for stage in range(4)] == [2, 2, 2, 1]
    assert [in_flight("gpipe", stage, 4, 8) for stage in range(4)] == [8, 8, 8, 8]


def test_slack_saves_traffic() -> None:
    tight = distributed.plan("DenseNet121", stages=4)
    loose = distributed.plan("DenseNet121", stages=4, slack=0.2)
    assert loose.balance <= 1.2 * tight.balance + 1e-9
    assert sum(s.numbers_sent for s in loose.stages) < sum(s.numbers_sent for s in tight.stages)


def test_costs_are_the_longer_of_arithmetic_and_traffic() -> None:
    graph = archlang.network("VGG11")
    machine = Machine(flops=1e12, bandwidth=1e9, link=1e9, latency=0.0)
    (conv,) = [n for n in graph.nodes if n.path.endswith("conv1")][:1]
    cost = counted_costs(graph, 2, "float32", machine)[conv.id]
    arithmetic = 2 * 2 * conv.op.macs(*(t.shape for t in conv.inputs)) / 5e11
    traffic = 4 * (2 * (3 + 64) * 224 * 224 + 64 * 27 + 64) / 1e9
    assert cost.forward == pytest.approx(1e12 * max(arithmetic, traffic))


def test_measured_costs_balance_too() -> None:
    plan = distributed.plan("LeNet5", stages=2, batch=8, microbatches=4, measure=True)
    assert plan.measured
    assert all(stage.forward > 0 and stage.backward > 0 for stage in plan.stages)


def test_a_table_before_anything_runs() -> None:
    text = str(distributed.plan("ResNet18", stages=2))
    for word in ("ResNet18", "params", "memory", "sends/sample", "balance", "bubble", "layer2"):
        assert word in text


def test_devices_that_fit_and_alternatives() -> None:
    plan = distributed.plan("ResNet152", devices=16, memory="4GB", batch=256)
    assert plan.layout.stages * plan.layout.replicas == 16
    assert plan.batch == 256
    assert plan.memory.total <= 0.9 * 4e9
    assert len(plan.choices) > 2
    fitting = [choice for choice in plan.choices if choice.fits(4 * 10**9)]
    assert plan.seconds == min(choice.seconds for choice in fitting)


def test_little_memory_makes_more_stages() -> None:
    roomy = distributed.plan("VGG16", devices=8, memory="80GB", batch=256)
    tight = distributed.plan("VGG16", devices=8, memory="1.5GB", batch=256)
    assert tight.memory.total < roomy.memory.total
    assert tight.layout.stages > 1 or tight.layout.sharded
