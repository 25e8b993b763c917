"""Every sentence of the language's description holds: small specs, each with its expectations.

A spec's own asserts and ascriptions state what its author expects; torch, run on the meta device,
says whether the compiler's shapes and numbers of parameters are true.
"""

from __future__ import annotations

import pytest
import torch

from archlang.backends.fx import to_fx
from archlang.compiler import check_text
from archlang.diagnostics.render import render_text

from .building import graphs

SPECS: dict[str, str] = {}


def t(name: str, text: str) -> None:
    """A whole spec."""
    SPECS[name] = text


def n(name: str, body: str, pre: str = "", inp: str = "8x8x8") -> None:
    """The body of a network, with what stands before it."""
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    SPECS[name] = f"{pre}network N:\n    input {inp}\n{lines}"


n("identity", "conv(8) + identity∘x")
n("ascii@", "conv(16) + project@x\nassert params == 8*16*9+16 + 8*16")
n("pad", "conv(16, stride=2) + pad∘x\nassert params == 8*16*9+16")
n("projectbn", "let W = project(bn)\nconv(16) + W∘x\nassert params == 8*16*9+16+8*16+32")
n(
    "projectalways",
    "let W = project(bn, always=true)\nconv(8) + W∘x\nassert params == 8*8*9+8+64+16",
)
n("fixed", "let W = fixed(project)\nconv(16) + W∘x\nassert params == 8*16*9+16")
n("fixed2", "let W = fixed(project(bn))\nconv(16) + W∘x\nassert params == 8*16*9+16")
n("fixedinline", "conv(16) + fixed(project)∘x")
n("scale", "conv(8) + scale(0.5)∘x\nassert params == 8*8*9+8")
n("scalelearn", "conv(8) + scale(1.0, learn=true)∘x\nassert params == 8*8*9+8+1")
n("scaleint", "conv(8) + scale(1)∘x")
n("crop", "conv(8, pad=0) ++ crop∘x : 16x6x6")
n("resize", "conv(8, stride=2) ++ resize∘x : 16x4x4")
n("resizem", 'conv(8, stride=2) ++ resize(mode="bilinear")∘x : 16x4x4')
n(
    "blockW",
    "conv(16, stride=2) + W∘x : 16x4x4",
    pre="block W:\n    conv(target.channels, 1x1, stride=target.stride) -> bn\n\n",
)
n(
    "blockWargs",
    "conv(16, stride=2) + W(3)∘x : 16x4x4",
    pre="block W(k):\n    conv(target.channels, k, stride=target.stride) -> bn\n\n",
)
n("layerW", "conv(16) + conv(16, 1x1)∘x")
n("letW", "let W = conv(16, 1x1) -> bn\nconv(16) + W∘x")
n("normBlock", "conv(16) + project(Norm)∘x", pre="block Norm:\n    bn\n\n")
n("normBlockArg", "conv(16) + project(Norm(3))∘x", pre="block Norm(k):\n    bn\n\n")
n("normpipe", "let P = bn -> relu\nconv(16) + project(P)∘x")
n("normbncall", "conv(16) + project(bn(eps=0.1))∘x")
n("vec", "fc(16) -> relu + project∘x\nassert params == 8*16+16+8*16", inp="8")
n("vecid", "fc(8) + x", inp="8")
n("vol", "conv(16, stride=2) + project(bn)∘x : 16x4x4x4", inp="8x8x8x8")
n("sig", "conv(16, stride=2) + project(bn)∘x : 16x4", inp="8x8")
n("branchadd", "branch add:\n    conv(16, stride=2)\n    project(bn)∘x\nrelu : 16x4x4")
n("branchmean", "branch mean:\n    conv(8)\n    x\nrelu : 8x8x8")
n("branchmul", "branch mul:\n    conv(8)\n    x\nrelu : 8x8x8")
n("branchcrop", "branch:\n    conv(8, pad=0)\n    crop∘x\nrelu : 16x6x6")
n(
    "branchnested",
    "branch:\n    branch add:\n        conv(8)\n        identity\n    chain:\n        conv(4)\n        relu\n    conv(2) -> relu\nrelu : 14x8x8",
)
n("branchfor", "branch:\n    for k in [1, 3, 5]:\n        conv(4, k)\nrelu : 12x8x8")
n(
    "branchif",
    "branch:\n    conv(4)\n    if true:\n        conv(3)\n    else:\n        conv(1)\nrelu : 7x8x8",
)
n("branchname", "branch:\n    a = conv(4)\n    conv(3)\nrelu : 7x8x8")
n("branchinto", "x -> conv(8) -> branch:\n    conv(4)\n    conv(3)\nrelu : 7x8x8")
n("bindbranch", "y = branch:\n    conv(4)\n    conv(3)\ny + y")
n("outbranch", "output y = branch:\n    conv(4)\n    conv(3)")
n("bindinto", "y = x -> relu -> branch:\n    conv(4)\n    conv(3)\ny + y")
n("Wparam", "U(W=project(bn)) -> U -> U(W=pad)", pre="block U(W=identity):\n    conv(8) + W∘x\n\n")
n(
    "Wparam2",
    "R(Basic, 16)",
    pre="block Basic(C):\n    conv(C) + project∘x\n\nblock R(Unit, C):\n    2 * Unit(C)\n    Unit(C)\n\n",
)
n(
    "attrs",
    "assert x.channels == 8\nassert x.shape == 8x4x6\nassert x.height == 4 and x.width == 6 and x.rank == 2 and x.size == 4x6\nrelu",
    inp="8x4x6",
)
n("attrs1", "assert x.length == 6 and x.channels == 8\nrelu", inp="8x6")
n("attrs0", "assert x.features == 6\nrelu", inp="6")
n("attrs3", "assert x.depth == 2 and x.height == 3 and x.width == 4\nrelu", inp="6x2x3x4")
t(
    "inputs",
    "network N(H=4):\n    input left: 3xHxH\n    input right: 3x4xH\n    left -> conv(8) ++ right : 11x4x4\n",
)
t(
    "blockinput1",
    "block A:\n    input a\n    conv(a.channels) + a\n\nnetwork N:\n    input 3x4x4\n    A\n",
)
t(
    "netpart",
    "network P:\n    input a: 3x4x4\n    input b: 3x4x4\n    a + b\n\nnetwork N:\n    input 3x4x4\n    [x, x] -> P\n",
)
n("outputs", "output seg = conv(2)\noutput cls = x -> gap -> flatten -> fc(3)")
n("outname", "y = conv(2)\noutput y")
n(
    "outtrain",
    "y = conv(2)\noutput aux = y -> gap -> flatten -> fc(3) when training\ny -> relu\nassert output == 2x8x8",
)
n(
    "asserts",
    'conv(4, bias=false)\nassert params == 288, "as in the paper"\nassert macs == 288*64\nassert depth == 1\nassert input == 8x8x8\nassert output == 4x8x8 and params < 1e3 or false\nassert 1 < 2 <= 2',
)
n(
    "ascr",
    "let C = 4\nconv(C) : [C, 8, 8]\nconv(2*C) : [2*C, x.height, 8]\ny = conv(1) : 1x8x8\ny + y : 1x8x8",
)
n("nzero", "conv(8)\n0 * U\nrelu\nassert params == 584", pre="block U:\n    conv(8)\n\n")
n("repeat0", "conv(8)\nrepeat 0:\n    conv(3)\ndense 0:\n    conv(3)\nrelu\nassert params == 584")
n("split", "left, right = x -> split(2)\nleft + right : 4x8x8")
n("split_", "left, _ = x -> split(2)\nleft : 4x8x8")
n("select", "select([0, 1, 2]) : 3x8x8")
n("sharedlayer", "shared f = conv(8)\nf -> f -> f\nassert params == 584")
n(
    "sharedblock",
    "shared f = U(8)\nf -> f -> f\nassert params == 584+16",
    pre="block U(C):\n    conv(C) -> bn\n\n",
)
n("sharedpipe", "shared f = conv(8) -> bn\nf -> f\nassert params == 584+16")
n(
    "sharedrep",
    "shared f = 2 * U(8)\nf -> f\nassert params == 2*600",
    pre="block U(C):\n    conv(C) -> bn\n\n",
)
n("default", "default conv(bias=false)\nconv(8)\nassert params == 576")
n("defaultrest", "conv(8)\ndefault conv(bias=false)\nconv(8)\nassert params == 576 + 584")
n(
    "defaultinner",
    "repeat 1:\n    default conv(bias=false)\n    conv(8)\nconv(8)\nassert params == 576 + 584",
)
t(
    "defaulttop",
    "block A:\n    conv(8)\n\ndefault conv(bias=false)\n\nblock B:\n    conv(8)\n\nnetwork N:\n    input 8x8x8\n    A -> B -> conv(8)\n    assert params == 584+576+576\n",
)
n("defaultover", "default conv(bias=false, kernel=1)\nconv(8, bias=true)\nassert params == 72")
n("letfun", "let round8(v) = max(8, (v + 4) // 8 * 8)\nconv(round8(13))\nassert output == 16x8x8")
n("letfun2", "let f(a, b=2) = a * b\nconv(f(3))\nconv(f(b=3, a=2))\nassert output == 6x8x8")
n(
    "listc",
    "let w = [8 * 2**i for i in range(4) if i != 1]\nconv(w[0]) -> conv(w[2]) : 64x8x8\nassert len(w) == 3 and w[-1] == 64 and w == [8, 32, 64]\nassert sum(w) == 104 and max(w) == 64 and min(3, 4) == 3",
)
n("cond", "let a = 3 if 2 > 1 else 4\nconv(a) : 3x8x8\n(conv(5) if a == 4 else relu) : 3x8x8")
n(
    "loops",
    "for c, n, s in [[16, 1, 1], [24, 2, 2]]:\n    conv(c, stride=s)\n    for i, (a, b) in enumerate(zip([1, 2], [3, 4])):\n        conv(a * b)\nrelu",
)
n(
    "ops",
    "assert 7 // 2 == 3 and 7 % 2 == 1 and 7 / 2 == 3.5 and 2**3 == 8 and -3 < 0 and not false\nassert abs(-3) == 3 and round(2.6) == 3 and int(2.6) == 2 and floor(2.6) == 2 and ceil(2.2) == 3\nassert 3 in [1, 3] and 4 not in [1, 3]\nrelu",
)
n("doc", '"""A text."""\nrelu')
t(
    "arch1",
    "arch 1\n\n# c\nnetwork N: # c\n    # c\n    input 3x8x8 # c\n# c\n        # c\n    conv(  # c\n      8, # c\n      3x3,\n    ) -> bn \\\n      -> relu\n    # end\n# end",
)
t(
    "crlf",
    "arch 1\r\nblock A(C,):\r\n    conv(C,)\r\n\r\nnetwork N:\r\n    input 3x8x8\r\n    A(3,)\r\n",
)
t(
    "oneline",
    "block A: relu\nnetwork N:\n    input 3x8x8\n    repeat 2: conv(3)\n    A\n    if true: relu\n    branch: conv(3)\n",
)
t(
    "shadow",
    "block A(C):\n    y = conv(C)\n    let k = 3\n    y -> conv(k)\n\nnetwork N(C=4):\n    input 3x8x8\n    y = A(C)\n    let k = 5\n    y -> conv(k)\n    for C in [1, 2]:\n        let k = 2\n        conv(C * k)\n",
)
n("highway", "T = conv(8) -> sigmoid\nH = x -> conv(8) -> relu\nT * H + (1 - T) * x")
n("se", "x * (gap -> conv(x.channels // 4, 1x1) -> relu -> conv(x.channels, 1x1) -> sigmoid)")
n("repmul", "2 * U * x", pre="block U:\n    conv(8)\n\n")
n("repadd", "2 * U + x", pre="block U:\n    conv(8)\n\n")
n("replet", "let Two = 2 * U\nTwo -> relu", pre="block U:\n    conv(8)\n\n")
n("replayer", "2 * conv(8)\n(1 + 1) * relu\nlet k = 2\nk * conv(8) -> relu")
n("dense", "dense 3:\n    bn -> relu -> conv(4)\nrelu : 20x8x8")
t(
    "fractal",
    """block Fractal(C, depth):
    if depth == 1:
        conv(C, 3x3) -> bn -> relu
    else:
        branch mean:
            conv(C, 3x3) -> bn -> relu
            2 * Fractal(C, depth - 1)

network N:
    input 3x8x8
    Fractal(8, 3) : 8x8x8
""",
)
B = "network Base(classes=5):\n    input 3x8x8\n    conv(8) -> bn -> relu\n    layer1 = chain:\n        U\n        U\n    gap -> flatten\n    fc(classes)\n\nblock U:\n    conv(8) -> relu\n\n"
t(
    "d1",
    B
    + "network M from Base(classes=10):\n    input 1x8x8\n    replace conv1: conv(4, 3x3, bias=false)\n    replace bn1: identity\n    remove layer1.0\n    insert after layer1: dropout(0.2)\n    insert before fc1:\n        fc(7)\n        relu\n    freeze layer1\n    assert output == 10\n    assert params == 36 + 8*7+7 + 7*10+10\n",
)
t(
    "d2",
    B
    + "network M from Base:\n    freeze layer1.*\n    remove layer1.*.relu1\n    assert params == 3*8*9+8+16+8*5+5\n",
)
t(
    "d3",
    B
    + "network M from Base:\n    replace fc1: fc(3)\n\nnetwork K from M:\n    remove relu1\n    assert output == 3\n\nnetwork P:\n    input 3x8x8\n    M -> fc(2)\n    assert output == 2\n",
)
t(
    "d4",
    B
    + "network M(k=3) from Base(classes=k):\n    let j = k + 1\n    replace layer1: conv(j)\n    assert params == 3*8*9+8+16+8*4*9+4+4*3+3\n",
)
t(
    "d6",
    B
    + "network Q(depth=2) = Base(classes=depth):\n    assert output == 2\n\nnetwork R = Q(3)\nnetwork S = Base(7):\n    assert output == 7\n",
)
t(
    "use",
    'use ResNet18 as R, Basic from "zoo/resnet.arch"\n\nnetwork N = R(classes=10):\n    assert output == 10\n\nnetwork M:\n    input 3x8x8\n    Basic(8) -> Basic(16, stride=2)\n',
)
t("noarg", "network UNet(H=16, W=16):\n    input [1, H, W]\n    conv(3) : [3, H, W]\n")
t("capW", "network N(W=16):\n    input 1xWxW\n    conv(3) : 3xWxW\n")
n(
    "unet",
    "e1 = conv(4)\ne2 = maxpool(2) -> conv(8)\nmaxpool(2) -> conv(16)\ncrop∘e2 ++ upconv(8, 2x2, stride=2) -> conv(8)\ncrop∘e1 ++ upconv(4, 2x2, stride=2) -> conv(4)\nconv(2, 1x1) : 2x8x8",
)
n(
    "init",
    "conv(8, init=kaiming) -> conv(8, init=xavier) -> conv(8, init=constant(0.5)) -> conv(8, init=normal(std=0.1))",
)
n("none", "conv(8, init=none)")
n(
    "underscorebind",
    "_ = conv(8)",
)
n("pipeif", "(relu if true else bn) -> conv(3)")
n("listinput", "[x, x] -> A", pre="block A:\n    input a, b\n    a + b\n\n")
n(
    "inblockout",
    "a, b = A\na + b",
    pre="block A:\n    output p = conv(3)\n    output q = x -> conv(3)\n\n",
)
n("strings", 'conv(8, padding_mode="reflect")\nassert "a" + "b" == "ab"')

