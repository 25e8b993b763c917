"""From a graph to the pages of its chain rule."""

from __future__ import annotations

from collections.abc import Sequence

from archlang.analysis.chain import chain_of
from archlang.chainrule.derive import Derivation
from archlang.chainrule.model import Page, Phrase, Section
from archlang.chainrule.notes import notes_of
from archlang.chainrule.numbers import hold_numbers, with_numbers
from archlang.chainrule.part import MOST_STEPS, Part, parts_of
from archlang.chainrule.remarks import remarks_of
from archlang.chainrule.scalar import chain_page
from archlang.chainrule.text import text_of
from archlang.diagnostics.catalog.chainrule import NotAChain
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph
from archlang.ops.base import numel

MOST_VARIANTS = 4
ALL_DIGITS = 17
_NAMED = 5


def explain(
    graph: Graph, focus: str | None = None, at: Sequence[float] | None = None
) -> tuple[Page, ...]:
    """The chain rule of a network, or of a block: a page for each variant of it.

    Args:
        graph: the network.
        focus: a block by its name, or a unit by its path; None for the whole network.
        at: a number for each input, to put into a network of scalars.

    Raises:
        SpecError: nothing is called so; it is too large; or there are no numbers for it.
        ValueError: there are more or fewer numbers than inputs.
    """
    if focus in (None, graph.name) and (page := _chain_page(graph, at)) is not None:
        return (page,)
    parts = parts_of(graph, focus)
    variants: dict[str, list[tuple[Part, Page]]] = {}
    for part in parts:
        if part.fits:
            page = _page(part, at)
            variants.setdefault(_printed(page), []).append((part, page))
    found = list(variants.values())
    shown, beyond = found[:MOST_VARIANTS], found[MOST_VARIANTS:]
    pages = [_titled(uses) for uses in shown]
    left_out = _left_out([uses[0][0] for uses in beyond], [p for p in parts if not p.fits])
    return (*pages[:-1], _with(pages[-1], left_out=left_out))


def _chain_page(graph: Graph, at: Sequence[float] | None) -> Page | None:
    try:
        chain = chain_of(graph)
    except SpecError as error:
        if error.diagnostics[0].code == NotAChain.code:
            return None
        raise
    if at is not None and len(at) != 1:
        raise ValueError(_count(graph.name, 1, len(at)))
    return chain_page(chain, _place(graph.root.span), at[0] if at else None)


def _page(part: Part, at: Sequence[float] | None) -> Page:
    scalar = all(numel(t.shape) == 1 for n in part.nodes for t in (*n.inputs, *n.outputs))
    if at is not None:
        hold_numbers(part)
        if len(at) != len(part.inputs):
            raise ValueError(_count(part.name, len(part.inputs), len(at)))
    derivation = Derivation(part)
    remarks: tuple[tuple[Phrase, ...], ...] = tuple(remarks_of(derivation))
    sections: tuple[Section, ...] = derivation.sections
    notes = notes_of(derivation, sections, scalar)
    if at is not None:
        sections, checks = with_numbers(derivation, at)
        remarks += checks
    return Page(part.name, _place(part.scope.span), sections, tuple(notes), remarks, scalar)


def _printed(page: Page) -> str:
    """What stands below the title: uses of a block for which it is the same are one variant."""
    return text_of(page, ALL_DIGITS).partition("\n")[2]


def _titled(uses: Sequence[tuple[Part, Page]]) -> Page:
    page, more = uses[0][1], len(uses) - 1
    return _with(page, title=f"{page.title} (and {more} more)") if more else page


def _with(page: Page, title: str = "", left_out: str = "") -> Page:
    return Page(
        title or page.title, page.place, page.sections, page.notes, page.remarks, page.scalar,
        page.numbers, left_out,
    )  # fmt: skip


def _left_out(variants: Sequence[Part], large: Sequence[Part]) -> str:
    """What of a block is not shown, and how to see it."""
    said: list[str] = []
    if variants:
        s = "s" if len(variants) > 1 else ""
        near = variants[0].scope.path
        said.append(f"{len(variants)} more variant{s}: {_paths(variants)} (--focus {near})")
    if large:
        s = "s" if len(large) > 1 else ""
        said.append(f"{len(large)} use{s} of more than {MOST_STEPS} steps: {_paths(large)}")
    return f"Left out: {'; '.join(said)}." if said else ""


def _paths(parts: Sequence[Part]) -> str:
    shown = ", ".join(part.scope.path for part in parts[:_NAMED])
    return f"{shown}, …" if len(parts) > _NAMED else shown


def _place(span: object) -> str:
    from archlang.source import Span

    if not isinstance(span, Span):
        return ""
    return f"{span.source.name.rpartition('/')[2]}:{span.begin.line}"


def _count(name: str, want: int, got: int) -> str:
    verb = "number is" if got == 1 else "numbers are"
    return f"{name} has {want} input{'s' if want > 1 else ''}, and {got} {verb} given"
