"""Receptive fields against autograd: seen is what has a gradient; and against published ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from semantics.building import graph as of_text

from archlang import network
from archlang.analysis.receptive import (
    Field,
    last_with_a_place,
    receptive_field,
    receptive_fields,
)
from archlang.analysis.receptive.follow import fields_of
from archlang.analysis.stages import stages
from archlang.compiler import check_text
from archlang.graph import Graph, Node, Output, Tensor
from archlang.ops.activation import Relu
from archlang.ops.base import Op
from archlang.ops.convolution import Conv
from archlang.ops.reach import MAX_PERIOD, pointwise
from archlang.zoo import zoo

from .probe import Probe, said

WIDTH = 32
"""Of a strip of the input: fields are measured along it, so that large ones stay cheap."""


def narrowed(graph: Graph, by: int = 16) -> Graph:
    """The same network with fewer channels, on which no field depends: it runs in a moment."""
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = tuple(nodes[t.node].outputs[t.port] for t in node.inputs)
        counts = {f: getattr(node.op, f, None) for f in ("out", "channels")}
        fewer = {f: max(1, n // by) for f, n in counts.items() if isinstance(n, int)}
        op = node.op.model_copy(update=fewer)
        outputs = (Tensor(node.id, op.infer(*(t.shape for t in inputs))),)
        nodes.append(replace(node, op=op, inputs=inputs, outputs=outputs))
    ends = [
        Output(o.name, nodes[o.tensor.node].outputs[0], o.span, o.training) for o in graph.outputs
    ]
    return replace(graph, nodes=nodes, outputs=ends)


def strip(name: str, height: int, width: int = WIDTH, channels: int = 3) -> Graph:
    """A network of the zoo on a long and narrow input."""
    text = f'use {name} from "zoo/{zoo()[name].name}"\n\nnetwork Strip from {name}:\n'
    return narrowed(of_text(f"{text}    input {channels}x{height}x{width}\n"))


def hold_stages(graph: Graph, axes: tuple[int, ...] = (0, 1)) -> Field:
    """Hold the fields at the end of all stages against the probe, for some units in the middle."""
    fields = receptive_fields(graph)
    last = last_with_a_place(graph, fields)
    ends = {stage.nodes[-1].id for stage in stages(graph)} | {last}
    nodes = [graph.nodes[n] for n in sorted(ends) if n <= last and not graph.nodes[n].training]
    probe = Probe(graph, nodes)
    for node in nodes:
        assert fields[node.id].exact
        for unit in middle_units(node, axes):
            found, expected = probe.box(node, unit), said(fields[node.id], unit)
            assert found and expected
            assert [found[a] for a in axes] == [expected[a] for a in axes], (node.path, unit)
    return fields[last]


def middle_units(node: Node, axes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The middle unit and its neighbours along some axes."""
    ways = [
        [n // 2 + d for d in (-1, 0, 1) if 0 <= n // 2 + d < n] if axis in axes else [n // 2]
        for axis, n in enumerate(node.shape[1:])
    ]
    return list(product(*ways))


# ── the zoo ──────────────────────────────────────────────────────────────────────────────────

LATER = pytest.mark.slow
STRIPS = [
    *("GoogLeNetInference", "Plain20", "PreActResNet18", "ResNet18", "ResNet50"),
    "VGG16",
    *(
        pytest.param(name, marks=LATER)
        for name in (
            *("AlexNet", "DenseNet121", "DenseNet161", "DenseNet169", "DenseNet201"),
            *("DenseNet40k12", "DenseNetBC100k12", "DenseNetBC190k40", "DenseNetBC250k24"),
            *(
                "FractalNet",
                "FractalNet40",
                "GoogLeNet",
                "GoogLeNet2014",
                "GoogLeNet2014Inference",
                "NIN",
            ),
            *("Plain18", "Plain34", "Plain56", "PreActResNet34", "PreActResNet50"),
            *("ResNet20", "ResNet32", "ResNet44", "ResNet56", "ResNet110"),
            *("ResNet34", "ResNet34A", "ResNet34C", "ResNet101", "ResNet152"),
            *("ResNet50v1", "ResNet101v1", "ResNet152v1"),
            *("VGG11", "VGG13", "VGG19", "VGG11BN", "VGG13BN", "VGG16BN", "VGG19BN"),
        )
    ),
]
WIDER = {"GoogLeNet2014": 80, "AlexNet": 64}
"""Whose windows do not fit into a strip as narrow as that."""
AS_DECLARED = [
    "LeNet5",
    "LeNet1998",
    *(pytest.param(n, marks=LATER) for n in ("AlexNet2012", "AlexNetOneGroup", "ZFNet")),
]
BY_NARROW_COPIES = {"UNet", "UNetPadded"}
WITHOUT_AXES = {"Chain", "SkipChain", "ExplodingChain", "Highway"}
TOO_DEEP = {"ResNet1202"}
"""Its field of 5597 pixels does not fit into memory; with fewer units it is ResNet110."""


WANT_PARAMETERS = {
    *("DenseNet", "DenseCifar", "Inceptions", "ResNet", "PreActResNet", "ResNetCifar", "VGG"),
}


def names(cases: list[object]) -> set[str]:
    return {str(getattr(case, "values", (case,))[0]) for case in cases}


def test_every_network_of_the_zoo_is_held() -> None:
    held = names([*STRIPS, *AS_DECLARED]) | BY_NARROW_COPIES | WITHOUT_AXES | TOO_DEEP
    assert held | WANT_PARAMETERS == set(zoo())


@pytest.mark.parametrize("name", STRIPS)
def test_fields_of_the_zoo_are_what_has_a_gradient(name: str) -> None:
    field = receptive_field(network(name))
    # large enough that the middle unit sees no border, and that all strides fit
    height = -(-(field.size[0] + 2 * int(field.stride[0]) + 32) // 32) * 32
    hold_stages(strip(name, height, WIDER.get(name, WIDTH)), axes=(0,))


def test_fields_of_a_small_densenet() -> None:
    graph = of_text(
        'use DenseNet from "zoo/densenet.arch"\n\n'
        "network Small = DenseNet([2, 3, 2], k=4, classes=10, size=160)\n"
    )
    assert hold_stages(graph).size == (151, 151)  # 11 + 16 + 4 + 48 + 8 + 64


@pytest.mark.parametrize("name", AS_DECLARED)
def test_fields_of_the_zoo_at_their_own_size(name: str) -> None:
    hold_stages(network(name))


def narrow_unet(name: str, size: int) -> Graph:
    """A U-Net of the zoo with a 32nd of the channels, on a smaller image."""
    text = zoo()["UNet"].read_text(encoding="utf-8")
    for channels in (64, 128, 256, 512, 1024):
        for layer in ("Double", "DoubleBN", "upconv"):
            text = text.replace(f"{layer}({channels})", f"{layer}({channels // 32})")
    lines = [line for line in text.splitlines() if not line.strip().startswith("assert")]
    return of_text("\n".join(lines) + f"\nnetwork Small from {name}(H={size}, W={size})\n")


@pytest.mark.parametrize(
    ("name", "size"), [("UNet", 300), pytest.param("UNetPadded", 432, marks=LATER)]
)
def test_fields_of_unets_in_all_their_phases(name: str, size: int) -> None:
    graph = narrow_unet(name, size)
    fields = receptive_fields(graph)
    end = graph.producer(graph.outputs[0].tensor)
    probe = Probe(graph, [end])
    middle = end.shape[1] // 2
    spans = {}
    for unit in range(middle - 8, middle + 8):
        assert probe.box(end, (unit, middle)) == said(fields[end.id], (unit, middle))
        spans[unit] = fields[end.id].span(0, unit)
    assert fields[end.id].exact
    assert {high - low + 1 for low, high in spans.values()} >= {188, 204}
    assert fields[end.id].size == receptive_field(network(name)).size == (204, 204)


@pytest.mark.parametrize(
    ("name", "size", "stride"),
    [
        # https://distill.pub/2019/computing-receptive-fields
        ("AlexNet", 195, 32),
        ("VGG16", 212, 32),
        ("ResNet50v1", 483, 32),
        ("ResNet101v1", 1027, 32),
        ("ResNet152v1", 1507, 32),
        # the stride in the 3x3 convolution sees less
        ("ResNet50", 427, 32),
    ],
)
def test_published_fields(name: str, size: int, stride: int) -> None:
    field = receptive_field(network(name))
    assert field.size == (size, size)
    assert field.stride == (stride, stride)
    assert field.exact and field.placed and not field.whole
    assert field.text() == str(size)


def test_the_last_stage_of_vgg16_before_its_pool() -> None:
    graph = network("VGG16")
    by_path = {n.path: f for n, f in zip(graph.nodes, receptive_fields(graph), strict=True)}
    assert by_path["stage5.relu3"].size == (196, 196)
    assert by_path["stage5.maxpool1"].size == (212, 212)


# ── random networks ──────────────────────────────────────────────────────────────────────────

RANDOM = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
some = st.sampled_from


@st.composite
def windows(draw: st.DrawFn) -> str:
    """A layer with a window, on any number of axes."""
    kernel, dilation = draw(some([1, 2, 3, 5])), draw(some([1, 1, 2, 3]))
    stride, pad = draw(some([1, 1, 2, 3])), draw(some([0, 1]))
    place = f"stride={stride}, pad={pad}"
    return draw(
        some(
            [
                f"conv(4, {kernel}, {place}, dilation={dilation})",
                f"conv(4, {kernel}, {place}, groups=2)",
                f"dwconv({kernel}, {place}, dilation={dilation})",
                f"sepconv(4, {kernel}, {place})",
                f"maxpool(3, {place}, dilation={dilation})",
                f"avgpool(2, {place}, ceil=true)",
                "lppool(2, p=1)",
            ]
        )
    )


@st.composite
def enlarging(draw: st.DrawFn) -> str:
    """A layer that makes a map larger, or resizes it."""
    kernel, stride = draw(some([1, 2, 3, 4])), draw(some([2, 3]))
    dilation, pad = draw(some([1, 1, 2, 3])), draw(some([0, 1]))
    corners = draw(some(["", ", align_corners=true"]))
    return draw(
        some(
            [
                f"upconv(4, {kernel}, stride={stride}, dilation={dilation}, pad={pad})",
                f"upconv(4, {kernel}, stride={stride}, output_pad=1)",
                f"upsample({draw(some([2, 3, 4, 1.5, 0.5]))})",
                f'upsample({draw(some([2, 3, 1.5]))}, mode="nearest-exact")',
                f'upsample({draw(some([2, 3, 1.5, 0.75]))}, mode="linear"{corners})',
                f'upsample({draw(some([2, 1.7]))}, mode="area")',
                f"adaptive_avgpool({draw(some([11, 24, 31, 40]))})",
            ]
        )
    )


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """Some lines with branches, skips, crops and resized skips."""
    lines: list[str] = []
    layer = st.one_of(windows(), windows(), enlarging(), st.just("pad(1)"), st.just("bn -> relu"))
    for number in range(draw(st.integers(1, 3))):
        kind = draw(some(["layer", "layer", "branch", "sum", "crop", "resize"]))
        same = f"conv(4, {draw(some([1, 3, 5]))}, dilation={draw(some([1, 2]))})"
        if kind == "layer":
            lines.append(draw(layer))
            continue
        lines.append(f"e{number} = conv(4, 1)")
        if kind == "branch":
            lines += ["branch:", f"    {same}", "    identity", "    dwconv(5)", "conv(4, 1)"]
        elif kind == "sum":
            lines.append(f"({same} -> relu) + e{number}")
        elif kind == "crop":
            lines += ["conv(4, 3, pad=0)", f"(crop∘e{number} ++ {same}) -> conv(4, 1)"]
        else:
            mode = draw(some(["nearest", "linear"]))
            enlarged = draw(enlarging())
            lines.append(f'(({enlarged}) ++ resize("{mode}")∘e{number}) -> conv(4, 1)')
    return "\n".join(f"    {line}" for line in ["conv(4, 1)", *lines, draw(layer)])


@pytest.mark.parametrize("size", ["72", "40x37"])
@RANDOM
@given(data=st.data())
def test_fields_of_random_networks_are_what_has_a_gradient(size: str, data: st.DataObject) -> None:
    text = f"network N:\n    input 2x{size}\n{data.draw(bodies())}\n"
    assume(not check_text(text))
    hold_middle(of_text(text))


def hold_middle(graph: Graph) -> None:
    """Hold the fields of the output's middle units, where no border is near."""
    end = graph.producer(graph.outputs[0].tensor)
    field = receptive_fields(graph)[end.id]
    assume(max(field.size) < min(field.pixels) // 2)
    probe = Probe(graph, [end])
    for unit in middle_units(end, tuple(range(len(end.shape) - 1))):
        expected, found = said(field, unit), probe.box(end, unit, tiny=1e-11)
        if field.exact:
            assert found == expected, unit
        elif found is not None:
            assert expected is not None
            for (low, high), (first, last) in zip(expected, found, strict=True):
                assert low <= first <= last <= high, unit


# ── what else there is ───────────────────────────────────────────────────────────────────────


def fields(text: str) -> dict[str, Field]:
    """The fields of the last network of a text, by path."""
    graph = of_text(text)
    found = receptive_fields(graph)
    return {node.path: field for node, field in zip(graph.nodes, found, strict=True)}


def output_field(body: str, size: str = "3x64x64") -> Field:
    lines = "".join(f"    {line}\n" for line in body.split("; "))
    graph = of_text(f"network N:\n    input {size}\n{lines}")
    return receptive_fields(graph)[graph.outputs[0].tensor.node]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("conv(4, 3x5)", "3x5"),
        ("conv(4, 3, dilation=4)", "9"),
        ("maxpool(2) -> maxpool(2) -> conv(4, 3)", "12"),
        ("conv(4, 3) -> gap", "all"),
        ("conv(4, 3) -> flatten -> fc(2)", "all"),
        # the gate of a squeeze-and-excitation sees all, and so does what it is multiplied with
        ("e = conv(4, 3); e * (gap -> conv(4, 1) -> sigmoid)", "all"),
        ("conv(4, 3) -> gn(2) -> conv(4, 3)", "all"),
        ("conv(4, 3) -> inorm", "all"),
        ('conv(4, 3) -> ln("all")', "all"),
        ("conv(4, 3) -> ln -> bn -> softmax -> dropout -> lrn(3)", "3"),
        ("conv(4, 3) -> bn(track=false)", "all"),
        # of a map of 64, windows of 5 with a stride of 5 leave out four pixels
        ("conv(4, 5, stride=5, pad=0) -> gap", "60"),
        ("adaptive_avgpool(1x8)", "64x8"),
        ("e = conv(3, 3); crop∘e ++ conv(3, 3, pad=0)", "5"),
        # a crop and a resize only look at the size of the other operand
        ("e = conv(3, 1); (conv(3, 33) -> maxpool(2)) ++ resize∘e", "34"),
        ("e = conv(3, 33, pad=0); f = conv(3, 1); e ++ crop∘f", "33"),
        # channels that see unequally much, of which some are picked
        ("branch:;     conv(4, 1);     conv(4, 7); a, b = split(2); a + b", "≤ 7"),
        ("conv(8, 7); a, b = split(2); a + b", "7"),
        ("branch:;     conv(4, 1);     conv(4, 7); dwconv(3) -> conv(2, 1)", "9"),
        ("conv(4, 3) -> permute([0, 2, 1])", "≤ all"),
    ],
)
def test_fields_in_words(body: str, text: str) -> None:
    assert output_field(body).text() == text


def test_strides_and_centres() -> None:
    field = output_field("conv(4, 7, stride=2, pad=0) -> maxpool(2x4) -> upsample(8)")
    assert [str(stride) for stride in field.stride] == ["1/2", "1"]
    assert field.centre == (4.0, 6.0)  # of windows over 0…8 and 0…12
    assert [field.span(1, unit) for unit in (0, 7, 8)] == [(0, 12), (0, 12), (8, 20)]


def test_units_that_see_nothing() -> None:
    field = output_field("upconv(4, 1, stride=2)", size="3x8")
    assert [field.span(0, unit) for unit in range(4)] == [(0, 0), None, (1, 1), None]
    assert field.exact and field.size == (1,) and field.centre == (0.0,)


def test_maps_of_unequal_strides_are_both_followed() -> None:
    # aligned corners make 31 steps into 62 of 63: a stride of 62/63, beside one of 1
    up = 'upsample(2, mode="linear", align_corners=true)'
    body = f"e = conv(3, 1); (maxpool(2x2) -> {up}) ++ e"
    field = output_field(body)
    assert field.exact and len(field.axes[0]) == 2
    assert field.span(0, 0) == (0, 1) and field.span(0, 63) == (62, 63)
    graph = of_text(
        "network N:\n    input 3x64x64\n" + "".join(f"    {s}\n" for s in body.split("; "))
    )
    end = graph.producer(graph.outputs[0].tensor)
    probe = Probe(graph, [end])
    for unit in range(64):
        assert probe.box(end, (unit, 5), tiny=1e-11) == said(field, (unit, 5))


def test_a_period_that_is_too_long_gives_a_bound() -> None:
    text = 'upsample(size=[1300], mode="linear") -> upsample(size=[1999], mode="linear")'
    field = output_field(f"conv(4, 3); {text}", size="3x1201")
    assert not field.exact and field.text().startswith("≤ ")
    assert 5 <= field.size[0] <= 12
    true = [1201 / 1300 * (1300 / 1999 * (unit + 0.5)) - 0.5 for unit in range(1999)]
    for unit, place in enumerate(true):
        low, high = field.span(0, unit) or (0, 0)
        assert low <= place <= high


def test_hostile_ratios_take_no_time() -> None:
    """Their common period would be astronomical."""
    ratios = 'upsample(1.7, mode="linear"); adaptive_avgpool(499); upsample(size=[997]); '
    field = output_field("; ".join(["conv(1, 3)", *[ratios.rstrip("; ")] * 10]), size="1x500")
    assert not field.exact
    assert all(len(line.spans) <= MAX_PERIOD for line in field.axes[0])


def test_fields_are_of_the_first_input_and_of_each() -> None:
    graph = of_text(
        "network Two:\n    input a: 3x32x32\n    input b: 3x64x64\n"
        "    p = a -> conv(4, 3)\n    q = b -> conv(4, 5, stride=2)\n"
        "    p ++ q -> conv(4, 3)\n"
    )
    end = graph.producer(graph.outputs[0].tensor)
    field = receptive_fields(graph)[end.id]
    each = fields_of(graph, end.id)
    assert (field.input, field.size, field.stride) == ("a", (5, 5), (1, 1))
    assert (each["a"], each["b"].size, each["b"].stride) == (field, (9, 9), (2, 2))
    probe = Probe(graph, [end])
    for number, name in enumerate("ab"):
        assert probe.box(end, (9, 12), source=number) == said(each[name], (9, 12))


def test_a_layer_that_does_not_say_gives_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Relu, "reach", Op.reach)
    field = output_field("conv(4, 3) -> relu")
    assert field.text() == "≤ all" and not field.placed


