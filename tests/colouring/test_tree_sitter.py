"""The tree-sitter grammar: its trees are Lark's, and a broken line breaks no other definition."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from formatting.programs import program
from lark.exceptions import LarkError

from archlang.diagnostics.model import Mistake

from .tree_sitter_trees import (
    FOLDER,
    Node,
    built,
    language_of,
    lark_tree,
    sitter_tree,
)

tree_sitter = pytest.importorskip("tree_sitter")
SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.arch"))
GENERATOR = "0.24.7"


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return language_of(built(tmp_path_factory.mktemp("arch")))


@pytest.fixture(scope="module")
def parser(language: Any) -> Any:
    return tree_sitter.Parser(language)


def wanted(text: str) -> Node | None:
    """Lark's tree; None if it refuses the text."""
    try:
        return lark_tree(text)
    except (LarkError, Mistake):
        return None


def agrees(parser: Any, text: str) -> bool:
    """Whether both refuse a text, or make the same tree of it; returns whether they took it."""
    root = parser.parse(text.encode()).root_node
    tree = wanted(text)
    assert root.has_error == (tree is None), text
    assert tree is None or sitter_tree(text, root) == tree
    return tree is not None


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_specs_give_the_tree_that_lark_gives(parser: Any, path: Path):
    text = path.read_text(encoding="utf-8")
    assert agrees(parser, text)
    assert agrees(parser, text.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    "seeds", [range(60), pytest.param(range(60, 2000), marks=pytest.mark.slow)], ids=str
)
def test_random_programs_give_the_tree_that_lark_gives(parser: Any, seeds: range):
    taken = sum(agrees(parser, program(seed)) for seed in seeds)
    assert taken > 0.8 * len(seeds)


@pytest.mark.parametrize(
    "seeds", [range(80), pytest.param(range(80, 2000), marks=pytest.mark.slow)], ids=str
)
def test_texts_with_a_character_lost_are_refused_alike(parser: Any, seeds: range):
    taken = 0
    for seed in seeds:
        text = SPECS[seed % len(SPECS)].read_text(encoding="utf-8")
        at = random.Random(seed).randrange(len(text))
        taken += agrees(parser, text[:at] + text[at + 1 :])
    assert 0 < taken < len(seeds)


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "# only\n", "let a = HxW\n", "let a = HxWide\n", "let a = 3x4xC\n",
        "let a = f(\n1, # one\n  2,\n)\n", "let a = 1 + \\\n  2\n", "let a = 1 +\n  2\n",
        "block B:\n  adapt = x\n  adapt a.*: sum\n  weights 'v'\n  weights if a else b\n",
        "block B:\n  remove long  skips\n  remove long\n  remove all skips except a.1\n",
        "block B:\n    x\n   y\n", " let a = 1\n", "block B:\n  x\n# out\n\n  # in\n  y\n# end\n",
        'block B:\n  """a "" \\""" b"""\n  x\n', "block B:\n  x -> dense(3)\n",
        "block B:\n  (x -> dense(3))\n", "let a = (b]\n", "let a = )\n", "let a = 'x\n",
        "block B:\n\tx\n        y\n", "let a = [i for i in x if y]\n", "let a = not b in c\n",
        "let a = b # x \\\n", "let a = b -> # c\nlet d = 1\n", "block B: x",
    ],
)  # fmt: skip
def test_corners_of_the_language(parser: Any, text: str):
    agrees(parser, text)


def definitions(root: Any) -> dict[str, bool]:
    """Name of each whole definition, and whether something within it is broken."""
    found = (n for n in root.children if n.type in ("block", "network", "let"))
    return {n.child_by_field_name("name").text.decode(): n.has_error for n in found}


BROKEN = ["conv(", "x = conv(3,", "x ->", "[1, 2", "'open", "for i in", "if a", "let", "a b", ")"]


@pytest.mark.parametrize("line", BROKEN)
def test_a_half_written_line_leaves_other_definitions_whole(parser: Any, line: str):
    text = (
        f"block A:\n  conv\n\nblock B:\n  relu\n  {line}\n\nblock C(n):\n  conv(n)\n\nlet d = 1\n"
    )
    root = parser.parse(text.encode()).root_node
    assert root.has_error
    found = definitions(root)
    assert [found.get(name) for name in "ACd"] == [False, False, False], str(root)


