"""Generated Python against the network that torch.fx runs: same names, and the same bits."""

from __future__ import annotations

import ast
import inspect
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from archlang.backends.fx import to_fx
from archlang.backends.python import write_python
from archlang.compiler import graph
from archlang.graph import Graph
from archlang.zoo import zoo

UNITS = """
let W = project(bn)
block Res(C, stride=1):
    y = conv(C, 3x3, stride=stride) -> bn
    y + W∘x -> relu
block SE(r=4):
    x * (gap -> conv(x.channels // r, 1x1) -> relu -> conv(x.channels, 1x1) -> sigmoid)
block Inception(c1, r3, c3):
    branch:
        conv(c1, 1x1) -> relu
        conv(r3, 1x1) -> relu -> conv(c3, 3x3) -> relu
        chain:
            maxpool(3x3, stride=1, pad=1)
            conv(4, 1x1) -> relu
block Highway(C):
    T = conv(C, 3x3) -> sigmoid
    H = x -> conv(C, 3x3) -> relu
    T * H + (1 - T) * x
block Fractal(C, depth):
    if depth == 1:
        conv(C, 3x3) -> bn -> relu
    else:
        branch mean:
            conv(C, 3x3) -> bn -> relu
            2 * Fractal(C, depth - 1)
block Dense(n, k):
    dense n:
        bn -> relu -> conv(k, 3x3)
"""

