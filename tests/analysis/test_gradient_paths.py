"""Paths from the loss to a layer: held against networkx, which lists them one by one, against
torch's autograd, which adds them up, against closed forms, and against the paper."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import comb

import networkx as nx
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archlang import network
from archlang.analysis.gradient_paths import gradient_paths
from archlang.analysis.path_lengths import digits, histogram
from archlang.backends.fx import to_fx
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.diagnostics.render import render_text
from archlang.graph import Graph
from archlang.ops.resampling import CropLike, ResizeLike
from archlang.semantics.files import Loader
from archlang.semantics.network import expand_network
from archlang.source import Source

LAYER = "conv(1, 1x1, bias=false)"
BLOCKS = f"""\
block Unit():
    {LAYER} -> {LAYER} + x

block Outer():
    2 * Unit()
    {LAYER} + x

block Dense():
    dense 3:
        {LAYER}
    {LAYER}

"""
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def graph_of(text: str) -> Graph:
    """The first network of a text."""
    sink = Diagnostics()
    module = Loader(sink).text(Source("test.arch", text))
    built = expand_network(next(iter(module.networks.values())), {}, sink)
    assert built is not None and not sink.has_errors, text + render_text(list(sink))
    return built


# ── random networks ──────────────────────────────────────────────────────────────────────────


@st.composite
def lines(draw: st.DrawFn, names: list[str], level: int = 0) -> list[str]:
    """Some statements that take a map of one channel and give one of the same shape."""
    kinds = ["layer", "two", "block", "skip", "twice", "crop", "resize", "shared"]
    found: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        match draw(st.sampled_from(kinds if level > 1 else [*kinds, "add", "cat", "repeat"])):
            case "two":
                found.append(f"{LAYER} -> relu -> {LAYER}")
            case "block":
                found.append(draw(st.sampled_from(["Unit()", "Outer()", "Dense()"])))
            case "skip":
                found.append(f"{LAYER} + {draw(st.sampled_from(names))}")
            case "twice":
                name = draw(st.sampled_from(names))
                found.append(f"{LAYER} + {name} + {name} - 0.5 * {name}")
            case "crop":
                found.append(f"{LAYER} + crop∘big")
            case "resize":
                found.append(f"{LAYER} + resize∘tiny")
            case "shared":
                found.append("s -> s" if draw(st.booleans()) else "s")
            case "add" | "cat" as kind:
                parts = [draw(lines(names, level + 2)) for _ in range(draw(st.integers(2, 3)))]
                found.append("branch add:" if kind == "add" else "branch:")
                found += ["    " + " -> ".join([*p, LAYER]) for p in parts]
                found += [] if kind == "add" else [LAYER]
            case "repeat":
                found.append(f"repeat {draw(st.integers(1, 2))}:")
                found += [f"    {line}" for line in draw(lines(names, level + 1))]
            case _:
                found.append(LAYER)
    return found


@st.composite
def networks(draw: st.DrawFn) -> str:
    """A network with skips, branches, dense parts, shared layers, and outputs."""
    body = ["input 1x4x4", f"shared s = {LAYER}", f"big = {LAYER}", "tiny = big -> avgpool(4x4)"]
    body.append("y0 = big -> avgpool(2x2)")
    names = ["y0"]
    for number in range(1, draw(st.integers(2, 4))):
        body += [*draw(lines(names)), f"y{number} = identity"]
        names.append(f"y{number}")
    extra = draw(st.sampled_from(["", " when training", None]))
    if extra is not None:
        body.append(f"output extra = {draw(st.sampled_from(names))} -> {LAYER}{extra}")
        body.append("y0 -> identity")
    # whatever else is not used yet
    rest = " + ".join([LAYER, *names, "crop∘big", "resize∘tiny", "(big -> s -> maxpool(2x2))"])
    body.append(f"output main = {rest}" if extra == "" else rest)
    return f"{BLOCKS}network N:\n" + "".join(f"    {line}\n" for line in body)


def enumerated(graph: Graph, training: bool) -> dict[str, Counter[int]]:
    """Of each weighted layer, the lengths of all paths, which networkx lists one by one.

    An edge for each use of a tensor; the loss is a node beyond the outputs.
    """
    back = nx.MultiDiGraph()
    for node in graph.nodes:
        sized = isinstance(node.op, (CropLike, ResizeLike))
        back.add_edges_from((node.id, t.node) for t in node.inputs[: 1 if sized else None])
    taken = [o for o in graph.outputs if training or not o.training]
    back.add_edges_from((-1, o.tensor.node) for o in taken)
    found: dict[str, Counter[int]] = {}
    for node in graph.nodes:
        if node.op.weighted:
            lengths = found.setdefault(node.path, Counter())
            for path in nx.all_simple_edge_paths(back, -1, node.id):
                lengths[sum(graph.nodes[end].op.weighted for _, end, _ in path)] += 1
    return found


@given(networks(), st.booleans(), st.floats(0.05, 3.0))
@FEW
def test_random_networks_have_the_paths_that_networkx_lists(
    text: str, training: bool, factor: float
) -> None:
    graph = graph_of(text)
    found = gradient_paths(graph, training=training, factor=factor)
    assume(sum(row.count for row in found.rows) < 5_000)
    listed = enumerated(graph, training)
    assert [row.path for row in found.rows] == list(listed)
    for row in found.rows:
        lengths = listed[row.path]
        assert row.count == lengths.total()
        if not lengths:
            assert (row.shortest, row.longest, row.total, row.mean) == (0, 0, 0, None)
            continue
        assert (row.shortest, row.longest) == (min(lengths), max(lengths))
        assert row.total == sum(k * n for k, n in lengths.items())
        counted = found.histogram(row.path)
        assert dict(counted.counts) == dict(lengths)
        exact = weighed_mean(lengths, factor)
        assert row.expected == pytest.approx(exact, rel=1e-14)
        assert counted.expected == pytest.approx(exact, rel=1e-14)


def weighed_mean(lengths: Counter[int], factor: float) -> float:
    """Σ n_k a^k k / Σ n_k a^k, in fractions."""
    a = Fraction(factor)
    whole = sum(n * a**k for k, n in lengths.items())
    return float(sum(n * a**k * k for k, n in lengths.items()) / whole)


# ── autograd ─────────────────────────────────────────────────────────────────────────────────


def gradients(graph: Graph, z: float, training: bool) -> dict[str, float]:
    """What autograd says comes to the result of each weighted layer, where every weight is z.

    The loss is the sum of 2x2 pixels of each output, so a quarter of the sum is that of one.
    """
    model = to_fx(graph).double().train(training)
    for weight in model.parameters():
        torch.nn.init.constant_(weight, z)
    modules, heard = dict(model.named_modules()), dict[str, float]()
    for name in (row.path for row in gradient_paths(graph, training=training).rows):
        heard[name] = 0.0

        def listen(_m: object, _i: object, out: torch.Tensor, name: str = name) -> None:
            def add(gradient: torch.Tensor) -> None:
                heard[name] += gradient.sum().item() / 4

            out.register_hook(add)

        modules[name].register_forward_hook(listen)
    shape = graph.nodes[graph.inputs[0]].shape
    result = model(torch.rand(1, *shape, dtype=torch.float64, requires_grad=True))
    results = (result,) if isinstance(result, torch.Tensor) else tuple(result)
    sum(r.sum() for r in results).backward()
    return heard


@given(networks(), st.booleans(), st.sampled_from([0.25, 0.5, 1.5, -0.75]))
@settings(FEW, max_examples=25)
def test_the_gradient_of_a_linear_network_is_the_polynomial_of_its_paths(
    text: str, training: bool, z: float
) -> None:
    # each layer multiplies by z, so along a path of length k comes z^k; a skip adds; 0.5 is a way
    linear = text.replace("-> relu", "").replace(" - 0.5 * ", " + ").replace("maxpool", "avgpool")
    graph = graph_of(linear)
    found = gradient_paths(graph, training=training)
    heard = gradients(graph, z, training)
    for row in found.rows:
        counts = found.histogram(row.path).counts if row.count else ()
        expected = sum(n * z ** (k - 1) for k, n in counts)
        scale = sum(n * abs(z) ** (k - 1) for k, n in counts)
        assert heard[row.path] == pytest.approx(expected, rel=1e-12, abs=1e-12 * scale)


@pytest.mark.parametrize("z", [0.7, 1.1])
def test_a_deep_linear_network_against_autograd(z: float) -> None:
    text = f"{BLOCKS}network N:\n    input 1x2x2\n    {LAYER}\n    40 * Outer()\n    Dense()\n"
    graph = graph_of(text)
    heard = gradients(graph, z, training=False)
    for row in gradient_paths(graph).rows:
        counts = histogram(graph, row.path).counts
        assert heard[row.path] == pytest.approx(sum(n * z ** (k - 1) for k, n in counts), rel=1e-9)


# ── closed forms and papers ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["ResNet20", "ResNet110", "ResNet1202"])
def test_identity_units_give_binomial_coefficients(name: str) -> None:
    found = gradient_paths(network(name))
    units = (int(name.removeprefix("ResNet")) - 2) // 2
    counted = found.histogram()
    assert counted.to == found.first == "conv1"
    # a path goes through k of the n units, which have two layers each; conv1 and fc1 are on all
    assert counted.counts == tuple((2 + 2 * k, comb(units, k)) for k in range(units + 1))
    assert (found.rows[0].count, found.rows[0].mean) == (2**units, units + 2)
    assert sum(counted.shares) == pytest.approx(1)


def test_the_paths_of_resnet_110_that_veit_et_al_count() -> None:
    # "paths from input to output follow a Binomial distribution where the mean of the distribution
    # is n/2" (2016, section 4.3): more than 95 % of the paths of 54 units go through 19 to 35
    counted = gradient_paths(network("ResNet110")).histogram()
    near = [s for (k, _), s in zip(counted.counts, counted.shares, strict=True) if 40 <= k <= 72]
    assert len(near) == 17 and 0.95 < sum(near) < 0.99
    assert counted.mean == 2 + 2 * 54 / 2


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.999, 1.0, 2.0])
@pytest.mark.parametrize("name", ["ResNet110", "ResNet1202"])
def test_a_factor_moves_the_mean_as_it_moves_that_of_a_binomial(name: str, factor: float) -> None:
    # each unit is 1 + a^2, so it is gone through with the probability a^2 / (1 + a^2)
    found = gradient_paths(network(name), factor=factor)
    units = (int(name.removeprefix("ResNet")) - 2) // 2
    exact = 2 + 2 * units * factor**2 / (1 + factor**2)
    assert found.rows[0].expected == pytest.approx(exact, rel=1e-13)
    counted = found.histogram()
    assert counted.expected == pytest.approx(exact, rel=1e-13)
    assert counted.weighed is not None
    assert sum(counted.weighed) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(("factor", "end"), [(1e-300, "shortest"), (1e300, "longest")])
def test_no_factor_is_too_small_or_too_large(factor: float, end: str) -> None:
    row = gradient_paths(network("ResNet1202"), factor=factor).rows[0]
    assert row.expected == pytest.approx(getattr(row, end), rel=1e-12)


@pytest.mark.parametrize("layers", [(6, 12, 24, 16), (6, 12, 48, 32)])
def test_each_layer_of_a_dense_block_is_passed_or_not(layers: tuple[int, ...]) -> None:
    # of n layers in a block, each path goes through any set of them; each has two convolutions
    found = gradient_paths(network("DenseNet121" if layers[2] == 24 else "DenseNet201"))
    total = sum(layers)
    assert found.histogram("conv1").counts == tuple(
        (5 + 2 * k, comb(total, k))
        for k in range(total + 1)  # conv1, three transitions, fc
    )


@pytest.mark.parametrize("name", ["VGG16", "Plain34", "AlexNet", "LeNet5", "Chain"])
def test_a_plain_network_has_one_path(name: str) -> None:
    graph = network(name)
    found = gradient_paths(graph)
    assert {row.count for row in found.rows} == {1}
    assert [row.longest for row in found.rows] == list(range(graph.depth, 0, -1))


@pytest.mark.parametrize(
    "name", ["ResNet50", "DenseNet121", "GoogLeNet", "UNet", "FractalNet", "Highway"]
)
def test_the_longest_path_is_as_long_as_the_network_is_deep(name: str) -> None:
    graph = network(name)
    assert max(row.longest for row in gradient_paths(graph).rows) == graph.depth


# ── what is a way ────────────────────────────────────────────────────────────────────────────


def counts(text: str, **options: bool) -> dict[str, int]:
    """The number of paths to each layer."""
    return {row.path: row.count for row in gradient_paths(graph_of(text), **options).rows}


def test_a_tensor_used_twice_is_two_ways() -> None:
    assert counts("network N:\n    input 4\n    y = fc(4)\n    y + y * y\n") == {"y": 3}


def test_a_constant_is_no_way() -> None:
    assert counts("network N:\n    input 4\n    y = fc(4)\n    1 - 0.5 * y\n") == {"y": 1}


def test_each_use_of_a_shared_layer_is_a_way_to_it() -> None:
    graph = graph_of("network N:\n    input 4\n    shared s = fc(4)\n    s -> s -> s\n")
    (row,) = gradient_paths(graph).rows
    assert (row.path, row.uses, row.count, row.total) == ("s", 3, 3, 1 + 2 + 3)
    assert histogram(graph, "s").counts == ((1, 1), (2, 1), (3, 1))


def test_a_tensor_that_lends_its_size_is_no_way() -> None:
    # crop looks at how large conv1 is, and conv1 is an operand of the sum itself
    text = "network N:\n    input 1x8x8\n    b = conv(1, 1x1)\n    conv(1, 5x5, pad=0) + crop∘b\n"
    assert any(isinstance(n.op, CropLike) for n in graph_of(text).nodes)
    assert counts(text) == {"b": 2, "conv1": 1}


HEADS = """network Heads:
    input 4
    a = fc(4)
    output aux = a -> fc(3) when training
    output side = a -> fc(2)
    output main = a -> fc(4)
