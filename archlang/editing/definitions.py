"""Pieces to trees: each piece is read by itself, and one that cannot be read spoils no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeAlias, TypeVar, cast

from archlang.diagnostics.catalog.syntax import BadDedent
from archlang.diagnostics.model import Diagnostic, Diagnostics, Mistake
from archlang.editing.pieces import Cut, Piece, code
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.parse import MAX_MISTAKES, parser, read_partly, without_line
from archlang.syntax.walk import walk

_Tree = TypeVar("_Tree")
_SPARE = 100
"""Pieces that are gone and may be kept, so that not every edit looks for them."""
Giver: TypeAlias = tree.Step | tree.Input | tree.Output
"""Statements that give tensors."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a piece says, and what is wrong with it.

    `value` stands for what could not be read too, so that its names are known, if not their
    meaning; None where nothing can be said of it.
    """

    value: Any
    problems: tuple[Diagnostic, ...] = ()

    @cached_property
    def mentions(self) -> frozenset[str]:
        """All names that the piece mentions."""
        names = (n.id for n in self._nodes if isinstance(n, tree.Name))
        sizes = (n.parts for n in self._nodes if isinstance(n, tree.Size))
        return frozenset(names) | {str(part) for parts in sizes for part in parts}

    @cached_property
    def givers(self) -> tuple[Giver, ...]:
        """The statements in it that give tensors, in the order of the lines."""
        found = (node for node in self._nodes if isinstance(node, Giver))
        return tuple(sorted(found, key=lambda node: node.span.start))

    @cached_property
    def _nodes(self) -> tuple[tree.Syntax, ...]:
        if not isinstance(self.value, tree.Syntax):
            return ()
        return tuple(n for n in walk(self.value) if isinstance(n, (tree.Name, tree.Size, Giver)))


@dataclass(frozen=True, eq=False)
class Read:
    """A definition as it was read."""

    cut: Cut
    tree: tree.Definition | None
    problems: tuple[Diagnostic, ...]
    mentions: frozenset[str]
    """All names that it mentions."""
    givers: Mapping[Piece, tuple[Giver, ...]] = field(
        default_factory=dict[Piece, tuple[Giver, ...]]
    )
    """The statements of each piece that give tensors, in the order of the lines."""


class Readings:
    """The trees of the definitions of one file; what did not change is not read again."""

    def __init__(self) -> None:
        self._headers: dict[tuple[Piece, bool], Reading] = {}
        """By whether a body stands below, which belongs to what they say."""
        self._lines: dict[Piece, Reading] = {}
        self._read: dict[Cut, Read] = {}

    def read(self, cuts: Iterable[Cut]) -> tuple[Read, ...]:
        """The definitions of the present text, in order."""
        found = {cut: self._read.get(cut) or self._joined(cut) for cut in cuts}
        self._read = found
        self._forget()
        return tuple(found.values())

    def _joined(self, cut: Cut) -> Read:
        key = cut.header, bool(cut.statements)
        header = self._headers.get(key)
        if header is None:
            header = self._headers[key] = _header(cut)
        lines: list[Reading] = []
        for piece in cut.statements:
            line = self._lines.get(piece)
            if line is None:
                line = self._lines[piece] = _statement(piece)
            lines.append(line)
        return _joined(cut, header, lines)

    def _forget(self) -> None:
        """Forget pieces that are gone, once there are as many of them as of those that are left."""
        left = sum(map(len, (cut.statements for cut in self._read))) + len(self._read)
        if len(self._lines) + len(self._headers) > 2 * left + _SPARE:
            lines = {piece for cut in self._read for piece in cut.statements}
            headers = {(cut.header, bool(cut.statements)) for cut in self._read}
            self._lines = {piece: self._lines[piece] for piece in lines}
            self._headers = {key: self._headers[key] for key in headers}


def _joined(cut: Cut, header: Reading, lines: list[Reading]) -> Read:
    definition = header.value
    if isinstance(definition, (tree.Block, tree.Network)) and cut.statements:
        definition = _with_body(definition, lines)
    problems = (*header.problems, *(p for line in lines for p in line.problems))
    mentions = header.mentions.union(*(line.mentions for line in lines))
    pieces = zip((cut.header, *cut.statements), (header, *lines), strict=True)
    givers = {piece: reading.givers for piece, reading in pieces if reading.givers}
    if cut.statements:
        givers.pop(cut.header, None)  # what stands in for a body there
    return Read(cut, definition, problems, mentions, givers)


def _with_body(unit: tree.Block | tree.Network, lines: list[Reading]) -> tree.Definition:
    values: list[Any] = [line.value for line in lines]
    statements: Any = tuple(value for value in values if isinstance(value, tree.Syntax))
    doc = next((value for value in values if isinstance(value, str)), "")
    span = statements[0].span.to(statements[-1].span) if statements else unit.span
    body: Any = tree.Suite(span, statements, doc)
    if isinstance(unit, tree.Block):
        return tree.Block(unit.span, unit.name, unit.parameters, body, unit.unread)
    return tree.Network(unit.span, unit.name, unit.parameters, body, unit.alias, unit.base)


# ── one piece ────────────────────────────────────────────────────────────────────────────────

_RUNS = (tree.Branch, tree.Dense, tree.Repeat, tree.Chain)
_HOLDERS = (
    tree.Step, tree.Output, tree.Pipe, tree.For, tree.If, tree.Replace, tree.Insert,
)  # fmt: skip
"""What a suite may lie in."""
_HEADER = re.compile(r"(?P<word>block|network)[ \t]+(?P<name>[A-Za-z_]\w*)")
_BOUND = re.compile(
    r"^[ \t]*(?:let[ \t]+)?([A-Za-z_]\w*(?:[ \t]*,[ \t]*[A-Za-z_]\w*)*)"
    r"(?:\([^()\n]*\))?[ \t]*=(?!=)",
    re.MULTILINE,
)
_WORDS = re.compile(r"[ \t]*(input|output|let|shared|assert|default)\b[ \t]*([A-Za-z_]\w*)?")


def _header(cut: Cut) -> Reading:
    """A header, and whatever stands in its line; a body below is left to its own pieces."""
    piece = cut.header
    if not cut.statements:
        file, problems = _attempt(piece, partial(parser().parse, piece))
        definitions = file.definitions if file else ()
        value = _salvaged_header(piece) if problems else next(iter(definitions), None)
        return Reading(value, problems)
    try:
        file = parser().parse(piece, f"{code(piece.text)} x")
    except Mistake as mistake:
        sink = Diagnostics()
        sink.report_mistake(mistake, Span(piece, 0, 0))
        return Reading(_salvaged_header(piece), tuple(sink))
    return Reading(file.definitions[0])


def _statement(piece: Piece) -> Reading:
    if not piece.aligned:
        sink = Diagnostics()
        sink.report(BadDedent(columns=piece.indent), Span(piece, 0, max(piece.indent, 1)))
        return Reading(_salvaged(piece), tuple(sink))
    value, problems, unread = _attempt_lines(piece)
    if not unread and not problems:
        return Reading(value)
    first = piece.text.find("\n")
    if value is None or first < 0 or any(start <= first for start, _ in unread):
        return Reading(_salvaged(piece), problems)
    return Reading(_with_stand_ins(value, piece, unread), problems)


_Lines: TypeAlias = list[tuple[int, int]]


def _attempt_lines(piece: Piece) -> tuple[tree.Statement | str | None, tuple[Any, ...], _Lines]:
    """A statement, what is wrong with it, and where lines are that something else stands for."""
    sink = Diagnostics()
    text = piece.text
    unread: _Lines = []
    for _ in range(MAX_MISTAKES):
        try:
            return parser().statement(piece, text, piece.indent), tuple(sink), unread
        except Mistake as mistake:
            at = mistake.at or Span(piece, 0, 0)
            start = text.rfind("\n", 0, at.start) + 1
            end = text.find("\n", at.start)
            line = start, len(text) if end < 0 else end
            if line in unread:
                break  # it is of no use to speak of what stands in for a line
            sink.report_mistake(mistake, Span(piece, 0, 0))
            unread.append(line)
            text = without_line(text, at)
    return None, tuple(sink), unread


def _with_stand_ins(node: Any, piece: Piece, unread: _Lines) -> Any:
    """A tree in whose suites the unread lines have become what is known of them."""
    if isinstance(node, tuple):
        return tuple(_with_stand_ins(item, piece, unread) for item in cast("tuple[Any, ...]", node))
    if isinstance(node, tree.Suite):
        lines = (_stand_in(s, piece, unread) for s in node.statements)
        return tree.Suite(node.span, tuple(s for s in lines if s is not None), node.doc)
    if not isinstance(node, (*_HOLDERS, *_RUNS)):
        return node
    fields = (_with_stand_ins(getattr(node, name), piece, unread) for name in node.record_fields)
    return type(node)(*fields)


def _stand_in(s: tree.Statement, piece: Piece, unread: _Lines) -> tree.Statement | None:
    if not any(start <= s.span.start <= end for start, end in unread):
        return _with_stand_ins(s, piece, unread)
    end = max(node.span.end for node in walk(s))
    line_end = piece.text.find("\n", end)
    start = piece.text.rfind("\n", 0, s.span.start) + 1
    return _salvaged(piece, start, len(piece.text) if line_end < 0 else line_end)


def _attempt(piece: Piece, read: Callable[[str], _Tree]) -> tuple[_Tree | None, tuple[Any, ...]]:
    sink = Diagnostics()
    value, _ = read_partly(piece, sink, read)
    return value, tuple(sink)


def _salvaged_header(piece: Piece) -> tree.Definition | None:
    """A block or network of which only the name is known."""
    match = _HEADER.match(piece.text)
    bound = _BOUND.match(piece.text)
    whole = Span(piece, 0, len(piece.text))
    if match is None:
        name = bound[1] if bound and piece.text.startswith("let") else ""
        return tree.Let(whole, _name(piece, 0, name), None, tree.Unread(whole)) if name else None
    name = _name(piece, match.start("name"), match["name"])
    body = tree.Suite(whole, (tree.Step(whole, (), tree.Unread(whole), None),))
    if match["word"] == "block":
        return tree.Block(whole, name, (), body, unread=True)
    return tree.Network(whole, name, (), body, alias=tree.Unread(whole))


def _salvaged(piece: Piece, start: int = 0, end: int | None = None) -> tree.Statement | None:
    """A statement of which only the names are known that it gives a meaning to."""
    end = len(piece.text) if end is None else end
    whole = Span(piece, start, end)
    unread = tree.Unread(whole)
    match = _WORDS.match(piece.text, start, end)
    word, given = (match[1], match[2] or "") if match else ("", "")
    start = match.start(2) if match else start
    match word:
        case "assert" | "default":
            return None
        case "input":
            return tree.Input(whole, (_name(piece, start, given or "x"),), unread)
        case "let" | "shared" if given:
            kind = tree.Let(whole, _name(piece, start, given), None, unread)
            return kind if word == "let" else tree.Shared(whole, kind.name, unread)
        case "output":
            return tree.Output(whole, _name(piece, start, given) if given else None, unread, False)
        case _:
            return tree.Step(whole, tuple(_bound(whole)), unread, None)


def _bound(whole: Span) -> Iterable[tree.Name]:
    seen: set[str] = set()
    piece = whole.source
    for match in _BOUND.finditer(piece.text, whole.start, whole.end):
        for name in re.finditer(r"\w+", match[1]):
            if name[0] not in seen:
                seen.add(name[0])
                yield _name(piece, match.start(1) + name.start(), name[0])


def _name(piece: Source, start: int, name: str) -> tree.Name:
    start = max(start, 0)
    return tree.Name(Span(piece, start, start + len(name)), name)
