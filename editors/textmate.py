"""The vocabulary as a TextMate grammar: VS Code, Sublime Text, GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from editors.vocabulary import Vocabulary

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_NOT_AN_OPERATOR = r"(?!(?:if|in|and|or|not|else)\b)"


def textmate(vocabulary: Vocabulary) -> str:
    """The text of `arch.tmLanguage.json`."""
    grammar = {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "Arch",
        "scopeName": "source.arch",
        "fileTypes": ["arch"],
        "patterns": [{"include": f"#{name}"} for name in _rules(vocabulary)],
        "repository": _rules(vocabulary),
    }
    return json.dumps(grammar, indent=2, ensure_ascii=False) + "\n"


def _rules(v: Vocabulary) -> dict[str, Any]:
    """The rules in the order in which they are tried."""
    return {
        "comment": _match(r"#.*$", "comment.line.number-sign.arch"),
        "documentation": {
            "patterns": [
                _quoted('"""', "block.documentation"),
                _quoted("'''", "block.documentation"),
            ]
        },
        "string": {"patterns": [_quoted('"', "double"), _quoted("'", "single")]},
        "definition": {
            "match": rf"\b(block|network)\s+({_NAME})",
            "captures": {
                "1": {"name": "storage.type.arch"},
                "2": {"name": "entity.name.type.arch"},
            },
        },
        "soft": {
            "match": rf"^\s*(adapt|weights)(?=\s+{_NOT_AN_OPERATOR}[A-Za-z_*\"'])",
            "captures": {"1": {"name": "keyword.control.arch"}},
        },
        "size": _match(v.patterns["DIMS"], "constant.numeric.size.arch"),
        "number": _match(
            rf"(?:{v.patterns['FLOAT']})|(?:{v.patterns['INT']})", "constant.numeric.arch"
        ),
        "attribute": _match(rf"(?<=\.)\s*{_NAME}", "variable.other.property.arch"),
        "argument": {
            "match": rf"(?<=[(,])\s*({_NAME})\s*(?==(?!=))",
            "captures": {"1": {"name": "variable.parameter.arch"}},
        },
        "operator-word": _words(
            {*v.words} - {"for", "if", "else"}, "keyword.operator.logical.arch"
        ),
        "keyword": _words({*v.heads, *v.runs, *v.phrases, "skips"}, "keyword.control.arch"),
        "constant": _words({*v.booleans, *v.constants}, "constant.language.arch"),
        "function": {
            "match": rf"\b({'|'.join(v.functions)})\b(?=\s*\()",
            "name": "support.function.arithmetic.arch",
        },
        "layer": _words({*v.layers}, "support.function.layer.arch"),
        "unit": _match(r"\b[A-Z][A-Za-z0-9_]*\b", "entity.name.type.arch"),
        "name": _match(_NAME, "variable.other.arch"),
        "operator": _match(r"->|\+\+|\*\*|//|[!=<>]=|[-+*/%∘@<>=]", "keyword.operator.arch"),
        "punctuation": _match(r"[()\[\]:,.\\]", "punctuation.arch"),
    }


def _match(pattern: str, name: str) -> dict[str, Any]:
    return {"match": pattern, "name": name}


def _words(words: Iterable[str], name: str) -> dict[str, Any]:
    return _match(rf"\b(?:{'|'.join(sorted(words))})\b", name)


def _quoted(quote: str, kind: str) -> dict[str, Any]:
    scope = f"string.quoted.{kind}.arch"
    rule: dict[str, Any] = {
        "begin": quote,
        "end": quote if len(quote) == 3 else rf"{quote}|$",
        "name": scope,
        "patterns": [_match(r"\\.", "constant.character.escape.arch")],
    }
    return rule