n(
    "index",
    "for i in range(3):\n    e[i] = conv(8)\n    for j in range(2):\n        f[i][j] = e[i] -> conv(4)\nf[0][0] + f[1][1] + f[2][0] + f[0][1] + f[1][0] + f[2][1]",
)
n("numbers", "(1 - x) * 0.5")
n("signs", "-x + 2")
n("negated layer", "- conv(8) + x")
t(
    "blocks with inputs",
    "block A:\n    input a, b\n    a + b -> conv(3)\n\nnetwork N:\n    input 3x4x4\n    y = conv(3)\n    z = [x, y] -> A\n    x ++ z\n    left, right = split(2)\n    [left, right] -> A\n",
)


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_is_compiled_as_it_says(name: str) -> None:
    found = check_text(SPECS[name], name)
    assert not found, render_text(found)


@pytest.mark.parametrize("name", SPECS)
def test_torch_agrees(name: str) -> None:
    for graph in graphs(SPECS[name]):
        model = to_fx(graph, device="meta").eval()
        inputs = [torch.empty(2, *graph.nodes[i].shape, device="meta") for i in graph.inputs]
        result = model(*inputs)
        tensors = list(result) if isinstance(result, tuple) else [result]
        wanted = [o.tensor.shape for o in graph.outputs if not o.training]
        assert [tuple(r.shape[1:]) for r in tensors] == wanted
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        assert trained == graph.params


@pytest.mark.parametrize("name", SPECS)
def test_paths_are_unique(name: str) -> None:
    for graph in graphs(SPECS[name]):
        paths = [node.path for node in graph.nodes]
        if "shared" not in SPECS[name]:
            assert len(paths) == len(set(paths))
        for path in paths:
            assert not any(other.startswith(f"{path}.") for other in paths)
