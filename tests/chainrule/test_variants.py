"""What is said of the uses of a block, of results, of layers that one could take for others."""

from __future__ import annotations

from pathlib import Path

import pytest

import archlang
from archlang.chainrule import letters, maps
from archlang.chainrule.latex import latex_of
from archlang.chainrule.notes import described
from archlang.chainrule.page import explain
from archlang.chainrule.rules import Rule, rule_of
from archlang.chainrule.text import text_of
from archlang.graph import Graph
from archlang.ops.activation import Elu, Tanh


def network(tmp_path: Path, text: str) -> Graph:
    path = tmp_path / "net.arch"
    path.write_text(text, encoding="utf-8")
    return archlang.network(str(path))


def uses(tmp_path: Path, body: str, calls: str, size: str = "8x8x8") -> list[str]:
    lines = "\n    ".join(calls.split("; "))
    graph = network(tmp_path, f"{body}\n\nnetwork N:\n    input {size}\n    {lines}\n")
    return [text_of(page) for page in explain(graph, "B")]


@pytest.mark.parametrize(
    ("block", "calls", "each"),
    [
        ("C, a):\n    conv(C) + scale(a)∘x -> relu", "B(8, 0.5); B(8, 0.1)", ("0.5 ·", "0.1 ·")),
        ("C, a):\n    conv(C) -> leaky_relu(a)", "B(8, 0.1); B(8, 0.3)", ("0.1;", "0.3;")),
        ("C, a):\n    conv(C, bias=a) -> relu", "B(8, true); B(8, false)", ("W1, b1)", "W1)")),
        ("C, a):\n    conv(C, stride=a) -> relu", "B(8, 1); B(8, 2)", ("swapped.", "stride is 2")),
        ("C, a):\n    conv(a) ++ x", "B(8, 4); B(8, 6)", ("G[4:12]", "G[6:18]")),
    ],
)  # fmt: skip
def test_uses_that_are_printed_differently_are_variants(
    block: str, calls: str, each: tuple[str, str], tmp_path: Path
) -> None:
    found = uses(tmp_path, f"block B({block}", calls)
    assert len(found) == 2
    assert all(want in " ".join(text.split()) for want, text in zip(each, found, strict=True))


MANY = "block B(C, n):\n    for i in range(n):\n        fc(C) -> relu"


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    found = uses(tmp_path, MANY, "; ".join(f"B(4, {n})" for n in range(1, 7)), "4")
    assert len(found) == 4
    assert "Left out: 2 more variants: b5, b6 (--focus b5)." in found[-1]
    assert not any("Left out" in text for text in found[:-1])


def test_a_use_that_fits_is_shown_behind_one_that_does_not(tmp_path: Path) -> None:
    (text,) = uses(tmp_path, MANY, "B(4, 40); B(4, 2)", "4")
    assert text.startswith("B, b2")
    assert "Left out: 1 use of more than 60 steps: b1." in text


TWO = """\
network Two:
    input 1
    fc(1, bias=false, init=constant(0.5)) -> sigmoid
    fc(1, bias=false, init=constant(0.5))
    output a = identity
    output b = a -> fc(1, bias=false, init=constant(2.0))
"""


def test_each_result_has_a_gradient_of_its_own(tmp_path: Path) -> None:
    (scalar,) = explain(network(tmp_path, TWO), at=[1.0])
    text, latex = text_of(scalar), latex_of(scalar)
    assert "given θ̄_1 = dR/dz_2 from outside = 1 and θ̄_2 = dR/dz_3 = 1" in text
    assert "dR/dz_2 = w_3 · θ̄_2 + θ̄_1   = 3" in text
    assert r"w_{3} \cdot \bar{\theta}_{2} + \bar{\theta}_{1} = 3" in latex
    (wide,) = explain(network(tmp_path, TWO.replace("input 1", "input 3")))
    assert "given G1 = ∇_Z2 R from outside and G2 = ∇_Z3 R" in text_of(wide)
    assert "∇Z2 = W3ᵀ G2 + G1" in text_of(wide)


def test_a_strange_layer_that_regularises_has_its_jacobian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = network(tmp_path, "network N:\n    input 4\n    fc(4) -> dropout(0.5) -> relu\n")
    monkeypatch.setattr("archlang.chainrule.rules.DROPPING", ())  # known by its family alone
    node = next(n for n in graph.nodes if n.op.style.family == "regular")
    assert type(rule_of(node, None, ())) is Rule  # pyright: ignore[reportArgumentType]  # unused


def test_the_shortcut_of_option_a_puts_zeros_between(tmp_path: Path) -> None:
    body = "block B(C, s):\n    conv(C, stride=s) + pad∘x -> relu"
    plain, strided = uses(tmp_path, body, "B(16, 1); B(32, 2)")
    assert "Pad†" in plain
    assert "puts zeros between" not in plain
    assert "cuts off what was added, and puts zeros between" in strided


def test_a_frozen_batch_norm_keeps_its_statistics(tmp_path: Path) -> None:
    spec = "network N:\n    input 4x8x8\n    conv(4) -> bn -> relu\n"
    (tmp_path / "net.arch").write_text(
        f"{spec}\nnetwork Fixed from N:\n    freeze *\n", encoding="utf-8"
    )
    text = text_of(explain(archlang.network(f"{tmp_path / 'net.arch'}:N"))[0])
    assert "mean(B)" in text
    path = f"{tmp_path / 'net.arch'}:Fixed"
    frozen = " ".join(text_of(explain(archlang.network(path))[0]).split())
    assert "BN is frozen: it keeps its running mean and deviation s" in frozen
    assert "mean(B)" not in frozen
    assert "learned: conv1, bn1." in frozen


def test_the_skips_of_a_u_net_have_no_w_with_weights(tmp_path: Path) -> None:
    spec = """\
network U:
    input 1x20x20
    e1 = conv(4, 3x3, pad=0) -> relu
    maxpool(2x2) -> conv(8, 3x3, pad=0) -> relu -> upconv(4)
    crop∘e1 ++ identity -> conv(4, 3x3, pad=0) -> relu
"""
    text = " ".join(text_of(explain(network(tmp_path, spec))[0]).split())
    assert "it comes through the weights behind the merge, but not the" in text
    assert "what W is made of" not in text


def test_no_constant_is_hidden_and_no_name_is_that_of_a_layer() -> None:
    assert described(Tanh()) == "tanh"
    assert described(Tanh(scale=1.7159, slope=0.6667)) == "tanh with scale = 1.7159, slope = 0.6667"
    assert "0.3" in described(Elu(alpha=0.3))
    tables = (maps._WEIGHTED, maps._LINEAR, maps._CURVED, maps._NORMS)
    names = {n for table in tables for n in table.values() if len(n) <= letters._LONGEST}
    assert names == letters._MAPS