# What follows `input 4x16x16` in a network, for every construct of the language.
CONSTRUCTS = {
    "layers": "conv(6, 3x3) -> bn -> relu -> maxpool(2x2) -> gap -> flatten -> fc(5)",
    "branch": "2 * Inception(4, 3, 5)\n    Inception(2, 3, 4)",
    "branch add": (
        "branch add:\n        conv(8, 1x1)\n        conv(8, 3x3) -> bn\n        conv(8, 1x1)"
    ),
    "two branches": "conv(4, 1x1)\n    branch:\n        conv(4, 1x1) -> relu\n        conv(4, 3x3)",
    "dense": "Dense(3, 4)\n    Dense(2, 4)\n    Dense(1, 4)",
    "dense of blocks": "dense 2:\n        Res(4)\n    dense 3:\n        conv(2, 3x3)",
    "dense, kept round": "d = dense 2:\n        z = conv(3, 3x3)\n        z -> bn",
    "repeat": "conv(8, 1x1)\n    repeat 3:\n        conv(8, 3x3) -> relu\n        Res(8)",
    "repeat and skip": (
        "s = conv(8, 3x3)\n    bn -> relu\n    repeat 3:\n        conv(8, 3x3) -> bn + s"
    ),
    "uneven repeat and skip": (
        "s = conv(8, 3x3)\n    bn -> relu -> conv(4, 1x1)\n"
        "    repeat 2:\n        conv(8, 3x3) -> bn + s\n    identity - s * 0.5"
    ),
    "copies of a layer": "3 * conv(4, 3x3)\n    relu",
    "stages": (
        "layer1 = chain:\n        Res(8, stride=2)\n        2 * Res(8)\n"
        "    layer2 = chain:\n        Res(16, stride=2)\n        3 * Res(16)\n"
        "        conv(4, 1x1)"
    ),
    "pipes with names": "a = conv(6, 3x3) -> bn -> relu\n    b = conv(6, 3x3) -> bn\n    a + b",
    "gate": "conv(8, 3x3)\n    2 * SE\n    SE(2)",
    "highway": "Highway(4)\n    2 * Highway(4)",
    "fractal": "conv(4, 1x1)\n    Fractal(4, 3)\n    Fractal(4, 2)",
    "shared layer": "shared t = conv(4, 3x3)\n    t -> relu -> t\n    bn -> t",
    "shared within a run": (
        "shared t = conv(4, 3x3)\n    u = chain:\n        bn -> t -> relu\n        conv(4, 1x1)"
    ),
    "shared block": "shared r = Res(4)\n    a = r\n    b = bn -> r\n    a ++ b",
    "shared activation": "shared act = relu\n    conv(4, 3x3) -> act -> conv(4, 3x3) -> act",
    "indexed": (
        "for i in range(3):\n        e[i] = Res(4)\n    e[0] + e[1] + e[2] -> relu\n"
        "    for i in range(2):\n"
        "        f[i][0] = conv(4, 3x3)\n        f[i][1] = bn -> conv(4, 1x1)"
    ),
    "grid": (
        "for i in range(3):\n"
        "        f[i][0] = conv(4 * i + 4, 3x3) -> maxpool(2x2) -> conv(4, 3x3)\n"
        "    for j in range(1, 3):\n        for i in range(3 - j):\n"
        "            f[i][j] = f[i][j - 1] ++ resize∘f[i + 1][j - 1] -> conv(4, 3x3) -> bn\n"
        "    f[0][1] ++ f[0][2]"
    ),
    "shared activation, in place once": (
        "shared act = relu\n    conv(4, 3x3) -> act\n    z = conv(4, 3x3)\n"
        "    z -> act -> conv(4, 3x3) + z"
    ),
    "loops": "for c, s in [[8, 1], [8, 2], [16, 1]]:\n        Res(c, stride=s)",
    "identity": "y = conv(4, 3x3) -> bn\n    y + identity∘x -> relu",
    "pad": "y = conv(10, 3x3, stride=2) -> bn\n    y + pad∘x -> relu",
    "project": "y = conv(8, 3x3, stride=2)\n    y + project∘x",
    "project always": "y = conv(4, 3x3)\n    y + project(bn, always=true)∘x -> relu",
    "fixed": "y = conv(8, 3x3)\n    y + fixed(project(bn))∘x -> relu",
    "scale": "y = conv(4, 3x3)\n    z = y + scale(0.5)∘x\n    z + scale(1.5, learn=true)∘x",
    "crop": "y = conv(4, 3x3, pad=0)\n    crop∘x ++ y",
    "resize": 'y = maxpool(2x2)\n    x ++ resize(mode="bilinear")∘y',
    "block as W": "let V = Res\n    y = conv(8, 3x3)\n    y + Res(8)∘x",
    "numbers": "y = conv(4, 3x3) -> relu\n    1 - y + 0.5 * x - 2",
    "split": "a, b = split(2)\n    (b -> conv(2, 3x3)) + a -> relu",
    "split in three": "a, b, c = split([1, 1, 2])\n    a ++ c ++ b\n    select([0, 3])",
    "shapes": "permute([1, 0, 2])\n    reshape(8x4x32)\n    flatten -> fc(3)",
    "upsample": "conv(4, 3x3) -> pixel_shuffle(2)\n    upsample -> sepconv(3, 3x3)",
    "classic": "conv(8, 3x3) -> maxout(2) -> affine -> lrn\n    sepconv(6, 3x3) -> ln",
    "train outputs": (
        "conv(8, 3x3) -> relu\n    output aux = gap -> flatten -> fc(3) when training\n"
        "    conv(8, 3x3, init=kaiming)\n"
        "    output deep = gap -> flatten -> fc(2) when training\n    relu"
    ),
    "training within a run": (
        "u = chain:\n        conv(8, 3x3)\n"
        "        output aux = gap -> flatten -> fc(3) when training\n        relu"
    ),
    "outputs": "conv(8, 3x3)\n    output low = relu\n    output high = bn -> conv(2, 1x1)",
    "outputs of both kinds": (
        "conv(8, 3x3)\n    output low = relu\n    output aux = conv(3, 1x1) when training\n"
        "    output high = bn -> conv(2, 1x1)"
    ),
    "initialisers by type": "conv(8, 3x3, init=kaiming) -> bn -> gap -> flatten -> fc(2)",
    "initialisers by place": "conv(8, 3x3, init=orthogonal) -> conv(8, 3x3)",
    "dropout": "conv(8, 3x3) -> dropout2d(0.4) -> drop_path(0.5)\n    dropout(0.3) -> relu",
    "names of Python": (
        "features = conv(4, 3x3)\n    layer = bn -> relu\n    list = conv(4, 1x1)\n"
        "    x + features + layer + list"
    ),
    "names of containers": (
        "u = chain:\n        pop = conv(4, 3x3)\n        keys = conv(4, 3x3) -> bn\n    relu"
    ),
    "nothing but functions": "x * 2 + 1",
}


