"""What is being written at a place: a statement, an argument, a path, … also half-written."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

Want: TypeAlias = Literal[
    "nothing",
    "definition",
    "statement",
    "expression",
    "argument",
    "value",
    "attribute",
    "operand",
    "path",
    "skips",
    "imports",
    "file",
    "merge",
    "training",
    "metric",
    "layer",
    "unit",
    "text",
    "version",
    "from",
    "beside",
    "way",
    "weights",
    "operator",
]

_TEXT = re.compile(
    r'"{3}(?:[^\\]|\\.)*?(?:"{3}|\Z)|\'{3}(?:[^\\]|\\.)*?(?:\'{3}|\Z)'
    r'|"(?:[^"\\\n]|\\.)*(?:"|$)|\'(?:[^\'\\\n]|\\.)*(?:\'|$)|#[^\n]*',
    re.DOTALL | re.MULTILINE,
)
_PATHS = re.compile(
    r"\s*(?:(?:replace|insert\s+(?:after|before))\s+|(?:(?:remove|freeze|adapt)\s+"
    r"|(?:remove|replace)\s+\w+\s+skips\s+except\s+)(?:[\w.*]+\s*,\s*)*)(?P<word>[\w.*]*)"
)
_WORD = re.compile(r"[A-Za-z_]\w*\Z|\Z")
_VALUE = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<rest>[^=]*)\Z", re.DOTALL)
_LAST = re.compile(r"(?:\w+|[)\]])[ \t]+\Z")
_OPENERS = frozenset(
    {
        *("if", "elif", "else", "in", "and", "or", "not", "for", "assert", "branch", "dense"),
        *("repeat", "when", "default", "let", "shared", "output", "input", "replace", "insert"),
        *("remove", "freeze", "adapt", "weights", "except", "after", "before"),
    }
)
"""Words behind which an expression begins."""
_CALLED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*\Z")


class Open(NamedTuple):
    """A call that is not closed before a place."""

    name: str
    given: tuple[str, ...]
    """The arguments before the one at the place, as written."""
    present: str
    """What of the argument at the place stands before it."""


class Context(NamedTuple):
    """What is being written, and the part of the word that is there already."""

    want: Want
    word: str = ""
    call: Open | None = None
    name: str = ""
    """Of a value the argument's name; of an attribute, what it is of."""


def context(before: str, is_body: bool) -> Context:
    """What may follow a text: the logical line up to the place; `is_body`: of an indented line."""
    line, inside = blanked(before)
    if inside is not None:
        is_file = re.match(r"\s*use\b.*\bfrom\s*\Z", line, re.DOTALL)
        if inside[:1] not in "\"'" or inside.startswith(('"""', "'''")):
            return Context("nothing")
        return Context("file", inside[1:]) if is_file else _text(line, inside[1:])
    lead = line.rsplit("\n", 1)[-1] if _depth(line) == 0 else line
    found = _by_words(lead, is_body)
    return found or _expression(line, lead)


def _text(line: str, word: str) -> Context:
    """What may stand between quotes: a value of an argument."""
    call = open_call(line)
    value = _VALUE.fullmatch(call.present.lstrip()) if call else None
    named = value and not value["rest"].strip()
    return Context("text", word, call, value["name"]) if value and named else Context("nothing")


def blanked(text: str) -> tuple[str, str | None]:
    """A text with blanks for strings and comments, and the one that it ends within, if any."""
    for match in _TEXT.finditer(text):
        found = match[0]
        quote = found[:3] if found[:3] in ('"""', "'''") else found[0]
        closed = quote != "#" and len(found) >= 2 * len(quote) and found.endswith(quote)
        if match.end() == len(text) and not closed:
            return text[: match.start()], found
    return _TEXT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text), None


def _by_words(line: str, is_body: bool) -> Context | None:
    word = _word(line)
    start = line[: len(line) - len(word)]
    if not start.strip():
        return Context("statement" if is_body or start else "definition", word)
    paths = _PATHS.fullmatch(line)
    if paths:
        return Context("path", paths["word"])
    for pattern, want in _LEADS:
        if re.fullmatch(pattern, start, re.DOTALL):
            return Context(want, word)
    return None


_LEADS: tuple[tuple[str, Want], ...] = (
    (r"\s*use\s+(?:[^\"']*,\s*|)", "imports"),
    (r"\s*use\s+.*\bfrom\s.*", "nothing"),
    (r"\s*use\s+.*\s", "from"),
    (r"\s*arch\s+", "version"),
    (r"\s*(?:block|network)\s+\w+\s*\((?:.*,)?\s*", "nothing"),
    (r"\s*network\s+\w+(?:\([^()]*\))?\s+", "from"),
    (r"\s*(?:block|network|shared|let)\s+", "nothing"),
    (r"\s*input\s+", "nothing"),
    (r"\s*for\s+(?:(?!\bin\b).)*", "nothing"),
    (r"\s*network\s+\w+(?:\([^()]*\))?\s*(?:=|from)\s*", "unit"),
    (r"\s*default\s+", "layer"),
    (r"(?:.*(?:->|=))?\s*branch\s+", "merge"),
    (r"\s*output\s+.*\bwhen\s+", "training"),
    (r"\s*assert\s+(?:.*\b(?:and|or|not)\s+)?", "metric"),
    (r"\s*(?:remove|replace)\s+\w+\s+", "skips"),
    (r"\s*insert\s+", "beside"),
    (r"\s*adapt\s+[\w.*, ]+:\s*", "way"),
    (r"\s*weights\s+", "weights"),
)


def _expression(line: str, lead: str) -> Context:
    word = _word(line)
    start = line[: len(line) - len(word)]
    attribute = re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)?\.\Z", start)
    if attribute:
        return Context("attribute", word, name=attribute[1])
    if re.search(r"[0-9]\Z", start):
        return Context("nothing")
    call = open_call(line)
    if call is not None and call.name:
        value = _VALUE.fullmatch(call.present.lstrip())
        if value and not re.search(r"[(\[]", value["rest"]):
            plain = value["rest"].strip() == word
            want: Want = "value" if plain else "expression"
            return Context(want, word, call, value["name"])
        if call.present.strip() == word:
            return Context("argument", word, call)
    if re.search(r"[∘@]\s*\Z", start):
        return Context("operand", word)
    return Context("operator" if _is_operand(start) else "expression", word, call)


def _is_operand(text: str) -> bool:
    """Whether a text ends with a whole operand, so that only an operator can follow."""
    last = _LAST.search(text)
    return last is not None and last[0].strip() not in _OPENERS


def open_call(line: str) -> Open | None:
    """The innermost call that is open at the end of a text without strings; None if none is."""
    opened = open_brackets(line)
    if not opened:
        return None
    at = opened[-1]
    if line[at] == "[":
        return Open("", (), line[at + 1 :])
    name = _CALLED.search(line[:at])
    arguments = _arguments(line[at + 1 :])
    return Open(name["name"] if name else "", tuple(arguments[:-1]), arguments[-1])


def open_brackets(line: str) -> list[int]:
    """Where the brackets stand that are open at the end of a text without strings, outside in."""
    found: list[int] = []
    for at, char in enumerate(line):
        if char in "([":
            found.append(at)
        elif char in ")]" and found:
            found.pop()
    return found


def _arguments(text: str) -> list[str]:
    found, depth = [""], 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return found


def _depth(line: str) -> int:
    return len(open_brackets(line))


def _word(line: str) -> str:
    found = _WORD.search(line)
    return found[0] if found else ""
