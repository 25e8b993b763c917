"""Every rule of reverse mode, carried out as it is printed, gives what autograd gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archlang
from archlang.chainrule import rules
from archlang.graph import Graph
from archlang.ops.registry import builtin

from .torch_evaluator import Compared


def slow(*values: object) -> object:
    return pytest.param(*values, marks=pytest.mark.slow)


BLOCKS = [
    ("ResNet18", "layer1.0", {"size": 32}),
    ("ResNet18", "layer2.0", {"size": 32}),
    slow("ResNet34A", "layer2.0", {"size": 32}),
    slow("ResNet50", "layer1.0", {"size": 32}),
    ("PreActResNet18", "layer1.1", {"size": 32}),
    ("PreActResNet18", "layer2.0", {"size": 32}),
    slow("GoogLeNet", "inception3a", {"size": 64}),
    ("Highway", "gated1.0", {"L": 4}),
    slow("DenseNet40k12", "denseblock1", {}),
    ("LeNet5", None, {}),
    ("Chain", None, {"L": 4}),
    ("SkipChain", None, {"L": 4}),
]
LINES = {
    "sums and differences": "a = conv(4)\nb = x -> conv(4)\na - b + x -> tanh",
    "broadcast gate": (
        "g = gap -> flatten -> fc(2) -> relu -> fc(4) -> sigmoid -> reshape(4x1x1)\nx * g"
    ),
    "products": "a = conv(4) -> sigmoid\nb = x -> conv(4) -> tanh\na * b * x",
    "numbers": "a = conv(4)\n0.5 * a + (1 - a) * x - 2",
    "a product of sums": "a = conv(4)\nb = x -> conv(4)\n(a - b) * (a - b) -> conv(4)",
    "strides": "conv(6, 3x3, stride=2) -> relu -> conv(4, 3x3, stride=2, pad=0)",
    "rectangles": "conv(6, 3x5, stride=2x1, dilation=1x2) -> relu",
    "groups": "conv(4, 3x3, groups=2) -> relu -> dwconv(3x3, stride=2, multiplier=2)",
    "separable": "sepconv(6, 3x3, stride=2) -> tanh -> sepconv(4, 3x3, bias=false)",
    "upconv": "conv(6, stride=2) -> upconv(4) -> relu",
    "upconv, more": "conv(6, stride=2) -> upconv(4, 3x3, stride=2, pad=1, output_pad=1, groups=2)",
    "sparse": "sparse_conv(2, 3x3, table=[[0, 1], [1, 3]])",
    "other borders": 'conv(4, padding_mode="reflect")',
    "pools": "maxpool(3x3, stride=2, pad=1) -> avgpool(2x2) -> conv(4)",
    "pools, more": "a = adaptive_avgpool(2)\nb = x -> adaptive_maxpool(2)\na ++ b -> lppool(2x2)",
    "global": "a = gap\nb = x -> gmp\na ++ b -> flatten -> fc(3)",
    "norms": "bn -> conv(8) -> gn(4) -> relu -> ln -> conv(4) -> inorm(affine=true)",
    "norm of all": 'ln("all") -> gn(1) -> inorm',
    "bn without parameters": "conv(4) -> bn(affine=false)",
    "norm of vectors": "flatten -> fc(6) -> bn -> relu -> fc(5) -> ln -> tanh",
    "lrn": "conv(6) -> lrn(3)",
    "affine": "avgpool(2x2) -> affine -> tanh",
    "activations": "prelu -> conv(4) -> leaky_relu(0.2) -> elu -> gelu -> silu -> mish -> softplus",
    "prelu each": 'prelu("each") -> hardswish -> hardtanh -> selu -> hardsigmoid',
    "softmax": "flatten -> fc(5) -> softmax",
    "maxout": "conv(6) -> maxout(2) -> flatten -> fc(4) -> log_softmax",
    "rbf": "flatten -> fc(5) -> rbf(3, fixed=false)",
    "dropout": "conv(4) -> dropout(0.3) -> relu -> conv(4) -> dropout2d(0.2)",
    "dropouts that shift or take samples": (
        "conv(4) -> selu -> alpha_dropout(0.4)\nconv(4) -> drop_path(0.5) + x -> alpha_dropout(0.2)"
    ),
    "a shared dropout": "shared d = dropout(0.5)\nd -> conv(4) -> d -> conv(4)",
    "split": "a, b = x -> split([1, 3])\na -> conv(4) + (b -> conv(4))",
    "split and back": "a, b = x -> split(2)\nc = b -> conv(2)\nc ++ a ++ b -> relu",
    "branches": "branch mean:\n    conv(4)\n    conv(4) -> relu\n    identity",
    "concatenation": "branch:\n    conv(2)\n    conv(3) -> relu\n    maxpool(3x3, stride=1, pad=1)",
    "reordering": "permute([0, 2, 1]) -> pixel_unshuffle(2)\nchannel_shuffle(4)\npixel_shuffle(2)",
    "borders": "pad(1) -> conv(4) -> crop(4x4) -> upsample(2) -> select([0, 2, 2])",
    "a border of ones": "pad(1, value=1.0) -> conv(4)",
    "dense": "dense 3:\n    bn -> relu -> conv(2)",
    "W pads": "conv(6, stride=2) + pad∘x -> relu",
    "W projects": "conv(6, stride=2) -> bn + project(bn)∘x -> relu",
    "W scales": "conv(4) + scale(0.5)∘x -> relu",
    "W learns to scale": "conv(4) + scale(0.5, learn=true)∘x -> relu",
    "W crops": "a = conv(4, 3x3, pad=0)\ncrop∘x ++ a -> conv(4)",
    "W resizes": 'a = conv(4, stride=2)\na + resize(mode="bilinear")∘x -> relu',
    "W is fixed": "conv(6, stride=2) + fixed(project)∘x -> relu",
    "shared": "shared f = conv(4)\nf -> relu -> f + x -> f",
    "used often": "a = conv(4) -> relu\nb = a -> conv(4) + a -> conv(4) + a -> relu\nx + b",
    "skips in a row": "a = conv(4) + x\nb = a -> conv(4) + a\nb -> conv(4) + b",
    "linear source": "z = conv(4)\nz -> relu -> conv(4) + z -> relu",
}


def network(body: str, tmp_path: Path, size: str = "4x6x6") -> Graph:
    """A network of a few lines."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    path = tmp_path / "small.arch"
    path.write_text(f"network Small:\n    input {size}\n{lines}\n", encoding="utf-8")
    return archlang.network(str(path))


