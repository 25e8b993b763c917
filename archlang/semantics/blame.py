"""Mistakes of a base that only a derived network's lines bring about, shown at those lines.

The base is fine by itself, so whoever derives from it is told which of their lines breaks it: the
one without which the mistake is gone, and no other in its place; or, where lines break it only
together, the one that is the last straw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TypeAlias

from archlang.diagnostics.model import Diagnostic, Diagnostics, Label
from archlang.semantics.surgery import MOVING, Edit, Edits
from archlang.source import Span

_Key: TypeAlias = tuple[str, Span]


def blamed(
    found: Iterable[Diagnostic], edits: Edits, again: Callable[[Edits], Diagnostics]
) -> Iterator[Diagnostic]:
    """Diagnostics as a derived network shows them.

    Args:
        found: what its expansion reported.
        edits: its edits, and those of the networks it derives from.
        again: expands it with other edits.
    """
    found = list(found)
    guilty = _Guilt(found, edits, again)
    for diagnostic in found:
        inside = any(_holds(span, diagnostic.primary.span) for span in _places(edits))
        at = None if inside else guilty.of(diagnostic)
        yield diagnostic if at is None else _moved(diagnostic, at)


class _Guilt:
    """Finds the line to blame by expanding with fewer of them; only if anything is to be found."""

    def __init__(
        self, found: list[Diagnostic], edits: Edits, again: Callable[[Edits], Diagnostics]
    ) -> None:
        self._found = {_key(d) for d in found}
        self._edits = edits
        self._again = again

    def of(self, diagnostic: Diagnostic) -> Span | None:
        """Where the line stands that brings a mistake about; None if it is the base's own."""
        key = _key(diagnostic)
        for at, rest in self._without_one:
            if key not in rest and rest <= self._found:
                return at
        return next((at for at, rest in self._first_ones if key in rest), None)

    @cached_property
    def _without_one(self) -> list[tuple[Span, set[_Key]]]:
        """For each line what is wrong without it; the last line first."""
        moving = [e for e in self._edits.edits if e.change.word in MOVING]
        lines = [(e.change.span, [x for x in self._edits.edits if x is not e]) for e in moving]
        less = [(at, self._expanded(rest, keep_inputs=True)) for at, rest in reversed(lines)]
        inputs = [line.span for line in self._edits.inputs]
        return less + [(at, self._expanded(self._edits.edits, False)) for at in inputs]

    @cached_property
    def _first_ones(self) -> list[tuple[Span, set[_Key]]]:
        """For each line what is wrong with it and those before it."""
        inputs = self._edits.inputs[:1]
        first = [(line.span, self._expanded([], keep_inputs=True)) for line in inputs]
        for i, edit in enumerate(self._edits.edits):
            if edit.change.word in MOVING:
                some = self._edits.edits[: i + 1]
                first.append((edit.change.span, self._expanded(some, keep_inputs=True)))
        return first

    def _expanded(self, kept: list[Edit], keep_inputs: bool) -> set[_Key]:
        inputs = list(self._edits.inputs) if keep_inputs else []
        return {_key(d) for d in self._again(Edits(list(kept), inputs))}


def _places(edits: Edits) -> Iterator[Span]:
    """Where the lines of the edits stand."""
    for edit in edits.edits:
        yield edit.change.span.to(edit.body.span) if edit.body else edit.change.span
    yield from (line.span for line in edits.inputs)


def _holds(outer: Span, inner: Span) -> bool:
    same = outer.source is inner.source
    return same and outer.start <= inner.start and inner.end <= outer.end


def _key(diagnostic: Diagnostic) -> _Key:
    return diagnostic.code, diagnostic.primary.span


def _moved(diagnostic: Diagnostic, at: Span) -> Diagnostic:
    """A diagnostic at the line that is to blame; where it came out becomes a label."""
    there = Label(diagnostic.primary.span, diagnostic.primary.text or "comes out here")
    return diagnostic.moved(Label(at, "the base is fine without this line"), there)
