"""Lines about skips, held against networks written by hand: in torch, and in the language."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from archlang import load, network
from archlang.analysis.skips import skips
from archlang.backends.fx import to_fx
from archlang.compiler import check_text
from archlang.diagnostics.render import render_text
from archlang.graph import Graph, Node
from archlang.ops.merging import Add, Concat, Mean
from archlang.semantics.skip_plan import removable
from archlang.weights.plan import plan
from archlang.weights.references import shapes_of
from archlang.weights.sources import read_weights

from .building import graph, graphs

RESIDUAL = """\
block Unit:
    conv(4, 3x3) -> bn -> relu
    conv(4, 3x3) -> bn + x -> relu

network Base:
    input 3x8x8
    conv(4, 3x3) -> bn -> relu
    2 * Unit -> gap -> flatten -> fc(5)
"""


def derived(base: str, *lines: str, of: str = "Base") -> Graph:
    """The graph of a network derived from the last one of a text by some lines."""
    return graph(f"{base}\nnetwork N from {of}:\n" + "".join(f"    {line}\n" for line in lines))


def from_zoo(file: str, name: str, *lines: str) -> Graph:
    """The same for a network of the zoo."""
    return derived(f'use {name} from "zoo/{file}.arch"\n', *lines, of=name)


def paths(one: Graph) -> list[str]:
    """The paths of a network, merges included."""
    return [node.path for node in one.nodes]


def place(node: Node) -> tuple[str, int, int]:
    """Where a layer is written, and its path without its name; the same in each reading."""
    return node.scope.path, node.span.start, node.span.end


def same_outputs(a: nn.Module, b: nn.Module, *shape: int) -> bool:
    """Whether two modules with the same weights give the same, to the last bit, and learn alike."""
    b.load_state_dict(a.state_dict())
    torch.manual_seed(1)
    x = torch.randn(2, *shape)
    for mode in (True, False):
        ys = [m.train(mode)(x) for m in (a, b)]
        if not torch.equal(*ys):
            return False
    return True


# ── against networks that exist ──────────────────────────────────────────────────────────────


def test_resnet56_without_its_skips_is_plain56() -> None:
    bare, plain = from_zoo("resnet_cifar", "ResNet56", "remove short skips"), network("Plain56")
    torch.manual_seed(0)
    a, b = to_fx(bare), to_fx(plain)
    assert list(a.state_dict()) == list(b.state_dict())
    assert same_outputs(a, b, 3, 32, 32)
    assert (bare.params, bare.macs, bare.depth) == (plain.params, plain.macs, plain.depth)


def test_resnet34_without_its_skips_has_the_parameters_of_plain34() -> None:
    bare, plain = from_zoo("resnet", "ResNet34", "remove all skips"), network("Plain34")
    assert bare.params == plain.params == 21_623_848
    assert not skips(bare)
    assert shapes_of(bare) == shapes_of(plain)


@pytest.mark.slow
def test_resnet34a_without_its_skips_is_plain34() -> None:
    bare = from_zoo("resnet", "ResNet34A", "remove short skips")
    assert same_outputs(to_fx(bare), to_fx(network("Plain34")), 3, 64, 64)


UNET = """\
block Double(C):
    conv(C, 3x3, pad=0) -> relu
    conv(C, 3x3, pad=0) -> relu

network Base:
    input 1x44x44
    e1 = Double(4)
    maxpool(2x2)
    Double(8)
    {skip}upconv(4) -> Double(4)
    conv(2, 1x1)
"""


def test_a_u_net_without_its_long_skip() -> None:
    bare = derived(UNET.format(skip="crop∘e1 ++ "), "remove long skips")
    by_hand = graph(UNET.format(skip=""))
    assert same_outputs(to_fx(bare), to_fx(by_hand), 1, 44, 44)
    assert not [n for n in bare.nodes if n.role == "match"]


class Halved(nn.Module):
    """A residual unit whose shortcut counts by half."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + 0.5 * x)


class Torch(nn.Module):
    """A stem, two units and a head."""

    def __init__(self, unit: type[nn.Module]) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.unit1 = nn.ModuleList([unit(), unit()])
        self.fc1 = nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        for unit in self.unit1:
            x = unit(x)
        return self.fc1(x.mean((2, 3)))


