"""The arguments of the call that is being written, also while its bracket is still open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import NamedTuple

from pydantic import BaseModel

from archlang.editing.bindings import Symbol, bindings
from archlang.editing.definitions import Read
from archlang.editing.document import Analysis, Document
from archlang.editing.functions import FUNCTION_HELP
from archlang.editing.pieces import Piece
from archlang.editing.places import definition_at, last_line, piece_at, unit_of
from archlang.ops.registry import find
from archlang.semantics.arguments import signature_of_model
from archlang.semantics.matching import KINDS
from archlang.semantics.parameters import open_parameters
from archlang.semantics.values import (
    Function,
    InitialiserKind,
    MatchingKind,
    OpKind,
    Unit,
    Value,
)
from archlang.source import Position
from archlang.syntax import tree
from archlang.tooling.manual import written

_TOKEN = re.compile(
    r"\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
    r"|(?P<comment>\#[^\n]*)|(?P<open>[(\[])|(?P<close>[)\]])|(?P<comma>,)",
    re.DOTALL,
)
_CALLEE = re.compile(r"(?:\b(block|network|let)[ \t]+)?\b([A-Za-z_]\w*)[ \t]*\Z")
_KEYWORD = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)")
DIMS = re.compile(r"\s*(?:\d+|[A-Z])(?:x(?:\d+|[A-Z]))+\s*")


class Argument(NamedTuple):
    """One parameter of a signature."""

    name: str
    label: str
    """With its default: `stride=1`."""


@dataclass(frozen=True)
class Signature:
    """How something is called, and which of its arguments is being written."""

    name: str
    arguments: tuple[Argument, ...]
    doc: str = ""
    active: int | None = None
    """The place of the active argument; None where there is no such argument."""
    size: str | None = None
    """The argument that a size such as `3x3` fills, wherever it stands."""

    @property
    def label(self) -> str:
        """`conv(out, kernel=3, …)`."""
        return f"{self.name}({', '.join(a.label for a in self.arguments)})"

    def label_span(self, number: int) -> tuple[int, int]:
        """Where in the label an argument stands, in characters."""
        before = sum(len(a.label) + 2 for a in self.arguments[:number])
        start = len(self.name) + 1 + before
        return start, start + len(self.arguments[number].label)


class Call(NamedTuple):
    """A call whose bracket is open at a place."""

    callee: str
    number: int
    """Arguments before the one that is being written."""
    written: str
    """What of that one stands before the place."""
    given: tuple[str, ...]
    """The names of the arguments that are given by name before it."""

    @property
    def keyword(self) -> str | None:
        """The name of the argument that is being written, where it has one."""
        match = _KEYWORD.match(self.written)
        return match[1] if match else None


def signature(document: Document, position: Position) -> Signature | None:
    """The signature of the innermost call around a place; None outside of calls."""
    call = call_at(document, position)
    if call is None:
        return None
    read = definition_at(document.reads(), position.line)
    found = signature_of(document.analysis(), read, call.callee)
    if found is None:
        return None
    active = _active(call, found)
    return Signature(found.name, found.arguments, found.doc, active, found.size)


def call_at(document: Document, position: Position) -> Call | None:
    """The innermost call whose bracket is open at a place."""
    text = text_before(document, position)
    return None if text is None else open_call(text)


def text_before(document: Document, position: Position) -> str | None:
    """What stands before a place, from the start of its statement on.

    On a blank line, from the start of the statement above it: a bracket may be open there.
    """
    reads = document.reads()
    read = definition_at(reads, position.line)
    if read is None:
        return None
    found = piece_at(reads, position.line)
    pieces = (read.cut.header, *read.cut.statements)
    piece = found[1] if found else next(p for p in reversed(pieces) if _is_above(p, position))
    lines = document.text[piece.anchor.offset :].split("\n", position.line - piece.anchor.lines)
    before = lines[: position.line - piece.anchor.lines]
    before[-1] = before[-1][: position.column - 1]
    return "\n".join(before)


def _is_above(piece: Piece, position: Position) -> bool:

    return last_line(piece) < position.line


# ── the text ─────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Open:
    callee: str
    start: int
    """Where the argument that is being written begins."""
    number: int = 0
    given: list[str] = field(default_factory=list[str])


def open_call(text: str) -> Call | None:
    """The innermost call whose bracket is open at the end of a text."""
    waiting: list[_Open] = []
    for token in _TOKEN.finditer(text):
        if token["comment"] and token.end() == len(text):
            return None
        if token["open"]:
            waiting.append(_Open(_callee(text, token), token.end()))
        elif token["close"] and waiting:
            waiting.pop()
        elif token["comma"] and waiting:
            current = waiting[-1]
            keyword = _KEYWORD.match(text, current.start, token.start())
            current.given += [keyword[1]] if keyword else []
            current.start, current.number = token.end(), current.number + 1
    called = next((o for o in reversed(waiting) if o.callee), None)
    if called is None:
        return None
    return Call(called.callee, called.number, text[called.start :], tuple(called.given))


def _callee(text: str, token: re.Match[str]) -> str:
    """What is called there; nothing for a list, a group, and for a definition's parameters."""
    line = text.rfind("\n", 0, token.start()) + 1
    match = _CALLEE.search(text[line : token.start()]) if token[0] == "(" else None
    if match is None or match[1] or match[2] in ("in", "and", "or", "not", "if", "else"):
        return ""
    return match[2]