# Whole networks, where the lines above do not do.
NETWORKS = {
    "a block of two inputs": """
block Up(C):
    input low, skip
    (low -> upconv(C)) ++ skip -> conv(C, 3x3) -> relu
network Net:
    input 4x16x16
    e1 = conv(8, 3x3)
    e2 = maxpool(2x2) -> conv(8, 3x3)
    e3 = maxpool(2x2) -> conv(8, 3x3)
    u = [e3, e2] -> Up(6)
    [u, e1] -> Up(5)
""",
    "a block of two results": """
block Two(C):
    a = conv(C, 3x3)
    b = bn -> conv(C, 1x1)
    output p = a
    output q = b
network Net:
    input 4x8x8
    l, r = Two(4)
    l + r -> conv(4, 1x1)
""",
    "a network as a part": """
network Trunk:
    input 3x16x16
    conv(8, 3x3) -> bn -> relu
    conv(8, 3x3)
network Net:
    input 3x16x16
    trunk = Trunk
    gap -> flatten -> fc(3)
""",
    "two inputs, shared parts": """
block Embed:
    conv(4, 3x3) -> relu -> gap -> flatten -> fc(6)
network Net:
    input a: 3x8x8
    input b: 3x8x8
    shared embed = Embed
    u = a -> embed
    v = b -> embed
    u * v -> fc(1) -> sigmoid
""",
    "all frozen": """
block R(C):
    conv(C, 3x3) -> bn
network Base:
    input 3x8x8
    R(4)
    R(4)
network Net from Base:
    freeze r1, r2
""",
    "an output that goes on": """
network Net:
    input 3x8x8
    y = conv(4, 3x3)
    output a = y
    output b = relu
""",
    "numbers that differ": """
block R(C, p, s):
    y = conv(C, 3x3) -> dropout(p)
    z = y + p * x
    z -> crop(s) -> relu
network Net:
    input 4x16x16
    R(4, 0.1, 14x14)
    R(4, 0.25, 10x10)
""",
    "one axis": """
block R(C):
    conv(C, 3, stride=2) -> bn -> relu
network Net:
    input 1x64
    R(4)
    R(8)
    gap -> flatten -> fc(2)
""",
    "three axes": """
network Net:
    input 1x8x8x8
    conv(4, 3x3x3, pad=1) -> bn -> maxpool(2x2x2) -> upconv(2, 2x2x2, stride=2)
""",
}


@contextmanager
def without_archlang() -> Iterator[None]:
    """Make every import of archlang fail meanwhile."""

    class Blocker:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name.partition(".")[0] == "archlang":
                raise ImportError("generated code must not need archlang")

    blocker: Any = Blocker()
    loaded = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "archlang"}
    for name in loaded:
        del sys.modules[name]
    sys.meta_path.insert(0, blocker)
    try:
        yield
    finally:
        sys.meta_path.remove(blocker)
        sys.modules.update(loaded)


def network(body: str, tmp_path: Path, name: str = "Net", **parameters: Any) -> Graph:
    file = tmp_path / "net.arch"
    head = "    input 4x16x16\n    " if not body.startswith("input") else "    "
    file.write_text(f"{UNITS}\nnetwork {name}:\n{head}{body}\n", encoding="utf-8")
    return graph(f"{file}:{name}", **parameters)


def generated(g: Graph) -> nn.Module:
    """The network made from its generated source."""
    source = write_python(g)
    namespace: dict[str, Any] = {"__name__": "generated"}
    with without_archlang():
        exec(compile(source, "generated.py", "exec"), namespace)
    module = namespace[g.name]()
    assert isinstance(module, nn.Module)
    return module


def run(module: nn.Module, inputs: list[Tensor], seed: int) -> tuple[Tensor, ...]:
    torch.manual_seed(seed)
    result = module(*[x.clone().requires_grad_() for x in inputs])
    return result if isinstance(result, tuple) else (result,)


def sample(g: Graph) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(2, *g.nodes[i].shape, generator=generator) for i in g.inputs]


def assert_same(g: Graph) -> nn.Module:
    """Hold generated source to torch.fx: keys in order, outputs, gradients, statistics."""
    ours, reference = generated(g), to_fx(g)
    assert list(ours.state_dict()) == list(reference.state_dict())
    ours.load_state_dict(reference.state_dict())
    trained = {n for n, p in ours.named_parameters() if p.requires_grad}
    assert trained == {n for n, p in reference.named_parameters() if p.requires_grad}
    assert sum(p.numel() for p in ours.parameters() if p.requires_grad) == g.params
    inputs = sample(g)
    for training in (False, True):
        ours.train(training)
        reference.train(training)
        got, want = run(ours, inputs, 7), run(reference, inputs, 7)
        assert getattr(got, "_fields", None) == getattr(want, "_fields", None)
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            assert torch.equal(a, b)
    for module in (ours, reference):
        loss = sum(y.square().mean() for y in run(module, inputs, 7))
        if isinstance(loss, Tensor) and trained:
            loss.backward()
    gradients = dict(reference.named_parameters())
    for name, p in ours.named_parameters():
        other = gradients[name].grad
        assert (p.grad is None) == (other is None), name
        assert p.grad is None or other is None or torch.equal(p.grad, other), name
    for name, buffer in reference.named_buffers():
        assert torch.equal(buffer, ours.get_buffer(name)), name
    return ours


