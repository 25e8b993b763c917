"""What stands between two words of a line: a blank or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from lark import Token

from archlang.diagnostics.render.display import columns_of
from archlang.formatting.lines import Comment, Line

OPENING = frozenset({"LPAR", "LSQB"})
CLOSING = frozenset({"RPAR", "RSQB"})
OPERANDS = frozenset(
    {"NAME", "INT", "FLOAT", "DIMS", "STRING", "TRUE", "FALSE", "PATH", "RPAR", "RSQB"}
)
"""What ends an operand: a bracket behind it is a call or an index, a sign joins two operands."""
_TIGHT = frozenset({"∘", "@", "**", "."})
_SIGNS = frozenset({"MINUS", "PLUS"})
_HEADS = frozenset({"IF", "ELIF", "ELSE", "FOR"})
"""Headers where they begin a line; elsewhere they are parts of an expression."""
_HEADERS = frozenset(
    {
        "BLOCK",
        "NETWORK",
        "BRANCH",
        "DENSE",
        "REPEAT",
        "CHAIN",
        "REPLACE",
        "INSERT",
        "INPUT",
        "ADAPT",
    }
)
"""What has a colon that belongs to the word before it; any other gives a step its shape."""
SIGN = "SIGN"
"""The kind of a word that is a sign before a number, not between two."""


@dataclass(slots=True)
class Word:
    """A token as it is written."""

    text: str
    kind: str
    blank: bool
    """Whether a blank stands before it, unless it begins a line."""
    called: bool = False
    """Whether it opens a bracket behind an operand."""
    comments: list[Comment] = field(default_factory=list[Comment])
    """Those between it and the next word."""

    @property
    def flat(self) -> str:
        """Itself; brackets are written out here."""
        return self.text

    @property
    def forced(self) -> bool:
        """Whether it cannot stay on one line; a bracket with a comment cannot."""
        return False


def words_of(line: Line, at_sign: bool) -> list[Word]:
    """The words of a line."""
    words: list[Word] = []
    before = ""
    depth = 0
    header = False  # whether a colon is awaited that belongs to a header
    starts = True
    for token in line.tokens:
        kind = token.type
        if kind in _HEADERS or (starts and kind in _HEADS):
            header = True
        starts = False
        if kind in CLOSING:
            depth -= 1
            if before == "COMMA" and not line.inner:
                words.pop()  # nothing stands behind the last comma
                before = words[-1].kind
        text = _spelled(token, at_sign)
        blank = _is_apart(before, kind, text, depth == 0, header)
        word = Word(text, kind, blank, kind in OPENING and before in OPERANDS)
        if kind in _SIGNS and before not in OPERANDS:
            word.kind = SIGN
        elif kind in OPENING:
            depth += 1
        elif kind == "COLON" and header:
            header, starts = False, True
        words.append(word)
        before = "" if text in _TIGHT else word.kind
        if word.kind == SIGN and text == "+" and _gap_follows(line.text, token):
            before = "+"
    for index, comments in line.inner.items():
        words[index].comments = comments
    if words:
        words[0].blank = False
    return words


def _is_apart(before: str, kind: str, text: str, outside: bool, header: bool) -> bool:
    """Whether a blank stands between a word and the one before; that is "" behind `.` and `∘`."""
    if before in ("", SIGN) or before in OPENING or kind in CLOSING or kind == "COMMA":
        return False
    if before == "+":  # two signs might be read as the operator of concatenation
        return text[0] == "+"
    if "EQUAL" in (kind, before):
        return outside
    if kind in OPENING:
        return before not in OPERANDS
    if kind == "COLON":
        return not header
    return text not in _TIGHT


def _gap_follows(text: str, token: Token) -> bool:
    end = token.end_pos or 0
    return text[end : end + 1] != "+"


def _spelled(token: Token, at_sign: bool) -> str:
    text = str(token)
    match token.type:
        case "STRING" if text[0] == "'" and '"' not in text and "\\" not in text:
            return f'"{text[1:-1]}"'
        case "SKIPS":
            return " ".join(text.split())
        case _:
            return "@" if at_sign and text == "∘" else text


def width(text: str) -> int:
    """The columns that a text takes."""
    return len(text) if text.isascii() else sum(map(columns_of, text))


def flat(words: list[Word]) -> str:
    """Words on one line."""
    return "".join([f" {w.text}" if w.blank else w.text for w in words])
