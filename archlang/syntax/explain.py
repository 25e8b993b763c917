"""Lark's exceptions said in the words of the language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from archlang.diagnostics.catalog.syntax import (
    MissingBody,
    MissingColon,
    StrayIndent,
    UnclosedBracket,
    Unexpected,
    UnknownCharacter,
    UnterminatedString,
)
from archlang.diagnostics.model import Fix, Mistake
from archlang.source import Source, Span

HEADERS = [
    "block",
    "network",
    "for",
    "if",
    "elif",
    "else",
    "branch",
    "dense",
    "repeat",
    "chain",
    "replace",
    "insert",
]
INSTEAD = {
    "→": "->",
    "×": "x in a size (3x3), * in a product",
    "·": "*",
    "−": "-",
    "–": "-",
    "⊕": "+",
    "⊗": "*",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    ";": "a new line",
    "&": "and",
    "|": "or",
    "!": "not",
    "^": "** for a power",
    "{": "( or [",
    "}": ") or ]",
    "\t": "spaces",
    "\u00a0": "a plain space",
}
_SIGNS = frozenset({"->", "*", "-", "+", "and", "or", "not"})
"""Of these, what can be written in the place of the other without a further thought."""
PYTHON_HABITS = {
    "return": "the last line of a body is its result: write just that, or output name = …",
    "def": "a block is declared with: block Name(parameters):",
    "class": "a block is declared with: block Name(parameters):",
    "import": 'definitions of another file come with: use Name from "file.arch"',
    "from": 'definitions of another file come with: use Name from "file.arch"',
    "while": "loops are finite here: for i in range(n):, or repeat n:",
    "with": "every line takes what the line before it made; there is no with",
    "lambda": "a function of constants is declared with: let f(v) = …",
    "pass": "a body that does nothing is: identity",
}
WORDS = {
    "NAME": "a name",
    "INT": "a number",
    "STRING": "a string",
    "LONG_STRING": "a documentation string",
    "ADAPT": "adapt",
    "WEIGHTS": "weights",
    "PATH": "a path such as layer1.0.conv1",
    "SKIPS": "short, long, dense or all skips",
    "_NL": "the end of the line",
    "_INDENT": "an indented body",
    "_DEDENT": "the end of the body",
    "COLON": "':'",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "EQUAL": "'='",
    "COMMA": "','",
    "$END": "the end of the file",
}
EXPRESSION = {"NAME", "INT", "LPAR"}
"""Where all of these may follow, an expression may."""
_CODE = re.compile(r"""(?:[^#"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*""")
NEVER_NAMED = 4
"""With more than so many kinds expected, listing them helps nobody."""


def syntax_mistake(error: UnexpectedInput, source: Source, brackets: Sequence[Token]) -> Mistake:
    """The mistake behind a lark exception; `brackets` are those open where it was raised."""
    if isinstance(error, UnexpectedCharacters):
        return _character(error, source, brackets)
    if isinstance(error, UnexpectedToken):
        return _token(error, source, brackets)
    assert isinstance(error, UnexpectedEOF)
    end = len(source.text)
    return Mistake(Unexpected(found="the end of the file", expected=()), Span(source, end, end))


def _character(error: UnexpectedCharacters, source: Source, brackets: Sequence[Token]) -> Mistake:
    offset = cast(int, error.pos_in_stream or 0)
    character = source.text[offset]
    at = Span(source, offset, offset + 1)
    if character in "\"'":
        width = 3 if source.text.startswith(character * 3, offset) else 1
        line_end = source.text.find("\n", offset)
        at = Span(source, offset, len(source.text) if line_end < 0 else line_end)
        return Mistake(UnterminatedString(quote=character * width), at)
    if character in "=:.,)@]∘+-*/%<>0123456789" or (character.isalpha() and character.isascii()):
        hint = PYTHON_HABITS.get(_first_word(source, offset))
        return Mistake(Unexpected(found=repr(character), expected=(), hint=hint), at)
    instead = INSTEAD.get(character)
    problem = UnknownCharacter(character=character, instead=instead)
    fix = Fix(at, _apart(source.text, at, instead)) if instead and instead in _SIGNS else None
    return Mistake(problem, at, fix=fix)


def _apart(text: str, at: Span, sign: str) -> str:
    """A sign, with blanks where it is a word and stands at one."""
    before = " " if sign.isalpha() and text[at.start - 1 : at.start].strip() else ""
    behind = " " if sign.isalpha() and text[at.end : at.end + 1].strip() else ""
    return f"{before}{sign}{behind}"


def _token(error: UnexpectedToken, source: Source, brackets: Sequence[Token]) -> Mistake:
    token = cast(Token, error.token)
    expected = set(error.accepts or error.expected)
    start, end = token.start_pos or 0, token.end_pos or 0
    at = Span(source, start, end)
    if brackets and source.position(brackets[-1].start_pos or 0).line < at.begin.line:
        opening = brackets[-1]
        span = Span(source, opening.start_pos or 0, opening.end_pos or 0)
        return Mistake(UnclosedBracket(bracket=str(opening)), span)
    if expected == {"_INDENT"}:
        return Mistake(MissingBody(), _line_before(source, start))
    if token.type == "_INDENT":
        return Mistake(StrayIndent(), _word_at(source, start))
    if token.type == "_NL":
        end = _code_end(source, start)
        at = Span(source, end, end)
        word = _first_word(source, start)
        if "COLON" in expected and word in HEADERS:
            return Mistake(MissingColon(header=word), at, fix=Fix(at, ":"))
    hint = PYTHON_HABITS.get(_first_word(source, start)) or _skips_hint(source, start)
    words = () if hint else _expected(expected)
    return Mistake(Unexpected(_found(token), words, hint), at)


def _skips_hint(source: Source, offset: int) -> str | None:
    """How lines about skips are written, for one that speaks of them in another way."""
    line = source.line(source.position(offset).line)
    match = re.match(r"\s*(remove|replace)\b.*\bskips?\b", line)
    if not match:
        return None
    if match[1] == "remove":
        return "remove short skips, or long, dense or all skips; behind it perhaps: except layer4"
    return "replace short skips: W, or long, dense or all skips, on one line"


def _found(token: Token) -> str:
    if token.type in ("_NL", "_DEDENT", "$END"):
        return WORDS[token.type]
    return repr(str(token))


def _expected(kinds: set[str]) -> tuple[str, ...]:
    words: list[str] = []
    if kinds >= {"NETWORK", "BLOCK"}:
        return ("network", "block", "let", "default", "use")
    if kinds >= EXPRESSION:
        words.append("an expression")
        kinds = kinds - EXPRESSION - {"FLOAT", "DIMS", "STRING", "LSQB", "TRUE", "FALSE", "NOT"}
        kinds -= {"MINUS", "PLUS"}
    named = [WORDS.get(kind, repr(kind.lower())) for kind in sorted(kinds) if kind in WORDS]
    if not words and len(kinds) <= NEVER_NAMED:
        named = [WORDS.get(k, repr(k.lower())) for k in sorted(kinds) if not k.startswith("__")]
    return tuple(words + named[:NEVER_NAMED])


def _first_word(source: Source, offset: int) -> str:
    match = re.match(r"\s*([A-Za-z_]*)", source.line(source.position(offset).line))
    return match[1] if match else ""


def _code_end(source: Source, offset: int) -> int:
    """Where the line of an offset ends, before its comment."""
    span = source.line_span(source.position(offset).line)
    code = _CODE.match(span.text)
    return span.start + (len(code[0].rstrip()) if code else 0)


def _line_before(source: Source, offset: int) -> Span:
    number = source.position(offset).line
    while number > source.position(0).line and (
        number == source.position(offset).line or not source.line(number).strip()
    ):
        number -= 1
    span = source.line_span(number)
    indent = len(span.text) - len(span.text.lstrip())
    return Span(source, span.start + indent, span.end)


def _word_at(source: Source, offset: int) -> Span:
    match = re.compile(r"\S+").match(source.text, offset)
    return Span(source, offset, match.end() if match else offset)
