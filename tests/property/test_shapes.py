"""Random programs: the shapes and parameters that the front end finds are those torch finds."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archlang.backends.fx import to_fx
from archlang.compiler import check_text
from archlang.diagnostics.model import Diagnostics
from archlang.diagnostics.render import render_text
from archlang.graph import Graph
from archlang.semantics.files import Loader
from archlang.semantics.network import expand_network
from archlang.source import Source

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
small = st.integers(1, 6)
kernels = st.sampled_from([1, 3, 5])
strides = st.sampled_from([1, 1, 2])


@st.composite
def layers(draw: st.DrawFn) -> str:
    """One layer on a map of any size."""
    return draw(
        st.sampled_from(
            [
                f"conv({draw(small)}, {draw(kernels)}, stride={draw(strides)})",
                f"dwconv({draw(kernels)})",
                f"sepconv({draw(small)}, {draw(kernels)})",
                f"maxpool(3, stride={draw(strides)}, pad=1)",
                f"pad(1) -> avgpool(3, stride={draw(strides)})",
                "bn",
                "relu",
                "identity",
                "dropout(0.5)",
                "gn(1)",
                "upsample(2)",
                f"Unit({draw(small)})",
                f"{draw(st.integers(0, 3))} * Unit({draw(small)})",
            ]
        )
    )


def indented(lines: list[str]) -> list[str]:
    """Lines one level further in."""
    return [f"    {line}" for line in lines]


@st.composite
def merged(draw: st.DrawFn) -> str:
    """A step that meets what came before, made to fit by some W."""
    steps = draw(st.lists(layers(), min_size=1, max_size=3))
    pipe = " -> ".join("relu" if s.startswith("upsample") else s for s in steps)
    kind = draw(
        st.sampled_from(["+ project(bn)∘", "+ project∘", "- fixed(project)∘", "++ resize∘"])
    )
    return f"({pipe}) {kind}before"


@st.composite
def bodies(draw: st.DrawFn, depth: int = 2) -> list[str]:
    """A few lines, some of which hold lines themselves."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["layer", "pipe", "merge", "branch", "repeat", "dense", "for"]))
        if kind == "layer" or depth == 0:
            lines.append(draw(layers()))
        elif kind == "pipe":
            lines.append(" -> ".join(draw(st.lists(layers(), min_size=2, max_size=4))))
        elif kind == "merge":
            number = sum(line.startswith("b") for line in lines) + 10 * depth
            name = f"b{number}_{draw(st.integers(0, 10**6))}"
            lines += [f"{name} = identity", draw(merged()).replace("before", name)]
        elif kind == "branch":
            lines += ["branch:", *indented([f"conv({draw(small)}, 3)", f"conv({draw(small)}, 1)"])]
        elif kind == "dense":
            lines += [f"dense {draw(st.integers(0, 3))}:", f"    conv({draw(small)}, 3)"]
        else:
            head = {"repeat": "repeat {}:", "for": "for i in range({}):"}[kind]
            lines += [head.format(draw(st.integers(0, 2))), *indented(draw(bodies(depth - 1)))]
    return lines


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A network of maps that ends in a classifier or in a map."""
    size = "x".join(str(draw(st.integers(4, 9))) for _ in range(draw(st.integers(1, 3))))
    end = draw(st.sampled_from([[], ["gap -> flatten -> fc(3)"], ["flatten -> fc(2) -> relu"]]))
    lines = [f"input {draw(small)}x{size}", "conv(4, 3)", *draw(bodies()), *end]
    block = "block Unit(C):\n    conv(C, 3) -> bn + project∘x -> relu\n\n"
    return block + "network N:\n" + "\n".join(indented(lines)) + "\n"


def built(text: str) -> Graph:
    """The graph of a program."""
    sink = Diagnostics()
    module = Loader(sink).text(Source("program.arch", text))
    graph = expand_network(module.networks["N"], {}, sink)
    assert graph is not None and not len(sink), render_text(sink)
    return graph


def agrees_with_torch(text: str) -> None:
    """Run every layer on torch's meta device and compare its result with what was inferred."""
    graph = built(text)
    model = to_fx(graph, device="meta").eval()
    inputs = [torch.empty(2, *graph.nodes[i].shape, device="meta") for i in graph.inputs]
    assert tuple(model(*inputs).shape[1:]) == graph.outputs[0].tensor.shape
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == graph.params
    modules = dict(model.named_modules())
    for node in graph.owners:
        found = modules.get(node.path)
        if found is not None:
            wanted = node.op.params(*[t.shape for t in node.inputs])
            assert sum(p.numel() for p in found.parameters()) == wanted


@FEW
@given(programs())
def test_random_programs_have_the_shapes_torch_finds(text: str) -> None:
    agrees_with_torch(text)


@pytest.mark.slow
@settings(FEW, max_examples=1000)
@given(programs())
def test_many_random_programs_have_the_shapes_torch_finds(text: str) -> None:
    agrees_with_torch(text)


@FEW
@given(programs())
def test_a_false_ascription_is_found(text: str) -> None:
    shape = built(text).outputs[0].tensor.shape
    wrong = "x".join(str(n + 1) for n in shape)
    found = check_text(f"{text}    identity : {wrong}\n")
    assert [d.code for d in found] == ["E0409"]
