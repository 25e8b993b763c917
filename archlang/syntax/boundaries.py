"""Keywords end where a word ends: `input` is never read as `in` and `put`."""

from __future__ import annotations

from lark.lexer import PatternRE, PatternStr, TerminalDef


def end_at_words(terminal: TerminalDef) -> None:
    """Let a terminal that is a word match whole words only; for lark's `edit_terminals`.

    Where no name can stand, lark looks for the keywords alone, and would find `in` in `input`.
    """
    pattern = terminal.pattern
    if isinstance(pattern, PatternStr) and pattern.value.isidentifier():
        terminal.pattern = PatternRE(rf"{pattern.value}\b", pattern.flags, pattern.raw)
        terminal.priority += 1  # over names, as a written-out word is
