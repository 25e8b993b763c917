"""Mistakes of a base that only a derived network's lines bring about, shown at those lines.

The base is fine by itself, so whoever derives from it is told which of their lines breaks it: the
one without which the mistake is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from archlang.diagnostics.model import Diagnostic, Diagnostics, Label
from archlang.semantics.surgery import Edit, Edits
from archlang.source import Span


def blamed(
    found: Iterable[Diagnostic], edits: Edits, again: Callable[[Edits], Diagnostics]
) -> Iterator[Diagnostic]:
    """Diagnostics as a derived network shows them.

    Args:
        found: what its expansion reported.
        edits: its edits, and those of the networks it derives from.
        again: expands it with other edits.
    """
    without: list[tuple[Span, Diagnostics]] = []
    for diagnostic in found:
        if any(_holds(span, diagnostic.primary.span) for span in _places(edits)):
            yield diagnostic
            continue
        without = without or [(at, again(less)) for at, less in _less(edits)]
        guilty = [at for at, rest in without if not any(_same(d, diagnostic) for d in rest)]
        yield _moved(diagnostic, guilty[0]) if guilty else diagnostic


def _places(edits: Edits) -> Iterator[Span]:
    """Where the lines of the edits stand."""
    for edit in edits.edits:
        yield edit.change.span.to(edit.body.span) if edit.body else edit.change.span
    yield from (span for _, span in edits.inputs)


def _less(edits: Edits) -> Iterator[tuple[Span, Edits]]:
    """The edits without each one of them, with where that one stands; the last one first."""
    for i, edit in reversed(list(enumerate(edits.edits))):
        yield edit.change.span, _copy(edits, edits.edits[:i] + edits.edits[i + 1 :])
    for _, span in edits.inputs[:1]:
        yield span, replace(_copy(edits, edits.edits), inputs=[])


def _copy(edits: Edits, kept: list[Edit]) -> Edits:
    return Edits(list(kept), list(edits.inputs), edits.root)


def _holds(outer: Span, inner: Span) -> bool:
    same = outer.source is inner.source
    return same and outer.start <= inner.start and inner.end <= outer.end


def _same(a: Diagnostic, b: Diagnostic) -> bool:
    return (a.code, a.primary.span) == (b.code, b.primary.span)


def _moved(diagnostic: Diagnostic, at: Span) -> Diagnostic:
    """A diagnostic at the line that is to blame; where it came out becomes a label."""
    there = Label(diagnostic.primary.span, diagnostic.primary.text or "comes out here")
    return Diagnostic(
        diagnostic.code,
        diagnostic.severity,
        diagnostic.message,
        Label(at, "the base is fine without this line"),
        (there, *diagnostic.secondary),
        diagnostic.notes,
        diagnostic.help,
    )