@pytest.mark.parametrize("name", LINES)
def test_rules_agree_with_autograd(name: str, tmp_path: Path) -> None:
    Compared(network(LINES[name], tmp_path)).assert_equal()


@pytest.mark.parametrize(("spec", "focus", "parameters"), BLOCKS, ids=str)
def test_blocks_of_the_zoo_agree_with_autograd(spec: str, focus: str | None, parameters) -> None:
    Compared(archlang.network(spec, **parameters), focus).assert_equal()


def test_every_layer_of_the_language_goes_back(tmp_path: Path) -> None:
    for name, op in builtin().items():
        if name in ("identity", "dropout1d", "dropout3d", "split", "rbf", "sparse_conv"):
            continue  # of other ranks, or tested above
        graph = network(f"affine\n{op.example}", tmp_path, op.example_input)
        Compared(graph).assert_equal()


def test_two_inputs_and_two_outputs(tmp_path: Path) -> None:
    path = tmp_path / "two.arch"
    path.write_text(
        "network Two:\n    input left: 3\n    input right: 4\n    a = left -> fc(5) -> tanh\n"
        "    output aux = a -> fc(2)\n    b = right -> fc(5)\n    output main = a + b -> relu\n",
        encoding="utf-8",
    )
    compared = Compared(archlang.network(str(path)))
    compared.assert_equal()
    assert {"∇X1", "∇X2", "∇Z1", "∇Y1"} <= set(compared.differences())


def test_a_wrong_rule_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = network(LINES["products"], tmp_path)
    monkeypatch.setattr(rules._Multiply, "backward", rules._Add.backward, raising=True)
    monkeypatch.setattr(rules._Multiply, "_sign", rules._Add._sign, raising=False)
    monkeypatch.setattr(rules._Multiply, "signs", (1, 1), raising=False)
    with pytest.raises(AssertionError):
        Compared(graph).assert_equal()


def test_an_alpha_dropout_without_its_shift_is_noticed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(rules._AlphaDropout, "forward", rules._Dropout.forward)
    with pytest.raises(AssertionError):
        Compared(network("alpha_dropout(0.4) -> conv(4)", tmp_path)).assert_equal()


STEPS = (
    "conv(4)", "conv(4) -> relu", "conv(4) -> bn -> tanh", "sigmoid", "bn", "dwconv(3x3)",
    "maxpool(3x3, stride=1, pad=1)", "avgpool(3x3, stride=1, pad=1)", "dropout(0.5)",
)  # fmt: skip
MERGES = ("{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} + scale(0.3)∘{b}", "({a} ++ {b}) -> conv(4)",
          "(1 - {a}) * {b}", "{a} + project(always=true)∘{b} -> relu")  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> str:
    names = ["x"]
    lines: list[str] = []
    for k in range(draw(st.integers(1, 7))):
        a, b = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        if draw(st.booleans()):
            line = f"{a} -> {draw(st.sampled_from(STEPS))}"
        else:
            line = draw(st.sampled_from(MERGES)).format(a=a, b=b)
        names.append(f"t{k}")
        lines.append(f"t{k} = {line}")
    text = "\n".join(lines)
    unused = [n for n in names if n != "x" and not re.search(rf"\b{n}\b(?! =)", text)]
    return f"{text}\n{' + '.join([*unused, draw(st.sampled_from(names))])}"


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=bodies(), seed=st.integers(0, 5))
def test_random_networks_agree_with_autograd(body: str, seed: int, tmp_path: Path) -> None:
    Compared(network(body, tmp_path), seed=seed).assert_equal()
