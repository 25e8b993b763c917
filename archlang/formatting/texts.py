"""A whole text to its format, and the guard that it still means the same."""

from __future__ import annotations

from archlang.diagnostics.catalog.formatting import WouldChange
from archlang.diagnostics.model import Diagnostics, Mistake, SpecError
from archlang.formatting.alignment import text_of
from archlang.formatting.gaps import Gaps
from archlang.formatting.guard import essence
from archlang.formatting.layout import lay_line
from archlang.formatting.lines import lines_of
from archlang.source import Source, Span
from archlang.syntax.parse import parse, parser, readable

MARK = "\ufeff"
"""The byte-order mark that some editors put before a text."""


def format_text(
    text: str,
    name: str = "<text>",
    *,
    ascii: bool = False,  # noqa: A002  # as the option is called
) -> str:
    """A spec in the one format; with `ascii`, the matching operator is written `W@x`.

    Raises:
        SpecError: it does not parse; `name` is what diagnostics call it. Or the outcome would not
            be the same program, which is a mistake of the formatter.
    """
    plain = text.removeprefix(MARK).replace("\r\n", "\n")
    formatted = _formatted(Source(name, plain), ascii)
    if formatted not in (text, plain):
        hold_same(plain, formatted, name)
    return formatted


def _formatted(source: Source, at_sign: bool) -> str:
    sink = Diagnostics()
    if not readable(source, sink):
        raise SpecError(sink)
    try:
        tokens = parser().tokens(source, source.text)
    except Mistake:
        parse(source, sink)  # which finds the other mistakes, too
        raise SpecError(sink) from None
    gaps = Gaps()
    for line in lines_of(source.text, tokens):
        gaps.before(line)
        gaps.rows += lay_line(line, at_sign)
    return text_of(gaps.rows)


def hold_same(text: str, formatted: str, name: str) -> None:
    """Hold that two texts have the same words, bodies and comments.

    Raises:
        SpecError: they differ, or the second cannot be read.
    """
    before, after = essence(text), essence(formatted)
    if before == after and readable(Source(name, formatted), Diagnostics()):
        return
    source, sink = Source(name, text), Diagnostics()
    pairs = zip(before, after, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))
    sink.report(WouldChange(before="".join(before[at : at + 1])), Span(source, 0, 0))
    raise SpecError(sink)
