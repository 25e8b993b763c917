"""Tables for programs and papers: csv, markdown, LaTeX, with nothing before or after them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from types import MappingProxyType

from archlang.cli.page import Table
from archlang.diagnostics.render.display import visible_text


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Comma-separated values with a line of headings; numbers as programs read them."""
    import csv
    from io import StringIO

    page = StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return page.getvalue().removesuffix("\n")


def _plain(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: the ++ of a concatenation, say."""
    if not isinstance(cell, str):
        return cell
    text = visible_text(cell)
    return f" {text}" if text.startswith(("=", "+", "-", "@")) else text


def markdown_text(table: Table, totals: int = 0) -> str:
    """A pipe table; the last `totals` rows are bold."""
    bars = ["---:" if heading in table.numbers else "---" for heading in table.headings]
    rows = [[_escaped(cell) for cell in row] for row in table.rows]
    for row in rows[len(rows) - totals :]:
        row[:] = [f"**{cell}**" if cell else "" for cell in row]
    lines = [[_escaped(heading) for heading in table.headings], bars, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    for sign in "\\`*_[]<>~|":
        text = text.replace(sign, f"\\{sign}")
    return visible_text(text)


def latex_text(table: Table, totals: int = 0) -> str:
    """A tabular for pdflatex with the package booktabs; a line above the last `totals` rows."""
    places = "".join("r" if heading in table.numbers else "l" for heading in table.headings)
    rows = [" & ".join(map(latex_escaped, row)) + r" \\" for row in table.rows]
    body, last = rows[: len(rows) - totals], rows[len(rows) - totals :]
    lines = chain(
        ["% needs \\usepackage{booktabs}", f"\\begin{{tabular}}{{{places}}}", r"\toprule"],
        [" & ".join(map(latex_escaped, table.headings)) + r" \\", r"\midrule"],
        body,
        [r"\midrule", *last] if last else [],
        [r"\bottomrule", r"\end{tabular}"],
    )
    return "\n".join(lines)


_LATEX = MappingProxyType(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
        "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
        "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
        "[": "{[}", "]": "{]}", "*": "{*}", "–": "--", "…": r"\dots{}", "×": r"$\times$",
        "→": r"$\to$", "∘": r"$\circ$", "⊕": r"$\oplus$", "⊖": r"$\ominus$", "⊗": r"$\otimes$",
        "−": "$-$", "·": r"$\cdot$", "≤": r"$\leq$", "²": "$^2$",
        "\u00a0": "~", "µ": r"$\mu$", "μ": r"$\mu$", "≡": r"$\equiv$", "≥": r"$\geq$",
    }
)  # fmt: skip
"""What LaTeX reads otherwise than it is written. A bracket behind a line break would be its
argument, and so would a star."""


_SHAPES = re.compile(r"[\d x]*\dx\d[\d x]*")


def latex_escaped(text: str) -> str:
    """A text as pdflatex prints it; a sign that its fonts may lack becomes its number."""
    shown = visible_text(text)
    if _SHAPES.fullmatch(shown):
        shown = shown.replace("x", "×")
    return "".join(
        _LATEX.get(sign) or (sign if sign.isascii() else _number(sign)) for sign in shown
    )


def _number(sign: str) -> str:
    return f"U+{ord(sign):04X}"
