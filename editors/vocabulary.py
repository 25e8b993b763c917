"""The words of the language, taken from the Lark grammar and the registry of layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lark import Lark
from lark.grammar import NonTerminal, Rule, Terminal

from archlang.ops.initial import INITIALISERS
from archlang.ops.registry import builtin
from archlang.semantics.builtins import CONSTANTS, FUNCTIONS
from archlang.semantics.matching import KINDS
from archlang.syntax.parse import GRAMMAR


@dataclass(frozen=True)
class Vocabulary:
    """All that a colouring needs to know; each list is sorted."""

    patterns: dict[str, str]
    """Terminal to regular expression, for those that are not written out in the grammar."""
    heads: tuple[str, ...]
    """Words that begin a line."""
    runs: tuple[str, ...]
    """Words that begin an indented run of lines, also in the middle of a line."""
    phrases: tuple[str, ...]
    """Words that mean something only after a certain head: `from`, `as`, `when`, …"""
    words: tuple[str, ...]
    """Words of expressions: `if`, `and`, `not`, …"""
    booleans: tuple[str, ...]
    operators: tuple[str, ...]
    """Longest first."""
    layers: tuple[str, ...]
    """Layers, matching operators and initialisers."""
    functions: tuple[str, ...]
    constants: tuple[str, ...]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the grammar and the registry as they are."""
    lark = Lark(GRAMMAR.read_text(encoding="utf-8"), start=["file"], keep_all_tokens=True)
    pattern = {t.name: t.pattern for t in lark.terminals}
    written = {name: p.value for name, p in pattern.items() if p.type == "str"}
    beginning = first_of(lark.rules)
    words = {name: text for name, text in written.items() if text.isidentifier()}
    at_line = beginning["statement"] | beginning["file"] | beginning["elif_"] | beginning["else_"]
    in_expr = (beginning["expr"] | after_operand(lark.rules)) & words.keys()
    booleans = {n for n in words if n in ("TRUE", "FALSE")}
    heads = (at_line & words.keys()) - (in_expr & beginning["expr"])
    return Vocabulary(
        patterns={n: p.value for n, p in sorted(pattern.items()) if p.type == "re" and n[0] != "_"},
        heads=_texts(words, heads),
        runs=_texts(words, beginning["run"] & words.keys()),
        phrases=_texts(words, words.keys() - heads - in_expr),
        words=_texts(words, in_expr - booleans),
        booleans=_texts(words, booleans),
        operators=tuple(sorted(set(written.values()) - set(words.values()), key=_longest_first)),
        layers=tuple(sorted({*builtin(), *KINDS, *INITIALISERS})),
        functions=tuple(sorted(FUNCTIONS)),
        constants=tuple(sorted(CONSTANTS)),
    )


def first_of(rules: list[Rule]) -> dict[str, set[str]]:
    """For each rule of the grammar the terminals that what it describes can begin with."""
    first: dict[str, set[str]] = {rule.origin.name: set() for rule in rules}
    empty = {rule.origin.name for rule in rules if not rule.expansion}
    size = -1
    while size != (size := sum(map(len, first.values()))):
        for rule in rules:
            for symbol in rule.expansion:
                name = symbol.name
                first[rule.origin.name] |= {name} if isinstance(symbol, Terminal) else first[name]
                if name not in empty:
                    break
    return first


def after_operand(rules: list[Rule]) -> set[str]:
    """Terminals that stand inside an expression behind an operand, as `if` and `else` do."""
    expressions = _below("expr", rules)
    return {
        symbol.name
        for rule in rules
        if rule.origin.name in expressions
        for symbol in rule.expansion
        if isinstance(symbol, Terminal)
    }


def _below(name: str, rules: list[Rule]) -> set[str]:
    found, todo = set[str](), [name]
    while todo:
        origin = todo.pop()
        if origin not in found:
            found.add(origin)
            parts = [s for r in rules if r.origin.name == origin for s in r.expansion]
            todo += [s.name for s in parts if isinstance(s, NonTerminal)]
    return found


def _texts(words: dict[str, str], names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(words[name] for name in names))


def _longest_first(text: str) -> tuple[int, str]:
    return -len(text), text