def test_another_w_against_torch() -> None:
    halved = to_fx(derived(RESIDUAL, "replace short skips: scale(0.5)"))
    by_hand = Torch(Halved)
    by_hand.load_state_dict(halved.state_dict())
    x = torch.randn(3, 3, 8, 8)
    assert torch.allclose(halved.eval()(x), by_hand.eval()(x), atol=1e-6)
    untouched = to_fx(graph(RESIDUAL))
    untouched.load_state_dict(halved.state_dict())
    assert not torch.allclose(untouched.eval()(x), by_hand(x), atol=1e-3)


def test_a_dense_block_without_skips_is_a_sequence() -> None:
    text = """\
network Base:
    input 3x8x8
    dense 3:
        bn -> relu -> conv(4, 3x3)
"""
    bare = to_fx(derived(text, "remove dense skips"))
    rounds = [
        nn.Sequential(nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, 4, 3, padding=1))
        for c in (3, 4, 4)
    ]
    by_hand = nn.Sequential(*rounds)
    values = list(bare.state_dict().values())
    by_hand.load_state_dict(dict(zip(by_hand.state_dict(), values, strict=True)))
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(bare.eval()(x), by_hand.eval()(x))


LINEAR = """\
block Unit:
    conv(4, 3x3) -> bn -> relu
    conv(4, 3x3) -> bn + {w}x -> relu

network Base:
    input 3x8x8
    Z = conv(4, 3x3) -> bn
    relu
    Unit
    conv(4, 3x3) -> bn + {z} -> relu
"""


def test_from_before_the_activation() -> None:
    text = """\
network Base:
    input 3x8x8
    conv(4, 3x3)
    Z = bn
    Y = relu
    conv(4, 3x3)
    bn + {w}{source} -> relu
"""
    linear = derived(text.format(w="", source="Y"), "replace short skips: Z")
    assert same_outputs(to_fx(linear), to_fx(graph(text.format(w="", source="Z"))), 3, 8, 8)
    halved = derived(text.format(w="", source="Y"), "replace short skips: scale(0.5)∘Z")
    by_hand = graph(text.format(w="scale(0.5)∘", source="Z"))
    assert same_outputs(to_fx(halved), to_fx(by_hand), 3, 8, 8)
    back = derived(text.format(w="", source="Z"), "replace short skips: Y")
    assert same_outputs(to_fx(back), to_fx(graph(text.format(w="", source="Y"))), 3, 8, 8)


def test_y_is_found_behind_a_normalisation_and_w_stays() -> None:
    text = """\
network Base:
    input 3x8x8
    Z = conv(4, 3x3)
    bn
    Y = relu
    conv(8, 3x3)
    bn + project(bn)∘{source} -> relu
"""
    moved = derived(text.format(source="Z"), "replace short skips: Y")
    assert same_outputs(to_fx(moved), to_fx(graph(text.format(source="Y"))), 3, 8, 8)
    assert [s.operator for s in skips(moved)] == ["project(bn)"]


def test_where_z_is_none_the_skip_stays_where_it_was() -> None:
    text = RESIDUAL.replace("bn -> relu\n    2 *", "bn -> relu -> maxpool(2)\n    2 *")
    found = derived(text, "replace short skips: Z")
    first, second = skips(found)
    assert found.producer(first.source).op.name == "maxpool"
    assert isinstance(found.producer(second.source).op, Add)


# ── what is a skip, and what keeps its name ──────────────────────────────────────────────────

ZOO = {
    "ResNet18": "resnet",
    "PreActResNet18": "resnet",
    "ResNet20": "resnet_cifar",
    "UNetPadded": "unet",
    "DenseNet40k12": "densenet",
    "FractalNet": "fractalnet",
    "SkipChain": "chain",
}


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("kind", ["short", "long", "dense", "all"])
def test_exactly_the_skips_of_the_base_go(name: str, kind: str) -> None:
    base = network(name)
    meant = [s for s in removable(base) if kind in (s.kind, "all")]
    if not meant:
        text = f'use {name} from "zoo/{ZOO[name]}.arch"\nnetwork N from {name}:\n'
        assert [d.code for d in check_text(f"{text}    remove {kind} skips\n")] == ["E0516"]
        return
    bare = from_zoo(ZOO[name], name, f"remove {kind} skips")
    assert len(removable(bare)) == len(removable(base)) - len(meant)
    known = {(node.path, type(node.op), *place(node)) for node in base.nodes}
    for node in bare.nodes:  # what stays has its name, its line and its place
        assert (node.path, type(node.op), *place(node)) in known