"""


def test_the_loss_is_that_of_all_outputs_in_evaluation() -> None:
    found = gradient_paths(graph_of(HEADS))
    assert set(found.outputs) == {"main", "side"}
    assert [(row.path, row.count, row.training) for row in found.rows] == [
        ("a", 2, None),
        ("aux.fc1", 0, "aux"),
        ("side", 1, None),
        ("main", 1, None),
    ]
    while_training = gradient_paths(graph_of(HEADS), training=True)
    assert set(while_training.outputs) == {"main", "side", "aux"}
    assert [row.count for row in while_training.rows] == [3, 1, 1, 1]


# ── data and mistakes ────────────────────────────────────────────────────────────────────────


def test_the_json_has_exact_numbers_as_texts() -> None:
    found = gradient_paths(network("ResNet1202"), factor=0.9)
    row = found.as_json()["layers"][0]
    assert row["paths"] == str(2**600)
    assert (row["shortest"], row["longest"], row["mean"]) == (2, 1202, 602.0)
    counted = found.histogram().as_json()
    assert counted["lengths"][300] == {
        "length": 602,
        "paths": str(comb(600, 300)),
        "share": comb(600, 300) / 2**600,
        "weighed": pytest.approx(comb(600, 300) * 0.81**300 / 1.81**600),
    }


def test_numbers_of_any_size_are_written_in_full() -> None:
    assert digits(10**9_999 + 7) == "1" + "0" * 9_998 + "7"  # str() refuses more than 4,300 digits
    assert digits(0) == "0"


def mistake(text: str, to: str | None = None) -> tuple[str, str]:
    """The code of the mistake, and all that is said of it."""
    with pytest.raises(SpecError) as caught:
        gradient_paths(graph_of(text)).histogram(to)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.code, str(caught.value)


DEEP = f"{BLOCKS}network Deep:\n    input 1x2x2\n    part = 3 * Unit()\n    {LAYER}\n"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("conv11", "did you mean conv1?"),
        ("conv1.weight", "did you mean conv1?"),
        ("part.0.conv3", "did you mean part.0.conv1?"),
        ("nothing of the kind", "archlang summary SPEC lists the layers"),
        ("part.1", "name one of its layers: --to part.1.conv1"),
        ("part", "in it: part.0.conv1, part.0.conv2, part.1.conv1, part.1.conv2, and 2 more"),
    ],
)  # fmt: skip
def test_an_unknown_layer(to: str, words: str) -> None:
    code, text = mistake(DEEP, to)
    assert code == "E0811"
    assert words in text


def test_a_layer_that_no_path_leads_to() -> None:
    code, text = mistake(HEADS, "aux.fc1")
    assert code == "E0812"
    assert "it serves the output 'aux' alone" in text and "--training counts" in text
    assert "a -> fc(3) when training" in text, "the line is shown"


def test_a_network_without_weighted_layers() -> None:
    assert mistake("network N:\n    input 4\n    relu\n")[0] == "E0813"


def test_lengths_that_are_too_many_are_refused_at_once() -> None:
    text = f"block Unit():\n    {LAYER} + x\n\nnetwork N:\n    input 1x1x1\n    9_000 * Unit()\n"
    code, words = mistake(text)
    assert code == "E0814"
    assert "9,001 lengths, with numbers of up to 2,710 digits" in words


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_none(factor: float) -> None:
    with pytest.raises(ValueError, match="a factor is a finite number above 0"):
        gradient_paths(network("Chain"), factor=factor)
