"""Excuses: `# lint: ignore W0501 (reason)` for a line, `# lint: ignore-file …` for a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from archlang.diagnostics.catalog.lint_names import IdleExcuse
from archlang.diagnostics.model import Diagnostic, Fix
from archlang.diagnostics.suggest import closest
from archlang.source import Source, Span

_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\''
    r'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|(?P<comment>#[^\n]*)',
    re.DOTALL,
)
_EXCUSE = re.compile(r"#[ \t]*lint:[ \t]*(?P<word>ignore(?:-file)?)\b(?P<rest>[^\n]*)")
_CODES = re.compile(r"[ \t]*(?P<codes>\w+(?:[ \t]*,[ \t]*\w+|[ \t]+[A-Za-z]\d+\b)*)?")
_CODE = re.compile(r"\w+")


@dataclass(eq=False)
class Excuse:
    """One code that a comment excuses."""

    code: str
    line: int
    whole_file: bool
    span: Span
    """The code in the comment; the comment where it names none."""
    comment: Span
    """The whole excuse, with its reason."""
    siblings: int
    """How many codes the comment excuses."""
    used: bool = field(default=False)


def excuses(source: Source) -> Iterator[Excuse]:
    """The excuses in a text, in order."""
    if "lint:" not in source.text:
        return
    for token in _TOKEN.finditer(source.text):
        start = token.start("comment")
        match = _EXCUSE.search(source.text, start, token.end()) if start >= 0 else None
        if match is None:
            continue
        span = Span(source, match.start(), match.start() + len(match[0].rstrip()))
        codes = _CODES.match(source.text, match.start("rest"), match.end("rest"))
        begin, end = codes.span("codes") if codes else (-1, -1)
        found = list(_CODE.finditer(source.text, begin, end)) if begin >= 0 else []
        line, whole = span.begin.line, match["word"] == "ignore-file"
        for code in found:
            at = Span(source, code.start(), code.end())
            yield Excuse(code[0].upper(), line, whole, at, span, len(found))
        if not found:
            yield Excuse("", line, whole, span, span, 0)


def excused(
    found: Iterable[Diagnostic], source: Source, known: frozenset[str]
) -> Iterator[Diagnostic]:
    """What is not excused, and the excuses for what is not there; `known`: the codes of rules."""
    told = list(excuses(source))
    of_lines: dict[tuple[str, int], list[Excuse]] = {}
    of_file: dict[str, list[Excuse]] = {}
    for excuse in told:
        if excuse.whole_file:
            of_file.setdefault(excuse.code, []).append(excuse)
        else:
            of_lines.setdefault((excuse.code, excuse.line), []).append(excuse)
    for diagnostic in found:
        code, at = diagnostic.code, diagnostic.primary.span
        lines = range(at.begin.line, at.finish.line + 1)
        covering = [e for line in lines for e in of_lines.get((code, line), ())]
        covering += of_file.get(code, ())
        for excuse in covering:
            excuse.used = True
        if not covering:
            yield diagnostic
    for excuse in told:
        if not excuse.used:
            yield _idle(excuse, known)


def _idle(excuse: Excuse, known: frozenset[str]) -> Diagnostic:
    is_known = not excuse.code or excuse.code in known
    near = None if is_known else closest(excuse.code, known)
    problem = IdleExcuse(excuse.code, is_known, near, excuse.whole_file)
    if near:
        fix: Fix | None = Fix(excuse.span, near)
    else:
        fix = Fix(_with_blanks(excuse.comment), "") if excuse.siblings == 1 else None
    return Diagnostic.of(problem, excuse.span, fix=fix)


def _with_blanks(comment: Span) -> Span:
    """A comment and the blanks between it and what stands before it."""
    before = comment.source.text[: comment.start]
    return Span(comment.source, len(before.rstrip(" \t")), comment.end)