def test_a_network_on_vectors_has_no_fields() -> None:
    graph = network("Highway")
    assert all(f.whole and not f.placed and f.size == () for f in receptive_fields(graph))


def test_a_probe_finds_a_field_that_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conv, "reach", lambda _, x: (pointwise(x, "mixed"),))
    with pytest.raises(AssertionError):
        hold_stages(network("LeNet5"))


# ── assertions ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("layers", "asserted", "codes"),
    [
        ("conv(2, 3) -> conv(2, 3)", "receptive_field == 5", []),
        ("conv(2, 3x5)", "receptive_field == 3x5", []),
        ("conv(2, 3) -> gap -> flatten -> fc(2)", "receptive_field == 3", []),
        ("conv(2, 3) -> conv(2, 3)", "receptive_field == 7", ["E0510"]),
        ("flatten -> fc(2)", "receptive_field == 1", []),
    ],
)
def test_a_spec_asserts_its_field(layers: str, asserted: str, codes: list[str]) -> None:
    text = f"network N:\n    input 3x16x16\n    {layers}\n    assert {asserted}\n"
    assert [d.code for d in check_text(text)] == codes


def test_an_assertion_on_vectors_says_that_there_are_no_fields() -> None:
    text = "network N:\n    input 12\n    fc(2)\n    assert receptive_field == 12\n"
    (found,) = check_text(text)
    assert found.code == "E0801"
    assert found.message == "the units of N have no receptive field: its input is a vector"
