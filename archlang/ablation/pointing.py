"""Mistakes of a derived spec that nobody wrote, shown at the options that asked for them."""

from __future__ import annotations

from collections.abc import Iterable

from archlang.ablation.wish import Wish
from archlang.diagnostics.catalog.names import UnknownLayer, UnknownName
from archlang.diagnostics.model import Diagnostic, Label, SpecError
from archlang.diagnostics.suggest import closest
from archlang.source import Source, Span

_OPERATORS = ("identity", "pad", "project", "project(bn)", "scale(0.5)", "crop", "resize")
"""What W may be, as an example each."""
_UNKNOWN = (UnknownName.code, UnknownLayer.code)
_SHOWN = 6


def at_options(error: SpecError, draft: Source, wish: Wish, own: Iterable[str]) -> SpecError:
    """The same mistakes; those within W at `--with`, those at a kept path at `--keep`.

    Args:
        error: the mistakes.
        draft: the derived spec.
        wish: what it was made of.
        own: names of the network's file that could be W.
    """
    return SpecError([_moved(d, draft, wish, tuple(own)) for d in error.diagnostics])


def _moved(diagnostic: Diagnostic, draft: Source, wish: Wish, own: tuple[str, ...]) -> Diagnostic:
    label = diagnostic.primary
    place = _place(label.span, draft, wish)
    if place is None:
        return diagnostic
    moved = diagnostic.moved(Label(place, label.text))
    if diagnostic.code not in _UNKNOWN:
        return moved
    return Diagnostic(
        moved.code, moved.severity, moved.message, moved.primary, moved.secondary, moved.notes,
        _operators(place.text, own),
    )  # fmt: skip


def _place(span: Span, draft: Source, wish: Wish) -> Span | None:
    """The span in what was typed; None: it is of neither option."""
    if span.source.text != draft.text or span.source.name != draft.name:
        return None
    if span.text in wish.keep:
        return Span(Source("--keep", span.text), 0, len(span.text))
    if wish.operator is None:
        return None
    start = draft.text.rindex(str(wish.operator))
    if not start <= span.start <= span.end <= start + len(wish.operator.text):
        return None
    return Span(Source("--with", wish.operator.text), span.start - start, span.end - start)


def _operators(name: str, own: tuple[str, ...]) -> str:
    """What W may be; first what is near to the name."""
    words = (operator.partition("(")[0] for operator in _OPERATORS)
    near = closest(name, (*words, *own))
    more = ", …" if len(own) > _SHOWN else ""
    mine = f"; of this file: {', '.join(own[:_SHOWN])}{more}" if own else ""
    return f"{f'did you mean {near}? ' if near else ''}W may be {', '.join(_OPERATORS)}{mine}"
