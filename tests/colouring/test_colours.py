"""Colours outside of the server: Pygments, TextMate and Vim know the words of the grammar."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from editing.texts import every_text
from lark import Token
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String

from archlang.diagnostics.model import Diagnostics
from archlang.source import Source
from archlang.syntax.parse import parse, parser
from editors.generate import generated
from editors.vocabulary import vocabulary

ROOT = Path(__file__).parents[2]
VSCODE = ROOT / "editors/vscode"
WORDS = vocabulary()


def sound() -> dict[str, str]:
    """The texts that the parser accepts."""
    return {
        name: text
        for name, text in every_text().items()
        if "\r" not in text and parse(Source("a", text), Diagnostics()) is not None
    }


def expected(token: Token) -> object:
    """The colour of a word by what the parser takes it for."""
    kind = {"LONG_STRING": String.Doc, "STRING": String, "INT": Number, "FLOAT": Number}
    if token.type in kind:
        return kind[token.type]
    if token.type == "DIMS":
        return Number
    if token.type == "NAME":
        return Name
    if token in WORDS.booleans:
        return Keyword.Constant
    if token in ("and", "or", "not", "in"):
        return Operator.Word
    return Keyword if token.isidentifier() and token.type != "PATH" else None


def disagreements(text: str, lexer: Lexer | None = None) -> list[tuple[str, str, object]]:
    """Words whose colour is not that of what the parser takes them for."""
    colours = {}
    at = 0
    for kind, part in (lexer or get_lexer_by_name("arch")).get_tokens(text):
        colours[at] = kind
        at += len(part)
    source = Source("a", text)
    wrong = []
    for token in parser().tokens(source, text):
        wanted = expected(token)
        found = colours.get(token.start_pos or 0)
        if wanted is None or token.type.startswith("_"):
            continue
        if found is None or found not in wanted:
            if wanted is Name and found in Keyword:  # a word that is a name in its place
                continue
            wrong.append((token.type, str(token), found))
    return wrong


def test_nothing_is_lost_and_nothing_unknown() -> None:
    lexer = get_lexer_by_name("arch", stripnl=False, ensurenl=False)
    for name, text in every_text().items():
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        tokens = list(lexer.get_tokens(plain))
        assert "".join(part for _, part in tokens) == plain, name
    for name, text in sound().items():
        bad = [part for kind, part in lexer.get_tokens(text) if kind is Error]
        assert not bad, (name, bad)


def test_colours_are_those_of_the_parser() -> None:
    texts = sound()
    assert len(texts) > 200
    for name, text in texts.items():
        plain = text.strip("\n") + "\n"
        assert not disagreements(plain), name


def test_canary_a_lexer_without_a_rule_disagrees() -> None:
    lexer = type(get_lexer_by_name("arch"))
    text = "block B:\n    branch add:\n        conv(8, 3x3) -> relu\n        bn\n"
    assert not disagreements(text)
    rules = [r for r in lexer.tokens["root"] if "branch" not in getattr(r[0], "words", ())]
    assert len(rules) < len(lexer.tokens["root"])
    assert disagreements(text, type("Poor", (lexer,), {"tokens": {"root": rules}})())


def test_it_is_found_by_name_and_by_file() -> None:
    assert get_lexer_by_name("arch").name == get_lexer_for_filename("net.arch").name == "Arch"
    text = '    conv(8, 3x3) -> relu  # "no text"\n'
    found = {part: kind for kind, part in get_lexer_by_name("arch").get_tokens(text)}
    assert found["conv"] is Name.Builtin and found["3x3"] in Number
    assert found['# "no text"'] in Comment


def test_it_is_there_at_once() -> None:
    code = "import sys, archlang.tooling.pygments_lexer; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "pydantic", "lark", "networkx"} & set(done.stdout.split())


@pytest.mark.parametrize("path", sorted(generated()), ids=lambda path: path.name)
def test_what_is_written_is_what_would_be(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated()[path], "python -m editors.generate"


def test_the_textmate_grammar_is_whole() -> None:
    grammar = json.loads((VSCODE / "syntaxes/arch.tmLanguage.json").read_text(encoding="utf-8"))
    rules = grammar["repository"]
    assert [p["include"][1:] for p in grammar["patterns"]] == list(rules)
    layer = re.compile(rules["layer"]["match"])
    assert layer.fullmatch("conv") and not layer.fullmatch("convx")


def test_the_engine_of_vs_code_agrees_with_the_parser(tmp_path: Path) -> None:
    """vscode-textmate, over all texts: each word has a scope of the kind that the parser says."""
    if not (VSCODE / "node_modules/vscode-textmate").is_dir():
        pytest.skip("npm ci in editors/vscode has not been run")
    texts = sound()
    given = tmp_path / "texts.json"
    given.write_text(json.dumps(list(texts.values())), encoding="utf-8")
    done = subprocess.run(
        ["node", str(VSCODE / "test/scopes.js"), str(given)],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = {
        String.Doc: ("string.",),
        String: ("string.",),
        Number: ("constant.numeric",),
        Keyword.Constant: ("constant.language",),
        Operator.Word: ("keyword.operator",),
        Keyword: ("keyword", "storage.type"),
        Name: ("support", "entity", "variable", "keyword", "constant.language"),
    }
    for (name, text), scopes in zip(texts.items(), json.loads(done.stdout), strict=True):
        places = {(line, column): scope for line, column, scope in scopes}
        for token in parser().tokens(Source("a", text), text):
            kind = expected(token)
            if kind is None or token.type.startswith("_"):
                continue
            scope = places.get((token.line, token.column), "")
            assert scope.startswith(wanted[kind]), (name, token.line, str(token), scope)
