"""A chain rule as plain text: aligned at the equal signs, at most a hundred columns wide."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from textwrap import wrap

from archlang.chainrule.model import Cell, Given, Line, Page, Phrase, Section, Sign, Symbol, Valued
from archlang.chainrule.notation import DIGITS, Notation, number

WIDTH = 100
_HEADINGS = {"forward": "forward", "backward": "backward", "weights": "for the weights"}


class TextScript:
    """Unicode. A scalar's symbols are written with a low line, as on the lecture's blackboard."""

    odot, dot, star, given, total, minus = "⊙", "·", "⋆", "|", "Σ", "−"
    dagger, transpose, partial, gap = "†", "ᵀ", "∂", " "

    def __init__(self, scalar: bool) -> None:
        self.scalar = scalar

    def symbol(self, symbol: Symbol) -> str:
        """`Z1`, `y_1`, `y_{l-1}`."""
        if not self.scalar:
            named = symbol.index[:1].isupper() or symbol.letter + symbol.index[:1] == "as"
            low = "_" if named else ""  # W_H is no product, and a_s no word
            return f"{symbol.letter}{low}{symbol.index}"
        index = symbol.index
        low = f"_{index}" if len(index) == 1 or index.isdigit() else f"_{{{index}}}"
        letter = "θ" if symbol == Symbol("Y") else symbol.letter.lower()
        return f"{'θ̄' if symbol.letter == 'G' else letter}{low if index else ''}"

    def gradient(self, symbol: Symbol) -> str:
        """`∇Z1`, `dR/dz_1`."""
        return f"dR/d{self.symbol(symbol)}" if self.scalar else f"∇{self.symbol(symbol)}"

    def jacobian(self, name: Symbol) -> str:
        """`J_rbf1`."""
        return f"J_{name.letter}{name.index}"

    def series(self, factor: str) -> str:
        """`Π_{l=2..L+1} …`."""
        return f"Π_{{l=2..L+1}} {factor}"

    def bracketed(self, text: str) -> str:
        """A long content is set off by spaces."""
        return f"( {text} )" if "Π" in text or len(text) > WIDTH // 3 else f"({text})"

    def quotient(self, above: str, below: str) -> str:
        """`∂f/∂a`."""
        return f"{above}/{below}".replace("∂ ", "∂")


def text_of(page: Page, digits: int = DIGITS, formulas: bool = False) -> str:
    """The page as text, without a line end at its end.

    Args:
        page: what is written.
        digits: at most so many of each number.
        formulas: the formulas and numbers alone, without the sentences below.
    """
    return "\n".join(_Writer(page, digits, formulas).lines())


class _Writer:
    def __init__(self, page: Page, digits: int, formulas: bool) -> None:
        self.page = page
        self.digits = digits
        self.formulas = formulas
        self.script = TextScript(page.scalar)
        self.write = Notation(self.script, page.scalar)

    def lines(self) -> Iterator[str]:
        """All lines."""
        page = self.page
        yield f"{page.title}  {page.place}".rstrip()
        for section in page.sections:
            if section.lines:
                yield f"\n{self._heading(section)}"
                yield from self._aligned(section)
        if page.numbers:
            yield ""
            yield from self._table()
        if not self.formulas:
            yield from self._sentences()
        if page.left_out:
            yield from self._sentence((page.left_out,), "")

    def _sentences(self) -> Iterator[str]:
        page = self.page
        for title, sentences in (("where", page.notes), ("", page.remarks)):
            yield from ([f"\n{title}".rstrip()] if title and sentences else [])
            for sentence in sentences:
                yield from self._sentence(sentence, "  " if title else "")

    def _heading(self, section: Section) -> str:
        given = " and ".join(map(self._given, section.given))
        return f"{_HEADINGS[section.title]}{f', given {given}' if given else ''}"

    def _given(self, given: Given) -> str:
        script = self.script
        of = script.gradient(given.of) if script.scalar else f"∇_{script.symbol(given.of)} R"
        value = "" if given.value is None else f" = {self._number(given.value)}"
        outside = " from outside" if given.outside else ""
        return f"{script.symbol(given.symbol)} = {of}{outside}{value}"

    def _aligned(self, section: Section) -> Iterator[str]:
        lefts = [self.write(line.left) for line in section.lines]
        width = max(map(_columns, lefts))
        rights = [self.write(line.right) for line in section.lines]
        fitting = [_columns(r) for r in rights if _columns(r) <= WIDTH // 2]
        room = max(fitting, default=0)
        for line, left in zip(section.lines, lefts, strict=True):
            yield from self._line(line, left + " " * (width - _columns(left)), room)

    def _line(self, line: Line, left: str, room: int) -> Iterator[str]:
        begin, below = f"  {left} = ", f"  {' ' * _columns(left)} = "
        for right in (line.right, *line.more):
            yield from self._right(begin, self.write.terms(right), line, room)
            begin = below
        if line.value is not None and line.more:
            yield below + self._number(line.value)

    def _right(self, begin: str, terms: list[str], line: Line, room: int) -> Iterator[str]:
        """A right side, broken before its terms where it is too long."""
        text = terms[0]
        indent = " " * (_columns(begin))
        for term in terms[1:]:
            if _columns(begin) + _columns(text) + 1 + _columns(term) > WIDTH:
                yield begin + text
                begin, text = indent, term
            else:
                text += f" {term}"
        last = line.value is not None and not line.more
        value = f"{' ' * (room - _columns(text))} = {self._number(line.value or 0)}" if last else ""
        condition = f"   for {line.condition}" if line.condition else ""
        yield begin + text + value + condition

    def _table(self) -> Iterator[str]:
        table = self.page.numbers
        assert table is not None
        cells = [tuple(map(self.write, table.headings))]
        cells += [tuple(map(self._cell, row)) for row in table.rows]
        widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = (" " * (w - _columns(c)) + c for c, w in zip(row, widths, strict=True))
            yield "  " + "  ".join(padded)

    def _number(self, value: float | Decimal) -> str:
        return number(value, self.digits)

    def _cell(self, cell: Cell) -> str:
        if isinstance(cell, Valued):
            return f"{self.write(cell.formula)} = {self._number(cell.value)}"
        return self._number(cell)

    def _sentence(self, sentence: tuple[Phrase, ...], indent: str) -> Iterator[str]:
        words = "".join(self._phrase(p) for p in sentence)
        if not indent:
            yield ""
        # a formula is not broken
        lines = wrap(words, WIDTH, initial_indent=indent, subsequent_indent=indent * 2)
        yield from (line.replace(_HARD, " ") for line in lines)

    def _phrase(self, phrase: Phrase) -> str:
        match phrase:
            case str():
                return phrase
            case Sign(text):
                return text.replace(" ", _HARD)
            case int() | float() | Decimal() | Valued():
                return self._cell(phrase).replace(" ", _HARD)
            case _:
                return self.write(phrase).replace(" ", _HARD)


_HARD = "\ue000"
"""Stands for a space at which a sentence is not broken; no spec's name can have it."""


def _columns(text: str) -> int:
    """θ̄ takes one column."""
    return len(text) - text.count("\u0304")
