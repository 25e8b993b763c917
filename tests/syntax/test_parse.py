"""Text to tree: precedence, layout, spans, and going on after a mistake."""

from __future__ import annotations

import pytest

from archlang.diagnostics.model import Diagnostics
from archlang.diagnostics.render import render_text
from archlang.source import Source
from archlang.syntax import tree
from archlang.syntax.parse import parse
from archlang.syntax.walk import walk


def file(text: str) -> tree.File:
    """The tree of a text without mistakes."""
    sink = Diagnostics()
    found = parse(Source("test.arch", text), sink)
    assert found is not None and not len(sink), render_text(sink)
    return found


def body(*lines: str) -> tuple[tree.Statement, ...]:
    """The statements of a network with these lines."""
    text = "network N:\n" + "".join(f"    {line}\n" for line in lines)
    (network,) = file(text).definitions
    assert isinstance(network, tree.Network)
    return network.body.statements


def mistakes(text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of each syntax error."""
    sink = Diagnostics()
    parse(Source("test.arch", text), sink)
    return [(d.code, *d.primary.span.begin) for d in sink]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a -> b + W∘x -> c", "a -> (b + (W∘x)) -> c"),
        ("W@x", "W∘x"),
        ("W∘a + b ++ c * d", "((W∘a) + b) ++ (c * d)"),
        ("2 * a -> b", "(2 * a) -> b"),
        ("-2**2", "-(2**2)"),
        ("2**3**2", "2**(3**2)"),
        ("not a or b and c", "(not a) or (b and c)"),
        ("a if b else c if d else e", "a if b else (c if d else e)"),
        ("a - b - c", "(a - b) - c"),
        ("a.b[0](1).c", "((a.b)[0])(1).c"),
        ("V∘W∘x", "V∘(W∘x)"),
        ("1 < 2 == true", "(1 < 2 == true)"),
    ],
)
def test_precedence(written: str, meant: str) -> None:
    assert body(written) == body(meant)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("asset input == 3", (2, 11)),
        ("x andy", (2, 7)),
        ("x notin y", (2, 7)),
        ("let iffy = 1 if2", (2, 18)),
    ],
)
def test_a_keyword_ends_where_its_word_ends(line: str, place: tuple[int, int]) -> None:
    """Where no name can stand the lexer looks for keywords alone: none is taken out of a word."""
    assert mistakes(f"network N:\n    {line}\n") == [("E0101", *place)]


@pytest.mark.parametrize("line", ["x if(a)else(b)", "a = not(x)", "y = 2 if a else-1"])
def test_a_keyword_needs_no_blank_before_a_sign(line: str) -> None:
    body(line)


LAYOUTS = [
    "network N:\n    input 3x8x8\n    conv(8, 3x3) -> relu\n",
    "network N:\n    input 3x8x8\n    conv(8, 3x3) -> relu",
    "\n\nnetwork N:\n\n  input 3x8x8\n\n  conv(8, 3x3) -> relu\n\n\n",
    "network N:\n\tinput 3x8x8\n\tconv(8, 3x3) -> relu\n",
    "network N: # a\n# b\n    input 3x8x8 # c\n  # d\n        # e\n    conv(8, 3x3) -> relu # f\n#",
    "network N:\n    input 3x8x8\n    conv(\n  8,\n            3x3, # a\n) -> relu\n",
    "network N:\n    input 3x8x8\n    conv(8, 3x3) \\\n        -> relu\n",
    "network N:\r\n    input 3x8x8\r\n    conv(8, 3x3) -> relu\r\n",
    "network N:\n    input 3x8x8   \n    conv( 8,3x3 )->relu\t\n   \n",
]


@pytest.mark.parametrize("text", LAYOUTS)
def test_layout_does_not_matter(text: str) -> None:
    assert file(text).definitions == file(LAYOUTS[0]).definitions


def test_every_span_shows_what_it_stands_for() -> None:
    text = (
        'network N(C=4):\n    input 3x8x8\n    y = conv(C, 3x3) -> bn + W∘x\n    [1, -2.5, "a"]\n'
    )
    (network,) = file(text).definitions
    spans = {type(node).__name__ + " " + node.span.text for node in walk(network)}
    for wanted in (
        "Step y = conv(C, 3x3) -> bn + W∘x",
        "Pipe conv(C, 3x3) -> bn + W∘x",
        "Binary bn + W∘x",
        "Matched W∘x",
        "Call conv(C, 3x3)",
        "Size 3x3",
        "Size 3x8x8",
        "Parameter C=4",
        "Unary -2.5",
        'Constant "a"',
        "Input input 3x8x8",
    ):
        assert wanted in spans
    for node in walk(network):
        for child in walk(node):
            if not isinstance(node, (tree.Network, tree.Suite)):
                assert node.span.start <= child.span.start <= child.span.end <= node.span.end


def test_a_documentation_string_is_unindented() -> None:
    text = 'network N:\n    """First.\n\n        Second.\n    Third.\n    """\n    input 3\n'
    (network,) = file(text).definitions
    assert isinstance(network, tree.Network)
    assert network.body.doc == "First.\n\n    Second.\nThird."


def test_all_syntax_errors_are_found_at_once() -> None:
    text = (
        "network N:\n"
        "    input 3x8x8\n"
        "    conv(8,, 3x3)\n"
        "    relu\n"
        "    for i in range(3)\n"
        "       relu -> -> bn\n"
        "    relu\n"
        "block B\n"
        "    a = = b\n"
    )
    assert mistakes(text) == [
        ("E0101", 3, 12),
        ("E0114", 5, 22),
        ("E0101", 6, 17),
        ("E0114", 8, 8),
        ("E0101", 9, 9),
    ]


@pytest.mark.parametrize(
    ("line", "column", "end"),
    [
        ("for i in range(3)", 22, ":"),
        ("for i in range(3)   # three", 22, ":"),
        ("if '#' == '#'  # a: b", 18, ":"),
        ("branch", 11, ":"),
    ],
)
def test_a_missing_colon_is_put_before_the_comment(line: str, column: int, end: str) -> None:
    text = f"network N:\n    {line}\n        relu\n"
    sink = Diagnostics()
    parse(Source("test.arch", text), sink)
    (found,) = sink
    assert (found.code, found.primary.span.begin) == ("E0114", (2, column))
    assert found.fix is not None and found.fix.replacement == end
    at = found.fix.span.start
    assert not mistakes(text[:at] + end + text[at:])


def test_tabs_in_documentation_are_no_indentation() -> None:
    text = 'block B(C):\n    """One.\n\n\t\ttabs\n    """\n    conv(C, 3x3)\n'
    sink = Diagnostics()
    assert parse(Source("t", text), sink) is not None
    assert not list(sink)
    parse(Source("t", text.replace("    conv", "\tconv")), sink)
    assert [d.code for d in sink] == ["E0103"]


@pytest.mark.parametrize(
    "text",
    [
        "    network A:\n        input 3x8x8\n        relu\n",
        "network A:\n    input 3x8x8\n    relu\n    elif true:\n        relu\n",
    ],
)
def test_nothing_is_said_of_what_stands_in_for_a_line(text: str) -> None:
    sink = Diagnostics()
    assert parse(Source("a.arch", text), sink) is None
    assert len(sink) == 1
    assert all("chain" not in problem.message for problem in sink)


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("conv(4) → relu", "conv(4) -> relu"),
        ("relu ⊕ x", "relu + x"),
        ("if 3 >2&true:", "if 3 >2 and true:"),
        ("relu)", "relu"),
    ],
)
def test_a_sign_of_another_language_is_repaired(line: str, mended: str) -> None:
    text = f"network N:\n    input 3x8x8\n    {line}\n"
    sink = Diagnostics()
    parse(Source("a.arch", text), sink)
    fix = next(iter(sink)).fix
    assert fix is not None
    whole = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    assert whole == text.replace(line, mended)


def test_what_may_be_repaired_in_two_ways_is_not() -> None:
    for text in ("let a = [1, 2)\n", "let a = “b”\n", "let a = 3 ^ 2\n"):
        sink = Diagnostics()
        parse(Source("a.arch", text), sink)
        assert next(iter(sink)).fix is None
