"""A chain rule as LaTeX for papers and slides: its passes, and sentences below; needs amsmath."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest

from archlang.chainrule.model import (
    Cell,
    Expr,
    Given,
    Line,
    Page,
    Phrase,
    Section,
    Sign,
    Symbol,
    Valued,
)
from archlang.chainrule.notation import DIGITS, Notation, number
from archlang.figures.writers.tikz.tex import comment, tex

HEAD = r"% \usepackage{amsmath,amssymb}"
MOST_ROWS = 30
"""Of a table of numbers, which cannot be broken over pages."""
_WIDE = 110
"""A line of so many characters of text is broken before its terms."""
_BESIDE = 14
"""Passes of so many rows stand beside each other where they fit; longer ones break over pages."""
_HEADINGS = {"forward": "Forward", "backward": "Backward", "weights": "For the weights"}
_LETTERS = {"θ": r"\theta", "σ": r"\sigma", "γ": r"\gamma", "β": r"\beta"}


class LatexScript:
    """TeX, for math mode."""

    odot, dot, star, given, total = r"\odot", r"\cdot", r"\star", r"\mid", r"\textstyle\sum"
    minus, dagger, transpose, partial, gap = "-", r"^{\dagger}", r"^{\top}", r"\partial", r"\,"

    def __init__(self, scalar: bool) -> None:
        self.scalar = scalar

    def symbol(self, symbol: Symbol) -> str:
        r"""`Z_{1}`, `y_{l-1}`, `\mathrm{BN}_{2}`."""
        if self.scalar and (symbol == Symbol("Y") or symbol.letter == "G"):
            index = f"_{{{symbol.index}}}" if symbol.index else ""
            return r"\theta" if symbol.letter == "Y" else rf"\bar{{\theta}}{index}"
        plain = symbol.letter.rstrip("'")
        letter = plain.lower() if self.scalar else plain
        if len(letter) > 1:
            letter = rf"\mathrm{{{_escaped(letter)}}}"
        primes = symbol.letter[len(plain) :]
        index = f"_{{{symbol.index}}}" if symbol.index else ""
        return f"{_LETTERS.get(letter, letter)}{primes}{index}"

    def gradient(self, symbol: Symbol) -> str:
        r"""`\nabla Z_{1}`, `\frac{dR}{dz_{1}}`."""
        name = self.symbol(symbol)
        return rf"\frac{{dR}}{{d{name}}}" if self.scalar else rf"\nabla {name}"

    def jacobian(self, name: Symbol) -> str:
        r"""`J_{\mathrm{rbf}_{1}}`."""
        return f"J_{{{self.symbol(name)}}}"

    def series(self, factor: str) -> str:
        r"""`\prod_{l=2}^{L+1} …`."""
        return rf"\prod_{{l=2}}^{{L+1}} {factor}"

    def bracketed(self, text: str) -> str:
        """Brackets that grow."""
        tall = r"\prod" in text
        return rf"\Bigl( {text} \Bigr)" if tall else f"({text})"

    def quotient(self, above: str, below: str) -> str:
        """A small fraction."""
        return rf"\tfrac{{{above}}}{{{below}}}"


def latex_of(page: Page, digits: int = DIGITS, formulas: bool = False) -> str:
    """The page as LaTeX for the body of a document, without a line end at its end.

    Args:
        page: what is written.
        digits: at most so many of each number.
        formulas: for a slide: the formulas and numbers alone, short passes beside each other.
    """
    return "\n".join(_Writer(page, digits, formulas).lines())


class _Writer:
    def __init__(self, page: Page, digits: int, formulas: bool) -> None:
        self.page = page
        self.digits = digits
        self.formulas = formulas
        self.script = LatexScript(page.scalar)
        self.write = Notation(self.script, page.scalar)

    def lines(self) -> Iterator[str]:
        """All lines."""
        page = self.page
        yield f"% {comment(page.title)}  {comment(page.place)}".rstrip()
        sections = [s for s in page.sections if s.lines]
        yield r"\begingroup\allowdisplaybreaks" + (r"\small" if self.formulas else "")
        if self.formulas and all(len(list(self._all_rows(s))) <= _BESIDE for s in sections):
            yield from self._beside(sections)
        else:
            for section in sections:
                yield rf"\noindent {self._heading(section)}"
                yield from self._align(section)
            if page.numbers:
                yield from self._table(r"\[", r"\]")
        for sentence in () if self.formulas else (*page.notes, *page.remarks):
            yield "".join(map(self._phrase, sentence))
            yield ""
        yield r"\par\endgroup"
        if page.left_out:
            yield f"% {comment(page.left_out)}"

    def _beside(self, sections: list[Section]) -> Iterator[str]:
        """Boxes in a paragraph: TeX puts as many into a line as fit."""
        yield r"\jot=1pt\lineskip=6pt\lineskiplimit=4pt\raggedright\noindent"
        for number_, section in enumerate(sections):
            if number_ == 1 and self.page.numbers:
                yield from self._table("$", r"$\hspace{2em}")
            yield rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{self._heading(section)} \\[3pt]"
            yield r"$\begin{aligned}[t]"
            yield " \\\\\n".join(self._columns(section))
            yield r"\end{aligned}$\end{tabular}\hspace{2em}"
        yield ""

    def _columns(self, section: Section) -> Iterator[str]:
        """The rows, those of the weights two beside each other."""
        rows = list(self._all_rows(section))
        if section.title != "weights":
            yield from rows
            return
        for pair in zip_longest(rows[::2], rows[1::2]):
            yield r" &\quad".join(row for row in pair if row)

    def _heading(self, section: Section) -> str:
        given = " and ".join(map(self._given, section.given))
        return f"{_HEADINGS[section.title]}{f', given {given}' if given else ''}:"

    def _given(self, given: Given) -> str:
        script = self.script
        of = script.symbol(given.of)
        gradient = script.gradient(given.of) if script.scalar else rf"\nabla_{{{of}}} R"
        value = "" if given.value is None else f" = {self._number(given.value)}"
        outside = r"\text{ from outside}" if given.outside else ""
        return f"${script.symbol(given.symbol)} = {gradient}{outside}{value}$"

    def _align(self, section: Section) -> Iterator[str]:
        yield r"\begin{align*}"
        yield " \\\\\n".join(self._all_rows(section))
        yield r"\end{align*}"

    def _all_rows(self, section: Section) -> Iterator[str]:
        return (row for line in section.lines for row in self._rows(line))

    def _rows(self, line: Line) -> Iterator[str]:
        left = self.write(line.left)
        for right in (line.right, *line.more):
            rows = list(self._broken(right))
            if line.value is not None and not line.more:
                rows[-1] += f" = {self._number(line.value)}"
            if line.condition:
                condition = line.condition.replace("…", r"\dots")
                rows[-1] += rf" \qquad ({condition})"
            yield f"  {left} &= {rows[0]}"
            yield from (rf"  &\quad {row}" for row in rows[1:])
            left = ""
        if line.value is not None and line.more:
            yield f"  &= {self._number(line.value)}"

    def _broken(self, right: Expr) -> Iterator[str]:
        """A right side in rows that fit a page, broken before terms."""
        row = ""
        for term in self.write.terms(right):
            if row and len(row) + len(term) > _WIDE:
                yield row
                row = term
            else:
                row = f"{row} {term}".strip()
        yield row

    def _table(self, begin: str, end: str) -> Iterator[str]:
        table = self.page.numbers
        assert table is not None
        yield rf"{begin}\begin{{array}}[t]{{" + "r" * len(table.headings) + "}"
        yield "  " + " & ".join(map(self.write, table.headings)) + r" \\ \hline"
        rows = table.rows
        cut = len(rows) > MOST_ROWS
        shown = [*rows[: MOST_ROWS - 1], rows[-1]] if cut else rows
        for number_, row in enumerate(shown):
            if cut and number_ == len(shown) - 1:
                yield "  " + " & ".join(r"\vdots" for _ in row) + r" \\"
            yield "  " + " & ".join(map(self._cell, row)) + r" \\"
        yield rf"\end{{array}}{end}"

    def _number(self, value: float | Decimal) -> str:
        r"""`1.5 \cdot 10^{-7}` of 1.5e-07."""
        digits, e, exponent = number(value, self.digits).replace("∞", r"\infty").partition("e")
        return rf"{digits} \cdot 10^{{{int(exponent)}}}" if e else digits

    def _cell(self, cell: Cell) -> str:
        if isinstance(cell, Valued):
            return f"{self.write(cell.formula)} = {self._number(cell.value)}"
        return self._number(cell)

    def _phrase(self, phrase: Phrase) -> str:
        match phrase:
            case str():
                return _prose(phrase)
            case int() | float() | Decimal() | Valued():
                return f"${self._cell(phrase)}$"
            case Sign(_, latex):
                return f"${latex}$"
            case _:
                return f"${self.write(phrase)}$"


def _prose(words: str) -> str:
    """Words as TeX of any age and font encoding sets them: a ' is an apostrophe."""
    if not words.strip():
        return words
    return tex(words).replace(r"\textquotesingle{}", "'").replace("…", r"\dots{}")


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")
