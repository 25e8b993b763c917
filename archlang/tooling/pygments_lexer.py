"""Colours for `.arch` code wherever Pygments is: Sphinx, MkDocs, Jupyter, LaTeX, the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pygments.lexer import (
    RegexLexer,
    bygroups,  # pyright: ignore[reportUnknownVariableType]  # pygments has no types
    words,
)
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from archlang.tooling.words import (
    CONSTANTS,
    FUNCTIONS,
    KEYWORDS,
    LAYERS,
    OPERATOR_WORDS,
    SOFT,
)

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SOFT_HEAD = rf"({'|'.join(sorted(SOFT))})([ \t]+)(?=[A-Za-z_*\"'])(?!(?:if|in|and|or|not|else)\b)"


class ArchLexer(RegexLexer):
    """The architecture language, as `archlang` reads it; whatever the text, nothing is lost."""

    name = "Arch"
    aliases: ClassVar[Sequence[str]] = ["arch", "archlang"]
    filenames: ClassVar[Sequence[str]] = ["*.arch"]
    mimetypes: ClassVar[Sequence[str]] = ["text/x-arch"]
    url = "https://github.com/archlang/archlang"

    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"([ \t\r\n]*\n[ \t]*)" + _SOFT_HEAD, bygroups(Whitespace, Keyword, Whitespace)),
            (r"[ \t\r\n]+", Whitespace),
            (r"\\(?=[ \t]*\r?\n)", Punctuation),
            (r"#[^\n]*", Comment.Single),
            (r'"{3}(?:[^\\]|\\.)*?"{3}|\'{3}(?:[^\\]|\\.)*?\'{3}', String.Doc),
            (r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', String),
            (rf"(block|network)([ \t]+)({_NAME})", bygroups(Keyword, Whitespace, Name.Class)),
            (r"(?:\d+|[A-Z])(?:x(?:\d+|[A-Z]))+(?![A-Za-z0-9_])", Number),
            (r"(?:\d[\d_]*)?\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*[eE][+-]?\d+", Number.Float),
            (r"\d[\d_]*", Number.Integer),
            (rf"(\.)([ \t]*)({_NAME})", bygroups(Punctuation, Whitespace, Name.Attribute)),
            (words(sorted(OPERATOR_WORDS), suffix=r"\b"), Operator.Word),
            (rf"({_NAME})([ \t]*)(=)(?!=)(?=[^\n]*[,)])", bygroups(Name, Whitespace, Operator)),
            (words(sorted(KEYWORDS), suffix=r"\b"), Keyword),
            (words(sorted(CONSTANTS), suffix=r"\b"), Keyword.Constant),
            (words(sorted(FUNCTIONS), suffix=r"\b(?=[ \t]*\()"), Name.Function),
            (words(sorted(LAYERS), suffix=r"\b"), Name.Builtin),
            (_NAME, Name),
            (r"->|\+\+|\*\*|//|[!=<>]=|[-+*/%∘@<>=]", Operator),
            (r"[()\[\]:,.]", Punctuation),
        ]
    }
