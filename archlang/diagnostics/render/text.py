"""Diagnostics for people: the source lines, what is wrong in them, why, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from archlang.diagnostics.model import Diagnostic, Fix, Label, Severity
from archlang.diagnostics.render.display import excerpt, visible_text
from archlang.diagnostics.render.marks import Mark, drawing, mark, rows
from archlang.diagnostics.render.pen import Pen, Style
from archlang.source import Position, Source

WIDTH = 120
"""Columns of the page where nobody says how many there are."""
_LEAST_ROOM = 20
_LONGEST_FIX = 6


def render_text(
    diagnostics: Iterable[Diagnostic], colour: bool = False, width: int | None = None
) -> str:
    """The diagnostics as a person reads them, and a line that counts them if there are several.

    Args:
        diagnostics: What to show, in this order.
        colour: Whether to write ANSI colours.
        width: Columns of the page; source lines that are longer are cut around the mistake.
    """
    found = list(diagnostics)
    pen = Pen(colour)
    blocks = ["\n".join(_block(d, pen, width or WIDTH)) for d in found]
    if len(found) > 1:
        blocks.append(pen(_count(found), Style.BOLD))
    return "\n\n".join(blocks)


def _count(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    numbers = ((s, sum(d.severity is s for d in diagnostics)) for s in Severity)
    return ", ".join(f"{n} {s}{'' if n == 1 else 's'}" for s, n in numbers if n)


def _block(diagnostic: Diagnostic, pen: Pen, width: int) -> Iterator[str]:
    style = Style.ERROR if diagnostic.severity is Severity.ERROR else Style.WARNING
    heading = pen(f"{diagnostic.severity}[{diagnostic.code}]", style)
    message = visible_text(diagnostic.message)
    yield heading + pen(f": {message}", Style.BOLD)
    page = _Page(pen, width, len(str(_last_line(diagnostic))))
    yield from page.snippets(diagnostic.primary, diagnostic.secondary, style)
    closing = list(chain(page.remarks(diagnostic), page.repair(diagnostic)))
    if closing and diagnostic.primary.span.source.text:
        yield page.row()
    yield from closing


def _last_line(diagnostic: Diagnostic) -> int:
    """The greatest line number that will be shown."""
    labels = (diagnostic.primary, *diagnostic.secondary)
    last = max(label.span.begin.line for label in labels)
    fix = diagnostic.fix
    if fix is None:
        return last
    return max(last, fix.span.finish.line, fix.span.begin.line + fix.replacement.count("\n"))


class _Page(NamedTuple):
    """Where the rows of one diagnostic are written: a gutter `digits` wide, then the text."""

    pen: Pen
    width: int
    digits: int

    @property
    def room(self) -> int:
        """Columns for source text."""
        return max(_LEAST_ROOM, self.width - self.digits - 3)

    def row(self, text: str = "", number: int | None = None) -> str:
        """`12 | text`, or without a number."""
        gutter = f"{'' if number is None else number:>{self.digits}} |"
        return self.pen(gutter, Style.FRAME) + (f" {text}" if text else "")

    def sign(self, sign: str, text: str) -> str:
        """A row that begins with a sign instead of a number."""
        return f"{' ' * self.digits}{self.pen(sign, Style.FRAME)} {text}"

    def place(self, arrow: str, source: Source, at: Position) -> str:
        """` --> resnet.arch:12:5`; what is neither a text nor a file has no lines: ` --> Net`."""
        name = visible_text(source.name)
        has_lines = bool(source.text or source.path)
        return self.sign(arrow, f"{name}:{at.line}:{at.column}" if has_lines else name)

    def snippets(self, primary: Label, secondary: Sequence[Label], style: Style) -> Iterator[str]:
        """The marked lines of every file concerned, that of the primary label first."""
        files: dict[tuple[str, str], list[tuple[Label, Style]]] = {}
        styled: list[tuple[Label, Style]] = [(primary, style)]
        styled += [(label, Style.SECONDARY) for label in secondary]
        for label, its_style in styled:
            source = label.span.source
            files.setdefault((source.name, source.text), []).append((label, its_style))
        arrow = "-->"
        for labels in files.values():
            span = labels[0][0].span
            if span.source.name:  # else the problem is in no file
                yield self.place(arrow, span.source, span.begin)
            yield from self._snippet(span.source, [mark(label, s) for label, s in labels])
            arrow = ":::"

    def _snippet(self, source: Source, marks: list[Mark]) -> Iterator[str]:
        """The marked lines of one file, with `...` where lines between them are left out."""
        if not source.text:
            yield from (self.remark("note", m.words) for m in marks if m.words)
            return
        yield self.row()
        shown = {m.line for m in marks}
        first = min(shown)
        if first > 1 and not source.line(first).strip():
            shown.add(first - 1)  # an empty line says little without the one before it
        shown |= {n + 1 for n in shown if n + 2 in shown}
        before = min(shown) - 1
        for number in sorted(shown):
            if number > before + 1:
                yield self.pen("...", Style.FRAME)
            yield from self._line(source, number, [m for m in marks if m.line == number])
            before = number

    def _line(self, source: Source, number: int, marks: list[Mark]) -> Iterator[str]:
        drawn = drawing(source.line(number), marks, self.room)
        yield self.row(drawn.text.rstrip(), number)
        if marks:
            yield from (self.row(text) for text in rows(drawn, marks, self.pen))

    def remarks(self, diagnostic: Diagnostic) -> Iterator[str]:
        """` = note: …` and ` = help: …`."""
        remarks = [("note", note) for note in diagnostic.notes]
        if diagnostic.help:
            remarks.append(("help", diagnostic.help))
        for kind, text in remarks:
            yield self.remark(kind, text)

    def remark(self, kind: str, text: str) -> str:
        """` = note: …`; further lines of the text stand below its first."""
        indent = " " * (self.digits + len(f" = {kind}: "))
        words = f"\n{indent}".join(map(visible_text, text.split("\n")))
        return self.sign(" =", f"{self.pen(kind, Style.BOLD)}: {words}")

    def repair(self, diagnostic: Diagnostic) -> Iterator[str]:
        """The lines of the fix as they would read, or those that it removes."""
        fix = diagnostic.fix
        if fix is None:
            return
        if fix.span.source is not diagnostic.primary.span.source:
            yield self.place(":::", fix.span.source, fix.span.begin)
        elif diagnostic.help is None:
            yield self.sign(" =", f"{self.pen('fix', Style.BOLD)}:")
        yield self.row()
        sign, lines = _repaired(fix)
        style = Style.ADDED if sign == "+" else Style.REMOVED
        begin = fix.span.begin
        for number, line in enumerate(lines[:_LONGEST_FIX], begin.line):
            at = begin.column - 1 if number == begin.line else 0
            text = excerpt(line, at, at + len(fix.replacement), self.room - 2).text.rstrip()
            yield self.row(self.pen(f"{sign} {text}".rstrip(), style), number)
        if len(lines) > _LONGEST_FIX:
            yield self.pen("...", Style.FRAME)


def _repaired(fix: Fix) -> tuple[str, list[str]]:
    """`+` and the lines as they would read, or `-` and the lines that would be gone."""
    span, source = fix.span, fix.span.source
    start = source.line_span(span.begin.line).start
    end = source.line_span(span.finish.line).end
    head, tail = source.text[start : span.start], source.text[span.end : end]
    whole_lines = span.finish.column == 1 or not tail
    if not fix.replacement and not head.strip() and whole_lines:
        return "-", (head + span.text).splitlines()
    return "+", (head + fix.replacement + tail).split("\n")
