"""Text for Graphviz: strings and labels in which nothing of a spec has a meaning of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from archlang.figures.scene.model import Route, Shape, Text, runs
from archlang.figures.theme import FONT_STACK

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LOW = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{}</TR></TABLE>'


def attributes(facts: Mapping[str, str]) -> str:
    """Attributes as they stand in brackets; the values are written already."""
    return ", ".join(f"{name}={value}" for name, value in facts.items())


def quoted(text: str) -> str:
    r"""A string; `\N` and `&amp;` in the text are shown as they stand, new lines are kept."""
    plain = _CONTROL.sub(" ", text).replace("&", "&amp;").replace("\\", r"\\")
    return '"' + plain.replace('"', '\\"').replace("\n", "\\n") + '"'


def comment(text: str) -> str:
    """Text for the rest of a line after `//`."""
    return re.sub(r"\s+", " ", _CONTROL.sub(" ", text))


@dataclass(frozen=True, slots=True)
class Usual:
    """The font that Graphviz takes where nothing else is said."""

    size: float
    colour: str

    def said(self, texts: Sequence[Text]) -> dict[str, str]:
        """The attributes of a label, in the font of its largest line.

        It has no markup: Graphviz would put each piece of it where it belongs in the font that is
        measured, which need not be the one that the figure is shown in.
        """
        shown = [text for text in texts if comment(text.text).strip()]
        if not shown:
            return {"label": '""'}
        text = max(shown, key=lambda text: text.size)
        facts = {"label": quoted("\n".join(_plain_lines(shown)))}
        bold = all(text.bold for text in shown)
        facts |= {"fontname": quoted(f"{FONT_STACK[0]}-Bold")} if bold else {}
        facts |= {"fontsize": f"{text.size:g}"} if text.size != self.size else {}
        return facts | ({"fontcolor": quoted(text.colour)} if text.colour != self.colour else {})


def plain(texts: Sequence[Text]) -> str:
    """Lines of text one under the other, in the font of the label beside them."""
    return quoted("\n".join(_plain_lines(texts)))


def in_a_row(texts: Sequence[Text]) -> str:
    """Pieces of text side by side."""
    return f"<{'&#160;&#160;&#160;&#160;'.join(map(_styled, texts))}>"


def entry(sign: Shape | Route, texts: Sequence[Text], caption: str = "") -> str:
    """A coloured sign with what it means beside it; `caption` is what is drawn in the sign."""
    if isinstance(sign, Shape):
        style = "ROUNDED,DASHED" if sign.dashed else "ROUNDED"
        size = f'FIXEDSIZE="TRUE" WIDTH="{sign.rect.w:.0f}" HEIGHT="{sign.rect.h:.0f}"'
        paint = f'BGCOLOR="{sign.fill}" COLOR="{sign.stroke or sign.fill}"'
        inside = f'<FONT POINT-SIZE="9">{escape(caption)}</FONT>' if caption else ""
        shown = f'<TD BORDER="1" STYLE="{style}" {size} {paint}>{inside}</TD>'
    else:
        shown = f'<TD><FONT COLOR="{sign.colour}"><B>&#8594;</B></FONT></TD>'
    return f"<{_TABLE.format(f'{shown}<TD>&#160;{_stacked(texts)}</TD>')}>"


def _plain_lines(texts: Sequence[Text]) -> list[str]:
    """The lines of a box; a count of it, which stands at their right, ends its title."""
    main = [text for text in texts if text.anchor != "end"] or list(texts)
    counts = [_plain(text) for text in texts if text not in main]
    title = max(main, key=lambda text: text.size)
    return ["  ".join([_plain(t), *(counts if t is title else [])]) for t in main]


def _plain(text: Text) -> str:
    return comment("".join(_subscript(run) if low else run for run, low in runs(text)))


def _subscript(run: str) -> str:
    """Small letters, as far as there are such."""
    return run.translate(_LOW) if all(ord(c) in _LOW for c in run) else f"_{run}"


def _stacked(texts: Sequence[Text]) -> str:
    return "<BR/>".join(map(_styled, texts))


def _styled(text: Text) -> str:
    """Sizes in labels are whole numbers."""
    row = "".join(
        f"<SUB>{_safe(run)}</SUB>" if low else _safe(run) for run, low in runs(text) if run
    )
    row = f"<B>{row}</B>" if text.bold else row
    return f'<FONT POINT-SIZE="{text.size:.0f}" COLOR="{text.colour}">{row or "&#160;"}</FONT>'


def _safe(text: str) -> str:
    return escape(comment(text))
