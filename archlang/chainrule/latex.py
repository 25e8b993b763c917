"""A chain rule as LaTeX: an `align*` for each pass, and sentences below; amsmath and amssymb."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from archlang.chainrule.model import Expr, Given, Line, Page, Phrase, Section, Sign, Symbol
from archlang.chainrule.notation import Notation, number
from archlang.figures.writers.tikz.tex import comment, tex

HEAD = r"% \usepackage{amsmath,amssymb}"
MOST_ROWS = 30
"""Of a table of numbers, which cannot be broken over pages."""
_WIDE = 110
"""A line of so many characters of text is broken before its terms."""
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
            return r"\theta" if symbol.letter == "Y" else r"\bar{\theta}"
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


def latex_of(page: Page) -> str:
    """The page as LaTeX for the body of a document, without a line end at its end."""
    return "\n".join(_Writer(page).lines())


class _Writer:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.script = LatexScript(page.scalar)
        self.write = Notation(self.script, page.scalar)

    def lines(self) -> Iterator[str]:
        """All lines."""
        page = self.page
        yield f"% {comment(page.title)}  {comment(page.place)}".rstrip()
        for section in page.sections:
            if section.lines:
                yield rf"\noindent {self._heading(section)}"
                yield from self._align(section)
        if page.numbers:
            yield from self._table()
        for sentence in (*page.notes, *page.remarks):
            yield "".join(map(self._phrase, sentence))
            yield ""

    def _heading(self, section: Section) -> str:
        given = " and ".join(map(self._given, section.given))
        return f"{_HEADINGS[section.title]}{f', given {given}' if given else ''}:"

    def _given(self, given: Given) -> str:
        script = self.script
        of = script.symbol(given.of)
        gradient = script.gradient(given.of) if script.scalar else rf"\nabla_{{{of}}} R"
        value = "" if given.value is None else f" = {number(given.value)}"
        return f"${script.symbol(given.symbol)} = {gradient}{value}$"

    def _align(self, section: Section) -> Iterator[str]:
        yield r"\begin{align*}"
        rows = [row for line in section.lines for row in self._rows(line)]
        yield " \\\\\n".join(rows)
        yield r"\end{align*}"

    def _rows(self, line: Line) -> Iterator[str]:
        left = self.write(line.left)
        for right in (line.right, *line.more):
            rows = list(self._broken(right))
            if line.value is not None and not line.more:
                rows[-1] += f" = {_number(line.value)}"
            if line.condition:
                condition = line.condition.replace("…", r"\dots")
                rows[-1] += rf" \qquad ({condition})"
            yield f"  {left} &= {rows[0]}"
            yield from (rf"  &\quad {row}" for row in rows[1:])
            left = ""
        if line.value is not None and line.more:
            yield f"  &= {_number(line.value)}"

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

    def _table(self) -> Iterator[str]:
        table = self.page.numbers
        assert table is not None
        yield r"\[\begin{array}{" + "r" * len(table.headings) + "}"
        yield "  " + " & ".join(map(self.write, table.headings)) + r" \\ \hline"
        rows = table.rows
        cut = len(rows) > MOST_ROWS
        shown = [*rows[: MOST_ROWS - 1], rows[-1]] if cut else rows
        for number_, row in enumerate(shown):
            if cut and number_ == len(shown) - 1:
                yield "  " + " & ".join(r"\vdots" for _ in row) + r" \\"
            yield "  " + " & ".join(map(_number, row)) + r" \\"
        yield r"\end{array}\]"

    def _phrase(self, phrase: Phrase) -> str:
        match phrase:
            case str():
                return tex(phrase) if phrase.strip() else phrase
            case Sign(_, latex):
                return f"${latex}$"
            case _:
                return f"${self.write(phrase)}$"


def _number(value: float | Decimal) -> str:
    r"""`1.5 \cdot 10^{-7}` of 1.5e-07."""
    digits, e, exponent = number(value).partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if e else digits


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")
