"""Legal sizes against torch itself: over the zoo, on networks of all kinds and on random ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archlang
from archlang.analysis.sizes import rules
from archlang.analysis.sizes.follow import Walk
from archlang.compiler import complete
from archlang.diagnostics.model import Diagnostics
from archlang.graph import Graph
from archlang.ops.registry import layers
from archlang.semantics.files import Loader
from archlang.zoo import zoo

from .oracle import built, disagreements, zoo_graph

FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def squares(made: Graph, numbers: range) -> list[tuple[tuple[int, ...], ...]]:
    """Sizes with all axes equal."""
    ranks = [len(made.nodes[i].shape) - 1 for i in made.inputs]
    return [tuple((n,) * rank for rank in ranks) for n in numbers]


# ── the paper ────────────────────────────────────────────────────────────────────────────────


def test_the_u_net_of_the_paper() -> None:
    found = archlang.sizes("UNet")
    rule = found.rule()
    assert (rule.period, rule.remainders, rule.minimum, rule.exceptions) == (16, (12,), 188, ())
    assert found.proved
    assert found.nearest(570) == (556, 572)
    assert found.nearest(572) == (572,)
    assert found.nearest(100) == (188,)
    assert found.output(572) == (2, 388, 388)
    assert "2 x (H − 184) x (W − 184)" in str(found)
    assert "n ≡ 12 (mod 16), n ≥ 188" in str(found)


@pytest.mark.parametrize(
    ("network", "rule", "output"),
    [
        ("UNetPadded", "n ≡ 0 (mod 16), n ≥ 16", "2 x H x W"),
        ("ResNet18", "n ≥ 1", "1000"),
        ("VGG16", "n ≥ 32", "1000"),
        ("AlexNet", "n ≥ 63", "1000"),
        ("LeNet5", "32…35", "10"),
        ("GoogLeNet2014", "223…270", "1000"),
    ],
)
def test_rules_of_the_zoo(network: str, rule: str, output: str) -> None:
    text = str(archlang.sizes(network))
    assert rule in text
    assert f"output  {output}" in text


def test_the_layer_that_fixes_the_size_is_named() -> None:
    text = str(archlang.sizes("LeNet5"))
    assert "fixed by fc1 (fc, line 14), built for 400 = 16·5·5" in text
    assert "H 16…19 with W 112…115" in text
    assert archlang.sizes("LeNet5").legal(16, 115)
    assert not archlang.sizes("LeNet5").legal(16, 116)


# ── against torch ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("network", "numbers"),
    [("UNet", range(186, 206)), ("UNetPadded", range(1, 36)), ("LeNet5", range(1, 60)),
     ("AlexNet", range(50, 80)), ("ResNet18", range(1, 5))],
)  # fmt: skip
def test_what_is_legal_is_what_torch_runs(network: str, numbers: range) -> None:
    made = zoo_graph(network)
    assert disagreements(made, squares(made, numbers)) == []


def _zoo_networks() -> list[str]:
    """The networks of the zoo that need no parameters."""
    loader = Loader(Diagnostics())
    known = zoo().items()
    return sorted(name for name, file in known if complete(loader.file(file).networks[name]))


@pytest.mark.slow
@pytest.mark.parametrize("network", _zoo_networks())
def test_the_whole_zoo(network: str) -> None:
    made = zoo_graph(network)
    if not any(len(made.nodes[i].shape) > 1 for i in made.inputs):
        return
    rule = archlang.sizes(made).square
    first = rule.smallest or 1
    numbers = range(max(1, first - 6), first + min(2 * rule.period + 6, 80))
    assert disagreements(made, squares(made, numbers)) == []


NETWORKS = {
    "signal": """
    input 2x100
    conv(4, 5, pad=0) -> maxpool(3, stride=2, ceil=true) -> upconv(4, 3, stride=3, output_pad=1)
""",
    "volume": """
    input 1x12x12x12
    a = conv(4, 3, pad=0)
    b = a -> avgpool(2) -> upconv(4)
    crop∘a ++ b
""",
    "swapped": """
    input 3x32x48
    conv(4, 3x3) -> permute([0, 2, 1]) -> conv(4, 3x3, stride=2x1) -> pixel_unshuffle(2)
""",
    "coupled": """
    input 3x16x16
    a = conv(4, 3x3)
    a -> permute([0, 2, 1]) -> conv(4, 3x3, pad=0) -> pad(1)
    b = identity
    a + b
""",
    "two": """
    input left: 3x16x16
    input right: 3x32x32
    l = left -> conv(4, 3x3)
    r = right -> avgpool(2x2)
    r -> conv(4, 3x3)
    m = identity
    l + m
""",
    "spread": """
    input 3x32x32
    conv(4, 4x4, stride=4, pad=0) -> inorm
""",
    "tokens": """
    input 3x32x32
    conv(4, 4x4, stride=4, pad=0) -> reshape([4, -1]) -> permute([1, 0]) -> permute([1, 0])
""",
    "fixed": """
    input 3x16x16
    conv(4, 3x3, stride=2) -> ln(axes="all") -> conv(4, 3x3)
