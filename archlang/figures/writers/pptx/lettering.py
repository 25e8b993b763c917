"""Lines of text as DrawingML paragraphs: in shapes, and in boxes of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from archlang.figures.geometry import Rect
from archlang.figures.scene.model import Text, runs
from archlang.figures.theme import FONT_STACK, LEADING
from archlang.figures.writers.pptx.xml import Pen, element, text

FONT = FONT_STACK[1]
"""The font that PowerPoint has and that LibreOffice has a metric twin of."""
Align = Literal["l", "ctr", "r"]
_ALIGN: dict[str, Align] = {"start": "l", "middle": "ctr", "end": "r"}
_ASCENT, _DESCENT = 0.92, 0.24
"""Of a line of text, from its baseline, in font sizes."""
_SUBSCRIPT = -20000
"""How far a subscript stands below the line, in thousandths of a percent; it shrinks by itself."""


def rows_of(rows: Iterable[Text], pen: Pen, *, left: int = 0, right: int = 0) -> str:
    """Rows of text centred in a shape, within margins in EMU at its sides."""
    paragraphs = [_paragraph(row, "ctr", pen, spaced=True) for row in rows]
    return _body(paragraphs or [_empty()], "ctr", lIns=left, rIns=right)


def line_of(row: Text, pen: Pen) -> str:
    """A line of text for a box of its own, as `room` gives it."""
    vert = "vert270" if row.turned else None
    return _body([_paragraph(row, _ALIGN[row.anchor], pen)], "t", vert=vert)


def room(row: Text) -> Rect:
    """Where the box of a line of text stands, so that its baseline is in its place."""
    tight, high = row.rect, (_ASCENT + _DESCENT) * row.size
    if row.turned:
        return Rect(row.x - _ASCENT * row.size, tight.y, high, tight.h)
    return Rect(tight.x, row.y - _ASCENT * row.size, tight.w, high)


def _body(paragraphs: list[str], anchor: str, **given: str | int | None) -> str:
    margins: dict[str, str | int | None] = {"lIns": 0, "tIns": 0, "rIns": 0, "bIns": 0}
    properties = element(
        "a:bodyPr",
        element("a:noAutofit"),
        **(margins | given),
        wrap="none",
        rtlCol=0,
        anchor=anchor,
    )
    return element("p:txBody", properties, element("a:lstStyle"), *paragraphs)


def _empty() -> str:
    return element("a:p", element("a:endParaRPr", lang="en-GB"))


def _paragraph(row: Text, align: Align, pen: Pen, *, spaced: bool = False) -> str:
    exact = element("a:spcPts", val=pen.size(row.size * LEADING))
    height = exact if spaced else element("a:spcPct", val=100000)
    properties = element(
        "a:pPr",
        element("a:lnSpc", height),
        element("a:spcBef", element("a:spcPts", val=0)),
        element("a:spcAft", element("a:spcPts", val=0)),
        element("a:buNone"),
        marL=0,
        indent=0,
        algn=align,
    )
    return element("a:p", properties, *(_run(row, part, low, pen) for part, low in runs(row)))


def _run(row: Text, part: str, low: bool, pen: Pen) -> str:
    colour = element("a:srgbClr", val=(row.colour or "#000000")[1:])
    properties = element(
        "a:rPr",
        element("a:solidFill", colour),
        element("a:latin", typeface=FONT),
        element("a:ea", typeface="+mn-ea"),
        element("a:cs", typeface=FONT),
        lang="en-GB",
        sz=pen.size(row.size),
        b=int(row.bold),
        baseline=_SUBSCRIPT if low else 0,
        noProof=1,
    )
    return element("a:r", properties, f"<a:t>{text(part)}</a:t>")
