"""What is printed: the lecture's lines letter for letter, sums, wide lines, notes, refusals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archlang
from archlang.chainrule.model import Page
from archlang.chainrule.page import explain
from archlang.chainrule.text import WIDTH, text_of
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph

LECTURE = """\
Z1 = Conv(X | W1)
Y1 = f(Z1)
Z2 = Conv(Y1 | W2)
Y = f(Z2 + X)
∇Z2 = G ⊙ f'(Z2 + X)
∇Y1 = Conv(∇Z2 | W2†)
∇Z1 = ∇Y1 ⊙ f'(Z1)
∇X = Conv(∇Z1 | W1†) + G ⊙ f'(Z2 + X)
"""
UNIT = """\
block Unit(C):
    conv(C, 3x3, bias=false) -> relu
    conv(C, 3x3, bias=false) + x -> relu

network Small:
    input 4x8x8
    2 * Unit(4)
"""


def written(tmp_path: Path, text: str, **parameters: object) -> Graph:
    path = tmp_path / "small.arch"
    path.write_text(text, encoding="utf-8")
    return archlang.network(str(path), **parameters)


def body(tmp_path: Path, lines: str, size: str = "4x8x8") -> str:
    indented = "\n".join(f"    {line}" for line in lines.splitlines())
    return page(written(tmp_path, f"network Small:\n    input {size}\n{indented}\n"))


def page(graph: Graph, focus: str | None = None) -> str:
    return text_of(explain(graph, focus)[0])


def formulas(text: str) -> list[str]:
    """The lines with an equal sign, without what aligns them."""
    lines = [re.sub(r" +", " ", line).strip() for line in text.splitlines()]
    return [line for line in lines if re.match(r"\S+ = ", line)]


def test_the_residual_unit_is_the_lectures_letter_for_letter(tmp_path: Path) -> None:
    text = page(written(tmp_path, UNIT), "Unit")
    lines = formulas(text.partition("for the weights")[0])
    assert "\n".join(lines) + "\n" == LECTURE
    assert "backward, given G = ∇_Y R" in text
    assert "The term G ⊙ f'(Z2 + X) of ∇X is that of the skip. No weight stands in it" in text


def test_a_bias_does_not_change_the_way_back(tmp_path: Path) -> None:
    text = page(written(tmp_path, UNIT.replace(", bias=false", "")), "Unit")
    assert "Z1 = Conv(X | W1, b1)" in formulas(text)
    assert formulas(text)[4:8] == LECTURE.splitlines()[4:]
    assert "∇b1 = Σ ∇Z1" in formulas(text)


def test_the_chain_is_the_lectures_letter_for_letter() -> None:
    plain, skip = (page(archlang.network(n, L=3)) for n in ("Chain", "SkipChain"))
    product = "f'(w_1 x) · Π_{l=2..L+1} w_l f'(w_l y_{l-1})"
    assert f"  dR/dw_1 = θ̄ · x · {product}\n" in plain
    assert f"  dR/dw_1 = θ̄ · x · ( {product} + 1 )\n" in skip
    assert "  θ   = f(w_4 y_3)\n" in plain
    assert "  θ   = y_4 + w_1 x\n" in skip
    spelled = "θ̄ · x · f'(w_1 x) · w_2 f'(w_2 y_1) · w_3 f'(w_3 y_2) · w_4 f'(w_4 y_3)"
    assert f"= {spelled}\n" in plain


def test_a_long_chain_has_one_line_for_its_middle() -> None:
    text = page(archlang.network("SkipChain", L=500))
    assert "  y_l     = f(w_l y_{l-1})   for l = 2, …, L\n" in text
    assert "  y_{L+1} = f(w_{L+1} y_L)\n" in text
    assert "  θ       = y_{L+1} + w_1 x\n" in text
    assert len(text.splitlines()) < 20


def test_several_kinds_of_activations_in_a_chain(tmp_path: Path) -> None:
    lines = "fc(1, bias=false) -> tanh -> fc(1, bias=false) -> relu -> fc(1, bias=false)"
    text = body(tmp_path, lines, "1")
    assert "y_1 = f_1(w_1 x)" in text
    assert "Π_{l=2..L+1} w_l f_l'(w_l y_{l-1})" in text
    assert "f_l: tanh for l = 1; ReLU for l = 2; identity for l = 3." in text


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("a = conv(4)\nb = x -> conv(4)\na * b", ["∇Z1 = G ⊙ Z2", "∇Z2 = G ⊙ Z1"]),
        ("a = conv(4)\nx - a", ["Y = X − Z1", "∇Z1 = −G", "∇X = Conv(∇Z1 | W1†) + G"]),
        ("a = conv(2)\na ++ x", ["Y = [Z1, X]", "∇X = Conv(∇Z1 | W1†) + G[2:6]"]),
        ("a, b = x -> split(2)\na + b", ["∇X = [∇V1a, 0] + [0, ∇V1b]"]),
        ("conv(4) -> bn", ["∇Z1 = BN1'ᵀ G", "∇γ1 = Σ (G ⊙ Norm(Z1))"]),
        ("flatten -> fc(3)", ["Y = W1 V1 + b1", "∇V1 = W1ᵀ G", "∇X = Flatten†(∇V1)",
                              "∇W1 = G V1ᵀ"]),
        ("maxpool(2x2) -> avgpool(2x2)", ["∇P1 = AvgPool†(G)", "∇X = MaxPool1'ᵀ ∇P1"]),
        ("conv(4) -> dropout(0.1) -> relu", ["Y = f(M1 ⊙ Z1)", "∇Z1 = G ⊙ f'(M1 ⊙ Z1) ⊙ M1"]),
        ("flatten -> rbf(3)", ["∇V1 = J_rbf1ᵀ G"]),
        ("upconv(4)", ["Y = UpConv(X | W1, b1)", "∇X = Conv(G | W1)"]),
        ("conv(8, stride=2) + pad∘x -> relu",
         ["Y = f(Z1 + Pad(X))", "∇X = Conv(∇Z1 | W1†) + Pad†(G ⊙ f'(Z1 + Pad(X)))"]),
        ("shared f = conv(4)\nf -> relu -> f", ["∇W1 = X ⋆ ∇Z1 + Y1 ⋆ G"]),
        ("a = conv(4)\n-2 * a + x", ["Y = −2 · Z1 + X", "∇Z1 = −2 · G"]),
    ],
)  # fmt: skip
def test_formulas(lines: str, wanted: list[str], tmp_path: Path) -> None:
    found = formulas(body(tmp_path, lines))
    assert set(wanted) <= set(found), "\n".join(found)


def test_the_gate_has_the_names_of_its_author() -> None:
    found = formulas(page(archlang.network("Highway", L=4), "gated1.0"))
    assert "Y = T ⊙ H + (1 − T) ⊙ X" in found
    assert "∇T = G ⊙ H − G ⊙ X" in found
    assert "∇X = W1ᵀ ∇Z1 + W2ᵀ ∇Z2 + G ⊙ (1 − T)" in found


def test_what_is_shown_is_numbered_without_gaps(tmp_path: Path) -> None:
    lines = (
        "shared g = fc(4)\na = x -> g -> relu\nb = 2 * x -> g -> relu\n"
        "p = a * b\nE = p -> fc(3)\nE -> fc(2)"
    )
    found = formulas(body(tmp_path, lines, "4"))
    assert "Z2 = W1 S1 + b1" in found
    assert "E = W_E S2 + b_E" in found
    assert "Y = W2 E + b2" in found
    assert "∇W1 = ∇Z1 Xᵀ + ∇Z2 S1ᵀ" in found


def test_formulas_alone() -> None:
    (shown,) = explain(archlang.network("SkipChain", L=3), at=[1.0])
    whole, alone = text_of(shown), text_of(shown, formulas=True)
    assert whole.startswith(alone)
    assert "where" not in alone
    assert "Check" not in alone


def test_a_block_is_shown_in_its_variants() -> None:
    first, second = explain(archlang.network("ResNet18"), "Basic")
    assert (first.title, second.title) == (
        "Basic, layer1.0 (and 4 more)",
        "Basic, layer2.0 (and 2 more)",
    )
    assert "Zs = Conv(X | Ws)" in formulas(text_of(second))
    assert "it passes what W is made of" in text_of(second)


def pages() -> list[Page]:
    asked = (
        ("ResNet18", "Basic"), ("GoogLeNet", "Inception"), ("DenseNet121", "denseblock1"),
        ("PreActResNet18", "PreBasic"), ("UNet", None), ("VGG19", None), ("FractalNet", None),
    )  # fmt: skip
    found: list[Page] = []
    for spec, focus in asked:
        try:
            found += explain(archlang.network(spec), focus)
        except SpecError as error:
            assert error.diagnostics[0].code == "E0843"
    return found


def test_lines_are_at_most_a_hundred_columns_wide() -> None:
    texts = [text_of(p) for p in pages()]
    assert len(texts) > 6
    widest = [line for text in texts for line in text.splitlines() if len(line) > WIDTH]
    assert widest == []


@pytest.mark.parametrize(
    ("spec", "focus", "code", "words"),
    [
        ("ResNet18", None, "E0843", "--focus Basic"),
        ("ResNet18", "Basik", "E0842", "did you mean Basic?"),
        ("ResNet18", "layer9.0", "E0842", "archlang summary"),
        ("ResNet18", "layer1.0.conv1", "E0847", "--focus Basic or --focus layer1.0"),
        ("ResNet18", "conv1", "E0847", "--focus Basic or --focus layer1.0"),
        ("AlexNet", "conv1", "E0847", "--focus"),
        ("Highway", None, "E0843", "--focus Gated"),
    ],
)
def test_what_cannot_be_written(spec: str, focus: str | None, code: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        explain(archlang.network(spec), focus)
    assert [d.code for d in caught.value.diagnostics] == [code]
    assert words in str(caught.value)