""",
    "reflect": """
    input 3x16x16
    pad(3, mode="reflect") -> conv(4, 3x3, pad=0, padding_mode="circular") -> lppool(3x3, stride=2)
""",
    "excited": """
    input 3x16x16
    a = conv(4, 3x3, stride=2)
    gap -> conv(4, 1x1) -> sigmoid
    s = identity
    a * s
""",
    "repeated": """
    input 3x17x16
    a = maxpool(2x2) -> maxpool(2x2) -> maxpool(2x2)
    b = x -> maxpool(8x8)
    a + b
""",
    "finer": """
    input 3x16x16
    conv(4, 3x3, stride=3) -> upsample(1.5) -> conv(8, 1x1) -> pixel_shuffle(2) -> crop(8x8)
""",
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_all_kinds(name: str) -> None:
    made = built(f"network N:{NETWORKS[name]}")
    ranks = [len(made.nodes[i].shape) - 1 for i in made.inputs]
    sizes = squares(made, range(1, 40))
    for n in range(1, 22):
        for m in (1, 2, n + 1, 2 * n, 16):
            if ranks == [2]:
                sizes.append(((n, m),))
            elif len(ranks) == 2:
                sizes.append(((n, n), (m, m)))
    # a size of 1 is repeated by torch wherever sizes meet, which no rule is made for
    sizes = [s for s in sizes if name not in ("two", "coupled") or min(min(p) for p in s) > 3]
    assert disagreements(made, sizes) == []


def test_several_inputs_are_tied() -> None:
    found = archlang.sizes(built(f"network N:{NETWORKS['two']}"))
    assert [g.factors for g in found.groups] == [(1, 2), (1, 2)]
    assert found.nearest((20, 20), (42, 42)) == (((20, 20), (40, 40)), ((21, 21), (42, 42))) or (
        found.legal(*found.nearest((20, 20), (42, 42))[0])
    )


# ── random networks ──────────────────────────────────────────────────────────────────────────

strides = st.sampled_from([1, 2, 2, 3])


@st.composite
def steps(draw: st.DrawFn) -> str:
    """A layer that changes the size, or does not."""
    k = draw(st.integers(1, 4))
    s, p = draw(strides), draw(st.integers(0, 1))
    ceil = draw(st.sampled_from(["true", "false"]))
    kinds = [
        f"conv(3, {k}, stride={s}, pad={p})",
        f"maxpool({max(2, k)}, stride={s}, pad={p}, ceil={ceil})",
        f"avgpool({max(2, k)}, stride={s}, ceil={ceil})",
        f"upconv(3, {k}, stride={s})",
        "conv(3, 3, pad=0, dilation=2)",
        f"upsample({draw(st.sampled_from([2, 1.5, 0.5]))})",
        f"pad([[{p}, {k}], [0, {p}]])",
        "bn -> relu",
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Layers one after the other, some paths left out by skips that are cropped or fit or not."""
    lines = [
        f"    input 3x{draw(st.integers(20, 60))}x{draw(st.integers(20, 60))}",
        "    e0 = relu",
    ]
    for number in range(1, draw(st.integers(1, 3)) + 1):
        path = " -> ".join(draw(st.lists(steps(), min_size=1, max_size=3)))
        lines.append(f"    e{number} = {path}")
        other = f"e{draw(st.integers(0, number - 1))}"
        skips = [f"crop∘{other} ++ e{number}", f"resize∘{other} ++ e{number}"]
        meet = draw(st.sampled_from(["", "", *skips]))
        if meet:
            lines.append(f"    {meet} -> conv(3, 1x1)" if draw(st.booleans()) else f"    {meet}")
            lines.append("    conv(3, 1x1)")
    return "network N:\n" + "\n".join(lines) + "\n"


def check_random(text: str) -> None:
    """A random program is legal where torch runs it, from the smallest size on."""
    from archlang.compiler import check_text
    from archlang.diagnostics.model import Severity

    if any(d.severity is Severity.ERROR for d in check_text(text)):
        return
    made = built(text)
    assert disagreements(made, squares(made, range(1, 60))) == []


@FEW
@given(programs())
def test_random_networks(text: str) -> None:
    check_random(text)


@pytest.mark.slow
@settings(FEW, max_examples=150)
@given(programs())
def test_many_random_networks(text: str) -> None:
    check_random(text)


# ── the rules themselves ─────────────────────────────────────────────────────────────────────


def test_every_layer_has_a_rule() -> None:
    ours = [op for op in layers().values() if op.__module__.startswith("archlang.ops.")]
    missing = [op.__name__ for op in ours if op not in rules._RULES]
    assert missing == []


def test_a_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: were the period of a pool not its stride, torch would not agree."""

    def off(walk: Walk, node: object, xs: tuple) -> tuple:
        return (xs[0],)

    from archlang.ops.pooling import MaxPool

    monkeypatch.setitem(rules._RULES, MaxPool, off)
    made = zoo_graph("UNetPadded")
    assert disagreements(made, squares(made, range(1, 36))) != []
