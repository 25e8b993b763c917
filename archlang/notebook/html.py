"""Diagnostics and tables as html for light and dark notebooks; all text in it is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from archlang.cli.page import Table
from archlang.diagnostics.model import Diagnostic
from archlang.diagnostics.render.display import visible_text
from archlang.diagnostics.render.pen import Style
from archlang.diagnostics.render.text import render_text

WIDTH = 100
"""Columns of a code frame."""
RED = "var(--jp-error-color1, var(--vscode-errorForeground, #d9363e))"
AMBER = "var(--jp-warn-color1, var(--vscode-editorWarning-foreground, #b8720a))"
BLUE = "var(--jp-brand-color1, var(--vscode-textLink-foreground, #2f7fd6))"
GREEN = "var(--jp-success-color1, #2e9a48)"
# A notebook that is not trusted shows no style sheets, so styles stand at the elements.
_STYLES = {
    Style.BOLD: "font-weight:600",
    Style.ERROR: f"font-weight:600;color:{RED}",
    Style.WARNING: f"font-weight:600;color:{AMBER}",
    Style.FRAME: "opacity:.6",
    Style.SECONDARY: f"font-weight:600;color:{BLUE}",
    Style.ADDED: f"color:{GREEN}",
    Style.REMOVED: f"color:{RED}",
}
_CODES = {style.value: css for style, css in _STYLES.items()}
_ESCAPE = re.compile(r"\x1b\[([\d;]*)m")
_FRAME = (
    "margin:.3em 0;padding:.6em .9em;border-left:3px solid {line};overflow-x:auto;"
    "background:rgba(128,128,128,.1);color:inherit;line-height:1.4;white-space:pre;"
    "font-family:var(--jp-code-font-family, ui-monospace, 'DejaVu Sans Mono', monospace);"
    "font-size:var(--jp-code-font-size, 13px)"
)
_CELL = "padding:.15em .8em;text-align:{side};color:inherit;background:none;white-space:nowrap"


def diagnostics_html(found: Iterable[Diagnostic]) -> str:
    """The diagnostics as a terminal shows them: code frame, notes, help and repair."""
    text = "".join(_coloured(render_text(found, colour=True, width=WIDTH)))
    return f'<pre style="{_FRAME.format(line=RED)}">{text}</pre>'


def table_html(table: Table, most: int | None = None) -> str:
    """A table; of more than `most` rows the last of them are counted, but the very last, which
    has the totals, is shown."""
    rows = [_row(row, table, "td") for row in table.rows]
    if most is not None and len(rows) > most:
        rest = f'<tr><td colspan="{len(table.headings)}">… {len(rows) - most:,} more rows</td></tr>'
        rows[most - 1 : -1] = [rest]
    head = f"<thead>{_row(table.headings, table, 'th')}</thead>" if any(table.headings) else ""
    style = "border-collapse:collapse;border:none;color:inherit;font-size:90%;margin:.3em 0"
    title = f'<div style="font-weight:600">{plain_html(table.title)}</div>' if table.title else ""
    return f'{title}<table style="{style}">{head}<tbody>{"".join(rows)}</tbody></table>'


def folded(title: str, inside: str) -> str:
    """Something to be opened by a click on its title."""
    return (
        f'<details style="margin:.3em 0"><summary style="cursor:pointer">{plain_html(title)}'
        f'</summary><div style="overflow-x:auto">{inside}</div></details>'
    )


def plain_html(text: str) -> str:
    """Text of a spec, with what cannot be seen made visible, and nothing in it markup."""
    return escape(visible_text(text))


def _row(cells: Iterable[str], table: Table, tag: str) -> str:
    parts: list[str] = []
    for heading, cell in zip(table.headings, cells, strict=True):
        side = "right" if heading in table.numbers else "left"
        parts.append(f'<{tag} style="{_CELL.format(side=side)}">{plain_html(cell)}</{tag}>')
    return f"<tr>{''.join(parts)}</tr>"


def _coloured(text: str) -> Iterator[str]:
    """The text of a terminal as html; only the colours of our own pen are known."""
    pieces = _ESCAPE.split(text)  # text, code, text, code, … text
    yield escape(pieces[0])
    for code, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        css = _CODES.get(code)
        yield f'<span style="{escape(css)}">{escape(piece)}</span>' if css else escape(piece)