SCOPE = """\
network Base:
    input 4x8x8
    a = conv(4, 3x3) -> bn
    conv(8, 3x3) + project∘a
    b = relu
    conv(8, 3x3) -> bn
    conv(8, 3x3) + scale(0.5)∘b
    c = relu
    conv(16, 3x3) + project(bn)∘c
    relu
    conv(16, 3x3) + x
"""


@pytest.mark.parametrize(
    "lines",
    [
        ("remove short skips except add2, add3, add4",),
        ("remove all skips except add3",),
        ("replace short skips except add3: project(always=true)",),
        ("replace short skips except add2, add3: conv(8, 1x1)",),
        ("remove short skips except add3", "remove relu1"),
    ],
)
def test_names_beside_a_merge_stay(lines: tuple[str, ...]) -> None:
    text = SCOPE.replace("+ x", "+ conv2")
    text = text.replace("    conv(8, 3x3) -> bn\n", "    conv2 = conv(8, 3x3)\n    bn\n")
    text = text.replace("+ conv2", "+ project(bn)∘conv2")
    try:
        found = derived(text, *lines)
    except AssertionError as error:  # conv(8, 1x1) does not fit the last one
        assert "E0413" in str(error)
        return
    known = {node.path: node for node in graph(text).nodes}
    for node in found.nodes:
        if node.change is None:
            assert place(known[node.path]) == place(node)
    assert len(set(paths(found))) == len(found.nodes)


def test_w_that_is_a_unit_in_a_run_leaves_its_position_free() -> None:
    text = """\
block W:
    conv(4, 1x1) -> bn
block Unit:
    conv(4, 3x3) -> relu
network Base:
    input 4x8x8
    run = chain:
        Unit
        y = relu
        conv(4, 3x3) + W∘y
        Unit
"""
    base = graph(text)
    for line in ("remove short skips", "replace short skips: scale(2.0)", "replace short skips: W"):
        found = derived(text, line)
        known = {n.path: place(n) for n in base.nodes}
        assert all(known[n.path] == place(n) for n in found.nodes if n.change is None)
        assert "run.2.conv1" in paths(found)


def test_gates_are_left_alone() -> None:
    text = (
        "network Base:\n    input 4x8x8\n    y = conv(4, 3x3)\n"
        "    y * (conv(4, 3x3) -> sigmoid) + y\n"
    )
    bare = derived(text, "remove all skips")
    assert [type(n.op).__name__ for n in bare.nodes if n.role == "merge"] == ["Multiply"]


def test_sums_with_numbers() -> None:
    text = "network Base:\n    input 4x8x8\n    y = conv(4, 3x3)\n    conv(4, 3x3) + y + 1\n"
    bare = derived(text, "remove short skips")
    assert [n.op.label() for n in bare.nodes if n.role == "merge"] == ["· + 1"]


def test_w_on_the_way_that_stays_still_fits_what_it_fitted() -> None:
    text = (
        "network Base:\n    input 4x8x8\n    y = conv(8, 3x3)\n    conv(4, 3x3)\n"
        "    z = relu\n    y + project∘z\n"
    )
    bare = derived(text, "remove short skips")
    by_hand = text.replace("y + project∘z", "z -> conv(8, 1x1, bias=false)")
    a, b = to_fx(bare), to_fx(graph(by_hand))
    b.load_state_dict(dict(zip(b.state_dict(), a.state_dict().values(), strict=True)))
    x = torch.randn(1, 4, 8, 8)
    assert torch.equal(a(x), b(x))


# ── several lines, several networks ──────────────────────────────────────────────────────────


def test_whoever_derives_furthest_sees_what_is_left() -> None:
    lines = "network A from Base:\n    remove short skips except unit1.0\n"
    lines += "network B from A:\n    replace short skips: scale(0.5)\n"
    lines += "network C from B:\n    remove all skips\n"
    base, a, b, c = graphs(f"{RESIDUAL}\n{lines}")
    assert [len(skips(g)) for g in (base, a, b, c)] == [2, 1, 1, 0]
    assert [s.operator for s in skips(b)] == ["scale(0.5)"]
    assert not [n for n in c.nodes if n.role == "match"]
    assert [
        d.code for d in check_text(f"{RESIDUAL}\n{lines}network D from C:\n    remove all skips\n")
    ] == ["E0516"]