def _active(call: Call, found: Signature) -> int | None:
    names = [argument.name for argument in found.arguments]
    if call.keyword is not None:
        return names.index(call.keyword) if call.keyword in names else None
    if found.size in names and DIMS.fullmatch(call.written):
        return names.index(found.size)
    if call.number < len(names):
        return call.number
    return len(names) - 1 if found.name in ("min", "max", "zip") else None


# ── what is called ───────────────────────────────────────────────────────────────────────────


def signature_of(analysis: Analysis, read: Read | None, name: str) -> Signature | None:
    """How something is called by the name that it has in a definition; None if nobody knows."""
    symbol = _local(read, name)
    if symbol is not None:
        return _of_symbol(analysis, symbol)
    value = analysis.module.env.find(name)
    if value is None:
        op = find(name)
        value = OpKind(op) if op is not None else None
    found = _of_value(name, value)
    return found or _of_definition(analysis, name)


def _local(read: Read | None, name: str) -> Symbol | None:
    if read is None or unit_of(read) is None:
        return None
    return next((s for s in bindings(read).symbols if s.name == name), None)


def _of_symbol(analysis: Analysis, symbol: Symbol) -> Signature | None:
    """A function of the body, or a parameter that stands for a layer: `Unit=Basic`."""
    declared = symbol.statement
    if isinstance(declared, tree.Parameter) and isinstance(declared.default, tree.Name):
        return signature_of(analysis, None, declared.default.id)
    return _of_parameters(symbol.name, symbol.parameters) if symbol.parameters else None


def _of_value(name: str, value: Value) -> Signature | None:
    match value:
        case OpKind():
            return _of_model(name, value.op, value.op.doc())
        case InitialiserKind():
            return _of_model(name, value.kind)
        case MatchingKind():
            return _of_model(name, KINDS[value.name])
        case Unit():
            doc = value.declaration.body.doc.strip()
            return _of_parameters(name, open_parameters(value), doc)
        case Function():
            return _of_function(name, value)
        case _:
            return None


def _of_function(name: str, function: Function) -> Signature:
    if function.builtin is None:
        return _of_parameters(name, function.parameters)
    parameters, doc = FUNCTION_HELP[function.name]
    return Signature(name, tuple(Argument(p.partition("=")[0], p) for p in parameters), doc)


def _of_definition(analysis: Analysis, name: str) -> Signature | None:
    """Where the file's scope does not know it, because something else is wrong."""
    for read in analysis.definitions:
        unit = unit_of(read)
        if unit is not None and unit.name.id == name:
            return _of_parameters(name, unit.parameters, unit.body.doc.strip())
    return None


def _of_model(name: str, model: type[BaseModel], doc: str = "") -> Signature:
    arguments = tuple(
        Argument(n, n if f.is_required() else f"{n}={written(f.get_default())}")
        for n, f in model.model_fields.items()
    )
    doc = doc or cleandoc(model.__doc__ or "").strip()
    return Signature(name, arguments, doc, size=signature_of_model(model, name).size)


def _of_parameters(name: str, parameters: Sequence[tree.Parameter], doc: str = "") -> Signature:
    return Signature(name, tuple(Argument(p.name, parameter_text(p)) for p in parameters), doc)


def parameter_text(parameter: tree.Parameter) -> str:
    """A parameter as the spec writes it: `stride=1`."""
    if parameter.default is None:
        return parameter.name
    return f"{parameter.name}={' '.join(parameter.default.span.text.split())}"
