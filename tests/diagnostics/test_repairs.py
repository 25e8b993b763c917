"""Every repair that a diagnostic proposes is one: put in its place, that mistake is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlang.compiler import check_text
from archlang.diagnostics.catalog import problems
from archlang.diagnostics.explain import examples
from archlang.diagnostics.model import Diagnostic, Severity

CASES = sorted((Path(__file__).parent / "cases").glob("*.arch"))
WRONG = {
    code: wrong for code, cls in problems().items() if (wrong := examples(cls).wrong) is not None
}
CALLS = {
    "several arguments": ("concat(a, b)", "a ++ b"),
    "one, behind an arrow": ("a -> concat(b)", "a ++ b"),
    "one, behind several steps": ("a -> conv(4, 3x3) -> concat(b) -> relu",
                                  "a -> conv(4, 3x3) ++ b -> relu"),
    "one, behind a sum": ("(a + b) -> concat(b)", "(a + b) -> identity ++ b"),
    "one, in a line of its own": ("concat(b)", "identity ++ b"),
    "a list and the axis of channels": ("cat([a, b], dim=1)", "a ++ b"),
    "the axis from behind": ("cat([a, b], -3)", "a ++ b"),
    "added": ("add(a, b)", "a + b"),
    "multiplied": ("mul(a, b)", "a * b"),
    "three": ("add(a, b, x -> conv(4, 1x1))", "a + b + (x -> conv(4, 1x1))"),
    "within an expression": ("relu + add(a, b) * b", "relu + (a + b) * b"),
    "a function of constants": ("sum([a, b])", "a + b"),
    "the same, with tensors side by side": ("sum(a, b)", "a + b"),
    "with a comment": ("y = concatenate(a, b)  # both", "y = a ++ b  # both"),
}  # fmt: skip
UNTOLD = ("concat", "concat()", "cat([a, b], dim=2)", "cat([a, b], axis=dim)", "add(a, alpha=2)")


def proposing(texts: dict[str, str]) -> dict[str, str]:
    """Those in which something is proposed."""
    return {k: t for k, t in texts.items() if any(d.fix is not None for d in check_text(t))}


EXAMPLES = proposing(WRONG)
TEXTS = EXAMPLES | proposing({c.name: c.read_text(encoding="utf-8") for c in CASES})


def network(line: str) -> str:
    """A network that ends with a line."""
    kept = "    a = conv(4, 3x3)\n    b = conv(4, 3x3)\n"
    return f"network N:\n    input 3x8x8\n{kept}    {line}\n"


def mended(text: str, diagnostic: Diagnostic) -> str:
    """The text with what a diagnostic proposes."""
    fix = diagnostic.fix
    assert fix is not None
    assert fix.span.source.text == text
    assert fix.replacement != fix.span.text
    return text[: fix.span.start] + fix.replacement + text[fix.span.end :]


def errors(text: str) -> list[Diagnostic]:
    return [d for d in check_text(text) if d.severity is Severity.ERROR]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_repair_ends_its_mistake(text: str) -> None:
    found = check_text(text)
    for diagnostic in found:
        if diagnostic.fix is None:
            continue
        after = check_text(mended(text, diagnostic))
        place = diagnostic.code, diagnostic.primary.span.start
        assert place not in [(d.code, d.primary.span.start) for d in after]
        assert "E01" not in {d.code[:3] for d in after} - {d.code[:3] for d in found}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_repair_of_an_example_leaves_no_error(code: str) -> None:
    """The examples have one mistake each, so nothing else can be left."""
    for diagnostic in check_text(WRONG[code]):
        assert errors(mended(WRONG[code], diagnostic)) == []


def test_there_are_repairs() -> None:
    assert {"E0114", "E0201", "E0202", "E0207", "E0214", "E0301"} <= EXAMPLES.keys()
    assert len(TEXTS) > 15


@pytest.mark.parametrize(("line", "meant"), CALLS.values(), ids=CALLS)
def test_a_call_that_means_an_operator(line: str, meant: str) -> None:
    (diagnostic,) = errors(network(line))
    assert mended(network(line), diagnostic) == network(meant)
    assert errors(network(meant)) == []


@pytest.mark.parametrize("line", UNTOLD)
def test_nothing_is_proposed_where_it_cannot_be_told(line: str) -> None:
    found = errors(network(line))
    assert found[0].fix is None
    assert "it stands between what it joins: a +" in (found[0].help or "")


def test_what_is_imported_keeps_its_name_in_the_file() -> None:
    text = 'use ResNet51 from "zoo/resnet.arch"\n\nnetwork N = ResNet51(classes=10)\n'
    (diagnostic,) = errors(text)
    assert errors(mended(text, diagnostic)) == []
    unused = check_text('use ResNet51, ResNet50 from "zoo/resnet.arch"\nnetwork N = ResNet50()\n')
    assert [d.fix.replacement for d in unused if d.fix] == ["ResNet50"]