def test_a_derived_network_as_a_part() -> None:
    text = (
        RESIDUAL.replace("gap -> flatten -> fc(5)", "relu")
        + """\
network Bare from Base:
    remove short skips
network Whole:
    input 3x8x8
    left = Base
    right = x -> Bare
    left + right
network Halved from Whole:
    replace all skips except left.unit1.1: scale(0.5)
"""
    )
    _, _, whole, halved = graphs(
        text.replace("    right = x -> Bare", "    right = left -> conv(3, 1x1) -> Bare")
    )
    kinds = [(s.kind, whole.nodes[s.merge].path) for s in skips(whole)]
    assert kinds == [
        ("short", "left.unit1.0.add1"), ("short", "left.unit1.1.add1"), ("long", "add1"),
    ]  # fmt: skip
    assert [s.operator for s in skips(halved)] == ["scale(0.5)", "identity", "scale(0.5)"]


def test_what_lines_of_the_same_network_put_in_is_left_alone() -> None:
    found = derived(RESIDUAL, "replace unit1.1: Unit", "remove short skips")
    assert [found.nodes[s.merge].path for s in skips(found)] == ["unit1.1.add1"]
    again = graph(
        f"{RESIDUAL}\nnetwork A from Base:\n    replace unit1.1: Unit\n"
        "network N from A:\n    remove short skips\n"
    )
    assert not skips(again)


def test_a_shared_unit_is_operated_on_at_each_use() -> None:
    text = (
        "block U:\n    conv(4, 3x3) + x\n"
        "network Base:\n    input 4x8x8\n    shared u = U\n    u -> relu -> u\n"
    )
    assert len(skips(graph(text))) == 2
    assert not skips(derived(text, "remove short skips"))


def test_parameters_are_at_hand_and_lines_take_constants() -> None:
    text = f"{RESIDUAL}\nnetwork N(a=0.25) from Base:\n    replace short skips: scale(a)\n"
    assert {s.operator for s in skips(graph(text))} == {"scale(0.25)"}
    text += "network M = N(a=0.75)\n"
    assert {s.operator for s in skips(graph(text))} == {"scale(0.75)"}


def test_the_words_are_names_like_any_other() -> None:
    text = """\
network Base:
    input 4x8x8
    short = conv(4, 3x3)
    skips = relu
    long = conv(4, 3x3) + short
    all = relu
network N from Base:
    remove skips
    replace all: tanh
"""
    assert "all" in paths(graph(text))


def test_shapes_written_in_the_base_do_not_count_behind_a_cut() -> None:
    text = (
        "network Base:\n    input 4x8x8\n    Z = conv(4, 3x3)\n    relu\n"
        "    conv(4, 3x3) ++ Z: 8x8x8\n    conv(2, 1x1)\n"
    )
    assert derived(text, "remove short skips").nodes[-1].inputs[0].shape == (4, 8, 8)


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────

CONCAT = """\
network Base:
    input 4x8x8
    Z = conv(4, 3x3)
    relu -> conv(4, 3x3) -> relu
    conv(4, 3x3) ++ Z
    reshape([8, 64]) -> flatten -> fc(3)
"""


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (["remove long skips"], ["E0516"]),
        (["remove short skips except unit9"], ["E0517"]),
        (["remove short skips except unit1.*"], ["E0516"]),
        (["remove short skips", "replace all skips: scale(0.5)"], ["E0515"]),
        (["remove short skips", "replace short skips except unit1.1: Z"], ["E0515"]),
        (["replace short skips: crop∘x"], ["E0518"]),
        (["replace short skips: 3"], ["E0306"]),
        (["replace short skips: nothing"], ["E0201"]),
        (["replace short skips: pad∘conv1"], ["E0518"]),
        (["remove skips"], ["E0511"]),
        (["remove short skips", "freeze unit7"], ["E0511"]),
        (["replace short skips: conv(7, 1x1)"], ["E0413"]),
    ],
)
def test_mistakes_stand_at_the_line(lines: list[str], codes: list[str]) -> None:
    text = f"{RESIDUAL}\nnetwork N from Base:\n" + "".join(f"    {line}\n" for line in lines)
    found = check_text(text)
    assert [d.code for d in found] == codes, render_text(found)
    head = text.index("network N")
    assert all(d.primary.span.start > head for d in found)