def classes(source: str) -> list[str]:
    return [n.name for n in ast.parse(source).body if isinstance(n, ast.ClassDef)]


# ── the same network ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_every_construct(construct: str, tmp_path: Path) -> None:
    assert_same(network(CONSTRUCTS[construct], tmp_path))


@pytest.mark.parametrize("case", NETWORKS)
def test_whole_networks(case: str, tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(NETWORKS[case], encoding="utf-8")
    assert_same(graph(f"{tmp_path / 'net.arch'}:Net"))


def test_several_inputs(tmp_path: Path) -> None:
    body = "input left: 4x16x16\n    input right: 4x16x16\n    shared r = Res(8)\n"
    module = assert_same(
        network(f"{body}    a = left -> r\n    b = right -> r\n    a - b", tmp_path)
    )
    assert list(inspect.signature(module.forward).parameters) == ["left", "right"]


SMALL: Mapping[str, Mapping[str, Any]] = {
    "ResNet18": {"size": 64},
    "ResNet34A": {"size": 64},
    "ResNet50": {"size": 64},
    "PreActResNet18": {"size": 64},
    "ResNet20": {},
    "GoogLeNet": {"size": 96, "classes": 10},
    "DenseNet121": {"size": 64},
    "DenseNet40k12": {},
    "UNet": {"H": 188, "W": 188},
    "UNetPadded": {"H": 32, "W": 32},
    "VGG11BN": {"size": 64, "classes": 5},
    "LeNet5": {},
    "LeNet1998": {},
    "Highway": {},
    "FractalNet": {},
}


@pytest.mark.parametrize("name", SMALL)
def test_zoo(name: str) -> None:
    if name not in zoo():
        pytest.skip(f"the zoo has no {name}")
    assert_same(graph(name, **SMALL[name]))


def test_derived_network(tmp_path: Path) -> None:
    file = tmp_path / "derived.arch"
    file.write_text(
        'use ResNet18 from "zoo/resnet.arch"\n'
        "network Mnist from ResNet18(classes=10):\n"
        "    input 1x28x28\n"
        "    replace conv1: conv(64, 3x3, bias=false)\n"
        "    remove maxpool1\n"
        "    insert after layer4: dropout(0.2)\n"
        "    freeze layer1, layer2\n"
    )
    g = graph(f"{file}:Mnist")
    module = assert_same(g)
    assert ").requires_grad_(False)" in write_python(g)
    assert not any(p.requires_grad for p in module.get_submodule("layer2").parameters())


def test_the_comparison_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above tells a network from one that is almost the same."""
    g = network(CONSTRUCTS["gate"], tmp_path)
    wrong = write_python(g).replace("x * gate", "x * gate * 1.0001")
    monkeypatch.setattr(sys.modules[__name__], "write_python", lambda _: wrong)
    with pytest.raises(AssertionError):
        assert_same(g)


# ── initial weights ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("also", ["", "-> conv(8, 3x3)"])
def test_initialisers(also: str, tmp_path: Path) -> None:
    g = network(
        f"conv(8, 3x3, init=constant(val=0.25)) -> bn {also}\n    gap -> flatten -> fc(2)", tmp_path
    )
    module = generated(g)
    weights = module.state_dict()
    assert torch.equal(weights["conv1.weight"], torch.full((8, 4, 3, 3), 0.25))
    assert torch.equal(weights["conv1.bias"], torch.zeros(8))
    assert weights["fc1.bias"].abs().max() > 0
    if also:
        assert weights["conv2.weight"].std() > 0


# ── the text ─────────────────────────────────────────────────────────────────────────────────────


def test_instances_share_a_class() -> None:
    source = write_python(graph("ResNet50"))
    assert classes(source) == ["Bottleneck", "BottleneckProject", "ResNet50"]
    assert "nn.Conv2d(C, 4 * C, 1, bias=False)" in source


def test_size_does_not_grow_with_depth() -> None:
    shallow, deep = write_python(graph("ResNet20")), write_python(graph("ResNet110"))
    assert len(shallow.splitlines()) == len(deep.splitlines())


def test_text_is_the_same_every_time() -> None:
    assert write_python(graph("GoogLeNet")) == write_python(graph("GoogLeNet"))


def test_is_clean_and_formatted(tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    for name in SMALL:
        if name in zoo():
            (tmp_path / f"{name}.py").write_text(write_python(graph(name)), encoding="utf-8")
    for construct, body in CONSTRUCTS.items():
        text = write_python(network(body, tmp_path))
        (tmp_path / f"{construct.replace(' ', '_').replace(',', '')}.py").write_text(text)
    for command in (["check"], ["format", "--check", "--diff", "--line-length", "100"]):
        done = subprocess.run(
            [ruff, *command, "--isolated", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_no_line_is_too_long() -> None:
    for name in ("GoogLeNet", "LeNet1998", "VGG11BN"):
        assert max(map(len, write_python(graph(name)).splitlines())) <= 100


def test_runs_where_archlang_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "lenet.py").write_text(write_python(graph("LeNet1998")), encoding="utf-8")
    (tmp_path / "archlang.py").write_text("raise ImportError('not here')\n")
    program = (
        "import sys, torch, lenet;"
        "print(tuple(lenet.LeNet1998()(torch.zeros(1, 1, 32, 32)).shape));"
        "assert 'archlang' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "(1, 10)", done.stderr


HOSTILE = [
    'ends in a quote"',
    '"begins with one, and one is inside " it',
    "a backslash \\",
    "\\n is no newline, and \\",
    "two\n\n    lines, the second with 'quotes'",
    "control \x07 and \u202e right to left",
    "three single ''' and two double \"\"",
    "\\N{DIGIT ONE} \\x41 \\u0041",
    '"',
    "\\",
    "  ",
    "x" * 300,
]


@pytest.mark.parametrize(
    "doc", [*HOSTILE, '"""\nimport os\nraise SystemExit\n"""', '\\"""', '""""']
)
def test_docstrings_stay_docstrings(doc: str, tmp_path: Path) -> None:
    g = network("Res(8)", tmp_path)
    g.root.doc = doc
    for scope in g.root.children:
        scope.doc = doc
    source = write_python(g)
    tree = ast.parse(source)
    plain = ast.parse(write_python(network("Res(8)", tmp_path)))
    assert [type(n) for n in tree.body] == [type(n) for n in plain.body]
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            assert [type(n) for n in node.body if not isinstance(n, ast.Expr)] == [
                ast.FunctionDef
            ] * sum(isinstance(n, ast.FunctionDef) for n in node.body)
            said = "".join((ast.get_docstring(node) or "").split())
            assert said == "".join(doc.split())


def test_file_name_stays_in_the_header(tmp_path: Path) -> None:
    file = tmp_path / 'a""" + x \\ .arch'
    file.write_text("network Net:\n    input 4\n    fc(2)\n")
    source = write_python(graph(f"{file}:Net"))
    assert str(tmp_path) not in source
    assert 'a""" + x \\ .arch' in (ast.get_docstring(ast.parse(source)) or "")


@pytest.mark.parametrize(
    "name", ["OrderedDict", "NamedTuple", "Exception", "True_", "ScaledTanh", "Callable"]
)
def test_block_names_hide_nothing(name: str, tmp_path: Path) -> None:
    file = tmp_path / "net.arch"
    file.write_text(
        f"block {name}(C):\n"
        "    a = conv(C, 3x3, init=zeros) -> bn\n    a -> tanh(scale=1.7159, slope=0.66)\n"
        f"network Net:\n    input 4x8x8\n    {name}(4)\n    {name}(8)\n"
        "    output aux = gap -> flatten when training\n    conv(2, 1x1)\n"
    )
    source = write_python(assert_same_graph(f"{file}:Net"))
    assert len(set(classes(source))) == len(classes(source))


def assert_same_graph(address: str) -> Graph:
    g = graph(address)
    assert_same(g)
    return g


def test_parameter_names_hide_nothing(tmp_path: Path) -> None:
    file = tmp_path / "net.arch"
    file.write_text(
        "block Unit(nn, i, lambda_):\n"
        "    conv(nn, 3x3) -> conv(i, 3x3) -> conv(lambda_, 3x3) -> relu\n"
        "network Net:\n    input 4x8x8\n"
        "    2 * Unit(4, 5, 6)\n    Unit(7, 8, 9)\n    Unit(1, 2, 3)\n"
    )
    assert_same_graph(f"{file}:Net")