def test_an_edit_gives_the_tree_of_the_whole_text(parser: Any):
    text = SPECS[-1].read_text(encoding="utf-8").encode()
    chance = random.Random(7)
    for _ in range(60):
        tree = parser.parse(text)
        start = chance.randrange(len(text))
        end = min(len(text), start + chance.choice([0, 0, 1, 12]))
        put = chance.choice([b"", b"\n", b"(", b")", b"  ", b"# x\n", b"\nblock Q:\n  x\n"])
        after = text[:start] + put + text[end:]
        tree.edit(
            start_byte=start, old_end_byte=end, new_end_byte=start + len(put),
            start_point=_point(text, start), old_end_point=_point(text, end),
            new_end_point=_point(after, start + len(put)),
        )  # fmt: skip
        again, fresh = parser.parse(after, tree).root_node, parser.parse(after).root_node
        if not fresh.has_error:
            assert str(again) == str(fresh)
            text = after


def _point(text: bytes, at: int) -> tuple[int, int]:
    return text.count(b"\n", 0, at), at - (text.rfind(b"\n", 0, at) + 1)


def test_a_body_ends_before_what_belongs_to_the_next_definition(parser: Any):
    text = b"block A:\n  x\n  # in A\n\n# of B\nblock B:\n  y\n"
    first = parser.parse(text).root_node.children[0]
    assert first.text == b"block A:\n  x\n  # in A\n"


def test_every_token_is_coloured_by_its_kind(language: Any, parser: Any):
    query = tree_sitter.Query(language, (FOLDER / "queries" / "highlights.scm").read_text())
    leaves = 0
    for path in SPECS:
        root = parser.parse(path.read_bytes()).root_node
        captures = tree_sitter.QueryCursor(query).captures(root)
        given = {(n.start_byte, n.end_byte): c for c, nodes in captures.items() for n in nodes}
        for kind, text, place in _leaves(root):
            leaves += 1
            assert given[place].split(".")[0] in _colours(kind, text), (kind, text, given[place])
    assert leaves > 2000


def _leaves(node: Any) -> list[tuple[str, str, tuple[int, int]]]:
    if node.child_count == 0:
        return [(node.type, node.text.decode(), (node.start_byte, node.end_byte))]
    return [leaf for child in node.children for leaf in _leaves(child)]


def _colours(kind: str, text: str) -> tuple[str, ...]:
    named = {
        "identifier": ("variable", "function", "type", "constant", "property"),
        "path": ("property",),
        "skip_kind": ("keyword",),
        "comment": ("comment",),
        **dict.fromkeys(("integer", "real", "size"), ("number",)),
        **dict.fromkeys(("string", "docstring"), ("string",)),
        **dict.fromkeys(("true", "false"), ("boolean",)),
    }
    return named.get(kind) or (("keyword",) if text.isalpha() else ("operator", "punctuation"))


@pytest.mark.parametrize("name", ["highlights", "folds", "indents", "locals", "injections"])
def test_queries_fit_the_grammar(language: Any, name: str):
    query = tree_sitter.Query(language, (FOLDER / "queries" / f"{name}.scm").read_text())
    assert query.pattern_count > 0


@pytest.mark.slow
def test_the_committed_parser_is_what_the_grammar_gives(tmp_path: Path):
    generator = shutil.which("tree-sitter")
    if generator is None or shutil.which("node") is None:
        pytest.skip("no tree-sitter generator here")
    told = subprocess.run([generator, "--version"], capture_output=True, text=True, check=True)
    if GENERATOR not in told.stdout:
        pytest.skip(f"the parser was generated by tree-sitter {GENERATOR}")
    for name in ("grammar.js", "tree-sitter.json", "package.json"):
        shutil.copy(FOLDER / name, tmp_path)
    command = [generator, "generate", "--abi", "14"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    for name in ("parser.c", "grammar.json", "node-types.json"):
        assert (tmp_path / "src" / name).read_text() == (FOLDER / "src" / name).read_text()