def test_what_a_line_breaks_is_shown_at_the_line() -> None:
    text = f"{CONCAT}network N from Base:\n    freeze conv1\n    remove short skips\n"
    (found,) = check_text(text)
    assert found.code == "E0411"
    assert found.primary.span.text == "remove short skips"
    assert found.primary.text == "the base is fine without this line"


def test_w_that_does_not_fit_names_the_skip_to_except() -> None:
    text = (
        'use ResNet18 from "zoo/resnet.arch"\n'
        "network N from ResNet18:\n    replace short skips: identity\n"
    )
    (found,) = check_text(text)
    assert (found.code, found.primary.span.text) == ("E0413", "identity")
    assert "except layer2.0.add1" in found.secondary[0].text


def test_a_base_that_cannot_be_built() -> None:
    text = """\
network Base:
    input 3x4x4
    y = conv(8, 7x7, pad=0) -> relu
    conv(8, 3x3) + y
network N from Base:
    input 3x32x32
    remove short skips
"""
    assert sorted({d.code for d in check_text(text)}) == ["E0401", "E0520"]


def test_outside_of_a_derived_network() -> None:
    text = "network N:\n    input 3x8x8\n    conv(3, 3x3)\n    remove short skips\n"
    (found,) = check_text(text)
    assert (found.code, found.message.partition(" has")[0]) == ("E0118", "remove skips")


@pytest.mark.parametrize(
    "line",
    ["remove short skip", "remove some skips", "replace short skips", "replace long skips:",
     "remove short skips, long skips", "remove short skips except", "replace all skips: Y: Z"],
)  # fmt: skip
def test_syntax(line: str) -> None:
    found = check_text(f"{RESIDUAL}\nnetwork N from Base:\n    {line}\n")
    assert {d.code for d in found} <= {"E0101", "E0106", "E0114"}
    assert found


def test_networks_that_derive_in_a_circle_end() -> None:
    text = """\
network A from B:
    remove short skips
network B from A:
    remove short skips
"""
    assert check_text(text)
    inner = (
        "network B:\n    input 4x8x8\n    conv(4, 3x3) + x\n    A\n"
        "network A from B:\n    remove short skips\n"
    )
    assert check_text(inner)


def test_a_tower_of_derivations_is_expanded_once_a_floor() -> None:
    text = RESIDUAL.replace("2 * Unit", "20 * Unit")
    names = ["Base", *(f"N{i}" for i in range(16))]
    for i, (below, name) in enumerate(pairwise(names)):
        text += f"network {name} from {below}:\n    replace short skips except unit1.{i}: Z\n"
    assert not check_text(text)


# ── weights ──────────────────────────────────────────────────────────────────────────────────


def outcome(base: Graph, found: Graph) -> dict[str, list[tuple[str, str]]]:
    """What becomes of each tensor of the base's weights: its name and why."""
    state = to_fx(base, device="meta").state_dict()
    checkpoint = read_weights(state)
    entries = plan(found, shapes_of(found), checkpoint, "Base").entries
    result: dict[str, list[tuple[str, str]]] = {}
    for entry in entries:
        result.setdefault(entry.status, []).append((entry.name, entry.reason))
    return result


def test_projections_of_removed_skips_are_unused() -> None:
    text = RESIDUAL.replace("Unit:", "Unit(C=4):").replace("+ x", "+ project(bn, always=true)∘x")
    found = outcome(graph(text), derived(text, "remove short skips"))
    assert "new" not in found
    assert {reason.partition(",")[0] for _, reason in found["unused"]} == {"remove short skips"}
    assert all("project1" in name for name, _ in found["unused"])


def test_layers_behind_a_narrower_concatenation_are_new_because_of_the_line() -> None:
    text = CONCAT.replace("reshape([8, 64]) -> flatten", "conv(6, 1x1) -> gap -> flatten")
    found = outcome(graph(text), derived(text, "remove short skips"))
    names = {name for name, _ in found["new"]}
    assert names == {"conv3.weight", "conv3.bias"}
    assert {reason.partition(",")[0] for _, reason in found["new"]} == {"remove short skips"}


