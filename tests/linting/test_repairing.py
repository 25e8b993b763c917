"""Fixes: what they write, that they change no more than the rule says, and that they compile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from archlang.compiler import check_text
from archlang.diagnostics.explain import examples
from archlang.diagnostics.model import Diagnostics, Severity
from archlang.editing.document import Document
from archlang.graph import Graph
from archlang.linting import lint_text
from archlang.linting.linter import catalogue
from archlang.linting.repairing import Repaired, repair
from archlang.linting.rules import RULES
from archlang.semantics.files import Loader
from archlang.semantics.network import expand_network
from archlang.source import Source
from tests.property.test_shapes import FEW, programs


def repaired(text: str) -> Repaired:
    """What becomes of a text."""
    document = Document("net.arch")
    document.update(text)
    return repair(document)


def graph(text: str) -> Graph:
    """The network N of a text."""
    sink = Diagnostics()
    module = Loader(sink).text(Source("net.arch", text))
    built = expand_network(module.networks["N"], {}, sink)
    assert built is not None
    return built


def layers(built: Graph) -> list[tuple[str, object]]:
    """The layers of a network by their paths, as far as they have weights or are not dropouts."""
    return [(node.path, node.op) for node in built.nodes]


NET = "network N:\n    input 3x8x8\n"
LINES = {
    "a call": ("conv(8, 3x3) -> bn", "conv(8, 3x3, bias=false) -> bn"),
    "no brackets": ("dwconv(3) -> bn", "dwconv(3, bias=false) -> bn"),
    "an argument": ("conv(8, bias=true) -> bn", "conv(8, bias=false) -> bn"),
    "a comma at the end": (
        "conv(\n        8,\n    ) -> bn",
        "conv(\n        8, bias=false,\n    ) -> bn",
    ),
    "grouped": ("conv((8)) -> bn", "conv((8), bias=false) -> bn"),
    "two lines": ("conv(8)\n    bn -> relu", "conv(8, bias=false)\n    bn -> relu"),
    "before a merge": ("conv(3) -> bn + x -> relu", "conv(3, bias=false) -> bn + x -> relu"),
    "relu twice": ("conv(8) -> relu -> relu", "conv(8) -> relu"),
    "relu thrice": ("conv(8) -> relu -> relu -> relu", "conv(8) -> relu"),
    "dropout last": ("conv(8) -> dropout(0.5)", "conv(8)"),
    "nothing": ("dropout(0.0) -> conv(8)", "conv(8)"),
    "a line": ("let a = 3\n    conv(8)", "conv(8)"),
    "an excuse": ("conv(8)  # lint: ignore W0501 (old)", "conv(8)"),
    "all at once": (
        "let a = 3\n    conv(8) -> bn -> relu -> relu -> conv(8) -> dropout(0.5)",
        "conv(8, bias=false) -> bn -> relu -> conv(8)",
    ),
}  # fmt: skip
KEPT = {
    "a name that would move": "y = conv(8) -> dropout(0.5)",
    "a comment within": "conv(\n        8  # eight\n    ) -> bn",
    "two different ones": "conv(8) -> relu -> sigmoid",
    "an assert": "conv(8) -> bn -> relu\n    assert params == 240",
}


@pytest.mark.parametrize(("line", "wanted"), LINES.values(), ids=LINES)
def test_what_a_fix_writes(line: str, wanted: str) -> None:
    result = repaired(f"{NET}    {line}\n")
    assert result.text == f"{NET}    {wanted}\n"
    assert result.count
    assert result.left == ()


@pytest.mark.parametrize("line", KEPT.values(), ids=KEPT)
def test_what_is_not_sure_is_left_alone(line: str) -> None:
    text = f"{NET}    {line}\n"
    result = repaired(text)
    assert result.text == text
    assert result.left


def test_a_repair_that_breaks_an_assert_is_refused_and_others_are_done() -> None:
    text = f"{NET}    conv(8) -> bn -> relu -> relu\n    assert params == 240\n"
    result = repaired(text)
    assert result.text == text.replace("relu -> relu", "relu")
    assert [d.code for d in result.refused] == ["W0501"]


BASE = "network A:\n    input 3x32x32\n"
END = "    gap -> flatten -> fc(10)\n"
MEANT = {
    "the other dropout": f"{BASE}    conv(8) -> relu -> dropout(0.0)\n    conv(8) -> relu -> "
    f"dropout(0.5)\n{END}\nnetwork B from A:\n    replace dropout1: dropout(0.3)\n",
    "another relu": f"{BASE}    conv(8) -> relu -> relu -> conv(8) -> relu\n    conv(8) -> relu\n"
    f"{END}\nnetwork B from A:\n    replace relu3: silu\n",
    "another's default": "network N(rate=0.0):\n    input 3x32x32\n    default dropout(p=rate)\n"
    f"    conv(8) -> relu -> dropout\n{END}",
    "another size": "network N(size=28):\n    input [1, size, size]\n"
    f"    crop(28x28) -> conv(8)\n{END}",
    "a bias that is asked for": "network N(b=true):\n    input 3x8x8\n"
    f"    conv(8, bias=b) -> bn\n{END}",
    "a shared layer": f"{BASE}    shared c = conv(3)\n    c -> bn -> relu\n    c -> bn\n{END}",
    "a constant": f"let L = conv(8)\n\n{BASE}    L -> bn -> relu\n{END}",
    "a layer that is given": "block Cv(C, bias=true):\n    conv(C, bias=false)\n    if bias:\n"
    "        relu\n\nblock B(F):\n    F(8) -> bn -> relu\n\n"
    f"{BASE}    B(conv) -> B(Cv)\n{END}",
}  # fmt: skip


@pytest.mark.parametrize("text", MEANT.values(), ids=MEANT)
def test_what_would_become_another_network_is_left_alone(text: str) -> None:
    assert repaired(text).text == text


def test_a_file_that_uses_this_one_stays_what_it_is(tmp_path: Path) -> None:
    text = f"{BASE}    conv(8) -> relu -> dropout(0.0)\n    conv(8) -> dropout(0.5)\n{END}"
    user = 'use A from "a.arch"\n\nnetwork B from A:\n    remove dropout2\n'
    one, other = Document("a.arch", tmp_path / "a.arch"), Document("b.arch", tmp_path / "b.arch")
    (tmp_path / "a.arch").write_text(text, encoding="utf-8")
    one.update(text)
    other.update(user)
    assert repair(one, users=[other]).refused
    assert one.text == text
    assert repair(one).text == text.replace(" -> dropout(0.0)", "")


def test_the_bias_is_all_that_goes() -> None:
    text = f"{NET}    conv(8) -> bn -> relu\n    3 * Unit(8)\n"
    text = "block Unit(C):\n    conv(C, 3x3) -> bn + x -> relu\n\n" + text
    before, after = graph(text), graph(repaired(text).text)
    assert after.params == before.params - 4 * 8
    assert [p for p, _ in layers(before)] == [p for p, _ in layers(after)]
    for (_, one), (_, two) in zip(layers(before), layers(after), strict=True):
        assert one == two or (one.bias, two.bias) == (True, False)  # pyright: ignore
        assert one == (two.model_copy(update={"bias": True}) if one != two else two)  # pyright: ignore


def test_line_ends_and_wide_characters_stay() -> None:
    text = f"# 𝔸 — ∘\n{NET}    conv(8) -> bn -> relu  # ∘\n".replace("\n", "\r\n")
    assert repaired(text).text == text.replace("conv(8)", "conv(8, bias=false)")


@pytest.mark.parametrize("problem", catalogue(), ids=lambda p: p.code)
def test_the_fix_of_an_example_leaves_no_error_and_ends_it(problem: type) -> None:
    wrong = examples(problem).wrong
    assert wrong is not None
    result = repaired(wrong)
    assert not [d for d in check_text(result.text) if d.severity is Severity.ERROR]
    assert result.count == 0 or problem.code not in {d.code for d in result.left}  # pyright: ignore


def test_rules_that_say_so_have_a_fix() -> None:
    for rule in RULES:
        wrong = examples(rule.problem).wrong or ""
        fixes = [d.fix for d in lint_text(wrong) if d.code == rule.problem.code]
        assert any(fixes) == (rule.repairs and rule.problem.code != "W0518"), rule.problem.code


def hold_sound(text: str) -> None:
    """Hold that a repaired program compiles, keeps its shape, and is not repaired further."""
    result = repaired(text)
    assert graph(result.text).outputs[0].tensor.shape == graph(text).outputs[0].tensor.shape
    assert repaired(result.text).text == result.text


@settings(FEW, max_examples=30)
@given(programs())
def test_random_networks(text: str) -> None:
    hold_sound(text)


@pytest.mark.slow
@settings(FEW, max_examples=500)
@given(programs())
def test_many_random_networks(text: str) -> None:
    hold_sound(text)
