"""From a graph to the pages of its chain rule."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from archlang.analysis.chain import chain_of
from archlang.chainrule.derive import Derivation
from archlang.chainrule.model import Page, Phrase, Section
from archlang.chainrule.notes import notes_of
from archlang.chainrule.numbers import hold_numbers, with_numbers
from archlang.chainrule.part import Part, parts_of
from archlang.chainrule.remarks import remarks_of
from archlang.chainrule.scalar import chain_page
from archlang.diagnostics.catalog.chainrule import NotAChain
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph
from archlang.ops.base import numel

MOST_VARIANTS = 4


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
    pages: dict[Hashable, list[Part]] = {}
    for part in parts_of(graph, focus):
        pages.setdefault(_structure(part), []).append(part)
    return tuple(_page(parts, at) for parts in list(pages.values())[:MOST_VARIANTS])


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


def _page(parts: Sequence[Part], at: Sequence[float] | None) -> Page:
    part = parts[0]
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
    return Page(_title(parts), _place(part.scope.span), sections, tuple(notes), remarks, scalar)


def _title(parts: Sequence[Part]) -> str:
    more = len(parts) - 1
    return f"{parts[0].name} (and {more} more)" if more else parts[0].name


def _place(span: object) -> str:
    from archlang.source import Span

    if not isinstance(span, Span):
        return ""
    return f"{span.source.name.rpartition('/')[2]}:{span.begin.line}"


def _structure(part: Part) -> Hashable:
    """What two uses of a block have in common: the kinds of their steps and how these are wired."""
    begin = {n.id: k for k, n in enumerate(part.nodes)}
    inputs = {t: -1 - k for k, t in enumerate(part.inputs)}

    def source(node: int, port: int) -> tuple[int, int]:
        return begin[node], port

    return tuple(
        (
            type(n.op),
            n.role,
            bool(n.frozen),
            tuple(inputs[t] if t in inputs else source(t.node, t.port) for t in n.inputs),
        )
        for n in part.nodes
    )


def _count(name: str, want: int, got: int) -> str:
    return f"{name} has {want} input{'s' if want > 1 else ''}, and {got} numbers are given"