def test_another_shape_elsewhere_is_still_a_mistake() -> None:
    from archlang.weights.plan import MisfitError

    text = CONCAT.replace("reshape([8, 64]) -> flatten", "conv(6, 1x1) -> gap -> flatten")
    with pytest.raises(MisfitError) as error:
        outcome(graph(text), derived(text, "remove short skips", "input 1x8x8"))
    assert error.value.problem.code == "E0704"


# ── any network ──────────────────────────────────────────────────────────────────────────────

STEPS = [
    "conv(4, 3x3)", "bn", "relu", "conv(4, 3x3) + {k}", "{k} + conv(4, 1x1)", "dropout(0.1)",
    "conv(4, 3x3) ++ {k}\n    conv(4, 1x1)", "conv(4, 3x3) + scale(0.5)∘{k}", "Unit", "2 * Unit",
    "conv(4, 3x3) + {k} + {k2}", "branch add:\n        conv(4, 3x3)\n        {k}",
    "branch mean:\n        conv(4, 3x3)\n        conv(4, 1x1)\n        {k}",
    "branch:\n        conv(2, 1x1)\n        {k} -> conv(2, 1x1)",
    "dense 2:\n        relu -> conv(4, 3x3)\n    conv(4, 1x1)", "{k} * conv(4, 3x3)",
    "conv(4, 3x3) - {k}", "conv(4, 3x3) + project(bn)∘{k}", "repeat 2:\n        conv(4, 3x3) + {k}",
    "{u} = conv(8, 3x3)\n    conv(8, 1x1) + project∘{k}\n    conv(4, 1x1) + project∘{u}",
    "conv(4, 3x3) + {k} + 1",
]  # fmt: skip


@st.composite
def networks(draw: st.DrawFn) -> str:
    """A network of 4x8x8 throughout, with all kinds of merges."""
    lines = ["block Unit:", "    conv(4, 3x3) -> relu", "    conv(4, 3x3) + x -> relu"]
    lines += ["network Base:", "    input 4x8x8", "    t0 = conv(4, 3x3)"]
    steps = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
    for i, step in enumerate(steps, start=1):
        k, k2 = (f"t{draw(st.integers(0, i - 1))}" for _ in range(2))
        lines.append("    " + step.format(k=k, k2=k2, u=f"u{i}"))
        lines.append(f"    t{i} = relu")
    return "\n".join([*lines, "    gap -> flatten -> fc(2)", ""])


LINES = [
    "remove all skips", "remove short skips", "remove long skips", "remove dense skips",
    "replace all skips: scale(0.5)", "replace all skips: project(bn)∘Z", "replace short skips: Y",
    "remove all skips except add1", "replace all skips: conv(4, 1x1) -> bn",
]  # fmt: skip
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(networks(), st.lists(st.sampled_from(LINES), min_size=1, max_size=2))
def test_lines_about_skips_on_any_network(text: str, lines: list[str]) -> None:
    assert not check_text(text), render_text(check_text(text))
    whole = f"{text}\nnetwork N from Base:\n" + "".join(f"    {line}\n" for line in lines)
    found = check_text(whole)
    assert all(d.primary.span.start > len(text) for d in found), render_text(found)
    if found:
        return
    base, bare = graphs(whole)
    if lines == ["remove all skips"]:
        kinds = (Add, Concat, Mean)
        assert not [s for s in skips(bare) if isinstance(bare.nodes[s.merge].op, kinds)]
    known = {node.path: node.span for node in base.nodes}
    assert all(known[n.path] == n.span for n in bare.nodes if n.change is None)
    model = to_fx(bare)
    assert model(torch.zeros(2, 4, 8, 8)).shape == (2, 2)
    used = {name for name, p in model.named_parameters()}
    model(torch.randn(2, 4, 8, 8)).sum().backward()
    assert used == {n for n, p in model.named_parameters() if p.grad is not None}


def test_the_zoo_loads_with_weights_of_the_base() -> None:
    state = load("ResNet20").state_dict()
    text = (
        'use ResNet20 from "zoo/resnet_cifar.arch"\n'
        "network N from ResNet20:\n    remove short skips\n"
    )
    bare = graph(text)
    entries = plan(bare, shapes_of(bare), read_weights(state)).entries
    assert {entry.status for entry in entries} == {"loaded"}
