"""Trees of tree-sitter and of Lark in one form: nested (kind, start, end, children)."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from lark import Lark, Token, Tree

from archlang.source import Source
from archlang.syntax.boundaries import end_at_words
from archlang.syntax.indentation import Indentation
from archlang.syntax.parse import GRAMMAR

FOLDER = Path(__file__).parents[2] / "editors" / "tree-sitter-arch"
Node: TypeAlias = tuple[str, int, int, tuple[Any, ...]]

_KINDS = {
    "file": "source_file", "let_function": "let", "network_alias": "network",
    "network_derived": "network", "nested_step": "step", "nested_binding": "binding",
    "nested_output": "output", "flow_into": "pipe", "for_": "for", "if_": "if", "elif_": "elif",
    "else_": "else", "assert_": "assert", "list_": "list",
}  # fmt: skip
_THROUGH = {
    "line", "let_line", "default_line", "exprs", "imports", "network_end", "output_head",
    "target_group", "comparator", "name", "integer", "real", "size", "text",
}  # fmt: skip
_LEAVES = {
    "NAME": "identifier", "INT": "integer", "FLOAT": "real", "DIMS": "size", "STRING": "string",
    "LONG_STRING": "docstring", "PATH": "path", "SKIPS": "skip_kind",
}  # fmt: skip


def built(folder: Path) -> Path:
    """The parser as a shared library, made by the machine's C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler to build the tree-sitter parser")
    library = folder / "arch.so"
    source = FOLDER / "src"
    files = [str(source / "parser.c"), str(source / "scanner.c")]
    command = [compiler, "-O1", "-shared", "-fPIC", f"-I{source}", *files, "-o", str(library)]
    subprocess.run(command, check=True, capture_output=True)
    return library


def language_of(library: Path) -> Any:
    """The language in a shared library, for py-tree-sitter."""
    tree_sitter = pytest.importorskip("tree_sitter")
    entry = ctypes.CDLL(str(library)).tree_sitter_arch
    entry.restype = ctypes.c_void_p
    new = ctypes.pythonapi.PyCapsule_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return tree_sitter.Language(new(entry(), b"tree_sitter.Language", None))


@cache
def _lark() -> tuple[Lark, Indentation]:
    indentation = Indentation()
    lark = Lark(
        GRAMMAR.read_text(encoding="utf-8"), parser="lalr", start="file", keep_all_tokens=True,
        maybe_placeholders=False, postlex=indentation, edit_terminals=end_at_words,
    )  # fmt: skip
    return lark, indentation


def lark_tree(text: str) -> Node:
    """What the grammar makes of a text, without the tree builder's own checks.

    Raises:
        LarkError, Mistake: the grammar or the indentation refuses it.
    """
    lark, indentation = _lark()
    indentation.source = Source("", text)
    return _from_lark(lark.parse(text))[0]


def _from_lark(part: Any) -> tuple[Node, ...]:
    if isinstance(part, Token):
        if part.type in ("_NL", "_INDENT", "_DEDENT"):
            return ()
        start, end = part.start_pos or 0, part.end_pos or 0
        return ((_LEAVES.get(part.type, str(part)), start, end, ()),)
    assert isinstance(part, Tree)
    children = tuple(child for c in part.children for child in _from_lark(c))
    rule = str(part.data)
    if rule in _THROUGH or rule == "docstring":
        return children
    return (_node(_KINDS.get(rule, rule), children),)


def sitter_tree(text: str, root: Any) -> Node:
    """The same of a tree-sitter tree; offsets count characters, comments are left out."""
    characters: list[int] = []
    for i, char in enumerate(text):
        characters += [i] * len(char.encode())
    characters.append(len(text))
    return _from_sitter(root, characters)


def _from_sitter(node: Any, characters: list[int]) -> Node:
    if node.child_count == 0 and node.type != "source_file":
        return node.type, characters[node.start_byte], characters[node.end_byte], ()
    children = (c for c in node.children if c.type != "comment")
    return _node(node.type, tuple(_from_sitter(c, characters) for c in children))


def _node(kind: str, children: tuple[Node, ...]) -> Node:
    if not children:
        return kind, 0, 0, ()
    return kind, children[0][1], children[-1][2], children
