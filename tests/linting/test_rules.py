"""Every rule finds its wrong example and nothing in its right one; the zoo is clean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from archlang.diagnostics.explain import examples
from archlang.diagnostics.model import Severity
from archlang.editing.document import Document
from archlang.linting import lint, lint_file, lint_text
from archlang.linting.linter import catalogue, codes
from archlang.linting.rules import RULES
from archlang.zoo import zoo_folder
from tests.property.corpus import corpus
from tests.property.test_shapes import FEW, programs

BY_CODE = {problem.code: problem for problem in catalogue()}


def net(*lines: str, size: str = "3x16x16", top: str = "") -> str:
    """A network of some lines."""
    return f"{top}network N:\n    input {size}\n" + "".join(f"    {line}\n" for line in lines)


def found(text: str) -> list[str]:
    """The codes of what is said of a text."""
    return [d.code for d in lint_text(text)]


@pytest.mark.parametrize("code", BY_CODE)
def test_the_wrong_example_is_found_and_the_right_one_is_clean(code: str) -> None:
    wrong, right = examples(BY_CODE[code])
    assert wrong is not None
    assert right is not None
    assert {d.code for d in lint_text(wrong)} == {code}
    assert lint_text(right) == ()


def test_codes_are_warnings_with_one_rule_each() -> None:
    assert len(RULES) >= 14
    assert len({rule.problem.code for rule in RULES}) == len(RULES)
    assert {p.severity for p in catalogue()} == {Severity.WARNING}
    assert codes() == {c for c in BY_CODE if c.startswith("W05")}


@pytest.mark.parametrize("file", sorted(zoo_folder().glob("*.arch")), ids=lambda f: f.stem)
def test_the_zoo_is_clean(file: Path) -> None:
    assert [d.code for d in lint_file(file)] == []


FINE = {
    "a bias with group normalisation": net("conv(8, 3x3) -> gn(4) -> relu"),
    "a bias that a skip takes too": net("Y = conv(3, 3x3)", "bn + Y -> relu"),
    "a bias that default takes away": net("default conv(bias=false)", "conv(8, 3x3) -> bn -> relu"),
    "depthwise and pointwise": net("dwconv(3x3) -> conv(8, 1x1) -> relu"),
    "factorised": net("conv(8, 1x7) -> conv(8, 7x1) -> relu"),
    "low rank": net("fc(10) -> fc(784) -> relu", size="784"),
    "only padding is left over": net("conv(8, 7x7, stride=2) -> relu", size="3x224x224"),
    "a strided shortcut": net("conv(8, 1x1, stride=2) -> relu", size="3x15x15"),
    "an even kernel with stride 2": net("conv(8, 4x4, stride=2, pad=1) -> relu"),
    "an even kernel without padding": net("conv(8, 2x2, pad=0) -> relu"),
    "ceil sees the last row": net("conv(8, 3x3) -> relu -> maxpool(2x2, ceil=true)", size="3x9x9"),
    "softmax inside": net("fc(10) -> softmax -> fc(3)", size="784"),
    "log_softmax": net("fc(10) -> log_softmax", size="784"),
    "mish by hand": net("conv(8, 3x3) -> x * (softplus -> tanh)", size="8x8x8"),
    "a square": net("conv(8, 3x3)", "Y = identity", "Y * Y"),
    "a name for parameters": net("stem = conv(8, 3x3) -> relu", "gap -> flatten -> fc(3)"),
    "a size from a let": "let H = 8\n" + net("conv(8, 3x3)", size="3xHxH"),
    "a file of blocks": "let a = 1\nblock U(C):\n    conv(C) -> relu\n",
    "a dropout that may be off": "block D(p):\n    dropout(p)\n\n"
    + net("fc(9) -> relu", "D(p=0.0)", "fc(3)", size="784"),
    "a parameter for company": "block A(C, s=1):\n    conv(C, 3x3, stride=s) -> relu\n\n"
    "block B(C, s=1):\n    conv(C, 3x3) -> relu\n\n"
    "network N(U):\n    input 3x8x8\n    U(8, s=1)\n\nnetwork M = N(A)\nnetwork O = N(B)\n",
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_what_is_meant_is_left_alone(text: str) -> None:
    assert found(text) == []


BAD = {
    "a transposed convolution": (net("upconv(8) -> bn -> relu"), ["W0501"]),
    "the layer before on another line": (net("conv(8, 3x3)", "bn -> relu"), ["W0501"]),
    "linear through dropout": (
        net("fc(99) -> dropout(0.5) -> fc(10)", size="784"), ["W0502"]),
    "convolution, flatten, fc": (net("conv(8, 3x3) -> flatten -> fc(10)"), ["W0502"]),
    "sigmoid behind relu": (net("conv(8, 3x3) -> relu -> sigmoid"), ["W0503"]),
    "softmax twice": (net("fc(9) -> softmax -> softmax", size="9"), ["W0510", "W0503"]),
    "dropout of what is classified": (
        net("fc(9) -> dropout(0.5) -> log_softmax", size="9"), ["W0505"]),
    "rows of a signal": (net("conv(8, 3) -> relu -> maxpool(2)", size="2x15"), ["W0507"]),
    "a convolution with gaps": (
        net("conv(8, 3x3, stride=4) -> relu", size="3x17x17"), ["W0508"]),
    "twice the same channels": (net("conv(8, 3x3)", "Y = relu", "Y ++ Y"), ["W0514"]),
    "no rounds": (net("conv(8, 3x3) -> relu", "0 * conv(8, 3x3)"), ["W0522"]),
    "one line in a branch": (net("branch:", "    conv(8, 3x3) -> relu"), ["W0522"]),
    "an unused let": (net("let a = 3", "conv(8, 3x3)"), ["W0517"]),
    "an unused shared layer": (net("shared a = conv(3)", "conv(8, 3x3)"), ["W0516"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), BAD.values(), ids=BAD)
def test_what_is_probably_not_meant(text: str, wanted: list[str]) -> None:
    assert sorted(found(text)) == sorted(wanted)


UNIT = "block Unit(C):\n    conv(C, 3x3) -> bn -> relu\n\n"


def test_a_mistake_in_a_block_is_reported_once_with_its_uses() -> None:
    (only,) = lint_text(net("16 * Unit(8)", top=UNIT))
    assert only.code == "W0501"
    assert only.notes == ("so in each of its 16 uses",)
    assert only.fix is not None


def test_what_holds_in_some_uses_says_in_which() -> None:
    block = "block Unit(C, norm):\n    conv(C, 3x3) -> norm -> relu\n\n"
    (only,) = lint_text(net("Unit(8, norm=bn) -> Unit(8, norm=identity)", top=block))
    assert only.notes == ("so in 1 of its 2 uses: unit1.conv1 of N",)
    assert only.fix is None


def test_the_arithmetic_is_shown() -> None:
    (only,) = lint_text(net("conv(8, 3x3) -> relu -> maxpool(2x2)", size="3x15x15"))
    assert only.notes == ("(15 + 2·0 − 1·(2 − 1) − 1) mod 2 = 1",)
    assert only.message.startswith("the last row and the last column of the input are never seen")


def test_a_file_with_errors_has_no_warnings() -> None:
    assert lint_text(net("conv(8, 3x3) -> bn", "reluu")) == ()


def test_an_edit_is_looked_at_again_and_places_follow() -> None:
    document = Document("net.arch")
    text = net("2 * Unit(8)", top=UNIT)
    document.update(text)
    (before,) = lint(document.analysis())
    document.update("# one more line\n" + text)
    (after,) = lint(document.analysis())
    assert after.primary.span.begin.line == 3
    assert after.message == before.message
    document.update(text.replace("conv(C, 3x3)", "conv(C, 3x3, bias=false)"))
    assert lint(document.analysis()) == ()


def test_names_that_another_file_uses_are_used() -> None:
    text = UNIT.replace("3x3", "3x3, bias=false") + net("relu")
    document = Document("net.arch")
    document.update(text)
    assert [d.code for d in lint(document.analysis())] == ["W0518"]
    assert lint(document.analysis(), frozenset({"Unit"})) == ()


def test_the_corpus_is_linted_without_a_crash() -> None:
    for text in corpus():
        lint_text(text)


@settings(FEW, max_examples=40)
@given(programs())
def test_random_networks_are_linted_without_a_crash(text: str) -> None:
    assert {d.code for d in lint_text(text)} <= codes()
