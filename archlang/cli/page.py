"""What commands print: diagnostics, tables, progress; coloured on a terminal, plain in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, TypeVar

from archlang.diagnostics.model import Diagnostic
from archlang.diagnostics.render.display import visible_text

Item = TypeVar("Item")
PATIENCE = 0.5
"""Seconds before a progress bar appears."""
MAX_FRAMED = 2_000
"""Rows up to which a table is drawn by rich, which takes a millisecond for each."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings; the columns named in `numbers` are aligned to the right."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: frozenset[str] = frozenset()
    title: str = ""


def is_terminal(stream: IO[str]) -> bool:
    """Whether a person reads along."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def coloured(stream: IO[str]) -> bool:
    """Whether to write colours (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def complain(text: str) -> None:
    """One line about what went wrong, where it is not a spec's mistake."""
    from archlang.diagnostics.render.pen import Pen, Style

    pen = Pen(coloured(sys.stderr))
    print(f"{pen('error', Style.ERROR)}: {visible_text(text)}", file=sys.stderr)


def remind(text: str) -> None:
    """One line about something that was done, but perhaps not as it was meant."""
    from archlang.diagnostics.render.pen import Pen, Style

    pen = Pen(coloured(sys.stderr))
    print(f"{pen('warning', Style.WARNING)}: {visible_text(text)}", file=sys.stderr)


def show_mistakes(diagnostics: Iterable[Diagnostic], stream: IO[str]) -> None:
    """The diagnostics as text, one below the other, each followed by an empty line."""
    from archlang.diagnostics.render.text import render_text

    width = shutil.get_terminal_size().columns if is_terminal(stream) else None
    for diagnostic in diagnostics:
        print(render_text([diagnostic], coloured(stream), width), file=stream, end="\n\n")


def tell_written(*files: Path) -> None:
    """Say which files were written, one line each."""
    print("\n".join(visible_text(f"written {file}") for file in files))


def show(table: Table) -> None:
    """Print a table: framed on a terminal, else as plain columns that are never cut or wrapped."""
    if is_terminal(sys.stdout) and len(table.rows) <= MAX_FRAMED:
        _show_framed(table)
    else:
        print("\n".join(plain(table)))


def plain(table: Table) -> Iterator[str]:
    """The lines of a table as columns with two spaces between them."""
    cells = [tuple(map(visible_text, row)) for row in table.rows]
    lines = [table.headings, *cells] if any(table.headings) else cells
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    if table.title:
        yield visible_text(table.title)
    for line in lines:
        padded = (
            cell.rjust(width) if heading in table.numbers else cell.ljust(width)
            for cell, width, heading in zip(line, widths, table.headings, strict=True)
        )
        yield "  ".join(padded).rstrip()


def _show_framed(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Framed
    from rich.text import Text

    framed = Framed(
        title=Text(visible_text(table.title), style="bold") if table.title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_header=any(table.headings),
        header_style="bold",
    )
    for heading in table.headings:
        right = heading in table.numbers
        justify = "right" if right else "left"
        framed.add_column(heading, justify=justify, overflow="fold", no_wrap=right)
    for row in table.rows:
        framed.add_row(*(Text(visible_text(cell)) for cell in row))
    Console(file=sys.stdout).print(framed)


@contextmanager
def working(title: str) -> Generator[None]:
    """Say on a terminal what takes its time."""
    if not is_terminal(sys.stderr):
        yield
        return
    from rich.console import Console

    with Console(file=sys.stderr).status(title):
        yield


def tracked(items: Sequence[Item], title: str) -> Iterator[Item]:
    """The items; on a terminal with a progress bar, once it takes longer than a moment."""
    start = monotonic()
    for number, item in enumerate(items):
        if monotonic() - start > PATIENCE and is_terminal(sys.stderr):
            yield from _with_bar(items[number:], title, number)
            return
        yield item


def _with_bar(rest: Sequence[Item], title: str, done: int) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task(title, total=done + len(rest), completed=done)
        for item in rest:
            yield item
            progress.advance(task)
