"""What a spec is told of its sizes: the nearest that fit, where an error or a crop comes of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from archlang.analysis.sizes.reinfer import odd_rest
from archlang.diagnostics.model import Diagnostic, Diagnostics, Mistake, Severity
from archlang.graph import Graph, Node, shapes
from archlang.semantics.expand import Witness
from archlang.semantics.limits import TooManyMistakes, Unresolved
from archlang.semantics.network import expand_network
from archlang.semantics.values import Unit, Value
from archlang.semantics.workshop import Workshop

if TYPE_CHECKING:
    from archlang.analysis.sizes.levers import Lever
    from archlang.analysis.sizes.sets import Legal

_PATIENCE = 1.0
"""Seconds of one expansion beyond which no other size is tried: it is a giant."""
_MULTIPLES = (32, 64, 16, 128, 8)
"""What sizes that are tried are multiples of."""
_ASCRIBED = "E0409"
"""A shape that the spec writes by hand; another size would only hide what is wrong there."""


def expand_sized(
    unit: Unit,
    settings: Mapping[str, Value],
    sink: Diagnostics,
    workshop: Workshop | None = None,
    witness: Witness | None = None,
) -> Graph | None:
    """As `expand_network`, with the nearest sizes that fit where the size may be the mistake."""
    own = Diagnostics()
    start = monotonic()
    graph = expand_network(unit, settings, own, workshop, witness)
    quick = monotonic() - start < _PATIENCE
    if graph is not None:
        report_off_centre(graph, own)
    found = list(own)
    culprit = next((d for d in found if _may_be_size(d)), None)
    hint = _hint(unit, settings) if culprit is not None and quick else ""
    for diagnostic in found:
        sink.add(_with_hint(diagnostic, hint) if diagnostic is culprit and hint else diagnostic)
    return graph


def _may_be_size(diagnostic: Diagnostic) -> bool:
    is_shape = diagnostic.code.startswith("E04") and diagnostic.code != _ASCRIBED
    return is_shape and diagnostic.severity is Severity.ERROR


def _with_hint(d: Diagnostic, hint: str) -> Diagnostic:
    help_ = (
        f"{d.help}; or a size that fits, the nearest: {hint}"
        if d.help
        else (f"nearest sizes that fit: {hint}")
    )
    return Diagnostic(d.code, d.severity, d.message, d.primary, d.secondary, d.notes, help_, d.fix)


def _hint(unit: Unit, settings: Mapping[str, Value]) -> str:
    """The nearest sizes at which a network that has a mistake has none; empty if none is found."""
    from archlang.analysis.sizes.levers import levers

    try:
        found = levers(unit, settings)
    except (Mistake, Unresolved):
        return ""
    base = _whole(unit, settings, found) if found else None
    if base is None:
        return ""
    legal = {lever: _legal(base, lever) for lever in found}
    wrong = {lever: rule for lever, rule in legal.items() if rule and lever.value not in rule}
    sides: list[dict[Lever, int]] = []
    for down in (True, False):
        near = {v: (r.below(v.value) if down else r.above(v.value)) for v, r in wrong.items()}
        values = {v: n for v, n in near.items() if n is not None}
        if values and len(values) == len(wrong) and _expanded(unit, settings, values) is not None:
            sides.append(values)
    if not sides:
        return ""
    alike: dict[str, list[str]] = {}
    for lever, rule in wrong.items():
        values = dict.fromkeys(side[lever] for side in sides)
        text = f"{' or '.join(map(str, values))} ({rule.text()})"
        alike.setdefault(text, []).append(lever.name)
    return "; ".join(f"{' = '.join(names)} = {text}" for text, names in alike.items())


def _legal(graph: Graph, lever: Lever) -> Legal | None:
    """Which values of a lever are legal for all the sizes that it is."""
    from archlang.analysis.sizes.courses import Course, TooLongError, always, both
    from archlang.analysis.sizes.legal import Sizes
    from archlang.analysis.sizes.sets import Legal

    sizes = Sizes(graph, baked=False)
    whole = always(0)
    for group in sizes.groups:
        places = {(sizes.asked.axes[i].input, sizes.asked.axes[i].position) for i in group.axes}
        if places & set(lever.places):
            if not group.box and set(group.factors) != {1}:
                return None
            for index, i in enumerate(group.axes):
                axis, one = sizes.asked.axes[i], group.of(index)
                if (axis.input, axis.position) in lever.places or not group.box:
                    with suppress(TooLongError):
                        whole = both(whole, Course(0, one.start, one.growth, one.table))
    return Legal(whole)


def _whole(unit: Unit, settings: Mapping[str, Value], found: tuple[Lever, ...]) -> Graph | None:
    """The network at some size at which it has no mistake; None if none is found soon."""
    for values in _candidates(settings, found):
        graph = _expanded(unit, settings, values)
        if graph is not None:
            return graph
    return None


def _candidates(
    settings: Mapping[str, Value], found: tuple[Lever, ...]
) -> Iterator[dict[Lever, int]]:
    seen: list[dict[Lever, int]] = [{v: v.value for v in found}]
    for multiple in _MULTIPLES:
        values = {v: -(-v.value // multiple) * multiple for v in found}
        if values not in seen:
            seen.append(values)
            yield values
    yield dict.fromkeys(found, 256)


def _expanded(
    unit: Unit, settings: Mapping[str, Value], values: Mapping[Lever, int]
) -> Graph | None:
    from archlang.analysis.sizes.levers import moved

    other, parameters = moved(unit, values)
    with suppress(Mistake, Unresolved, TooManyMistakes):
        return expand_network(other, {**settings, **parameters}, Diagnostics())
    return None


def report_off_centre(graph: Graph, sink: Diagnostics) -> None:
    """Report the crops of a network that cannot be in the centre."""
    for node in graph.nodes:
        if odd_rest(node.op, node.shape if not node.inputs else shapes(node)[0], node.shape):
            _report_off_centre(graph, node, sink)


def _report_off_centre(graph: Graph, node: Node, sink: Diagnostics) -> None:
    from archlang.analysis.sizes.legal import Sizes
    from archlang.diagnostics.catalog.sizes import OffCentre
    from archlang.ops.base import shape_text

    x, y = shapes(node)[0][1:], node.shape[1:]
    rest = tuple(n - m for n, m in zip(x, y, strict=True))
    near = nearest_words(Sizes(graph, baked=False))
    problem = OffCentre(shape_text(x), shape_text(y), shape_text(rest), near)
    sink.report(problem, node.span)


def nearest_words(sizes: object) -> str:
    """The nearest legal sizes of each axis whose own is not: `H = 572 or 588 (…)`."""
    from archlang.analysis.sizes.legal import Sizes
    from archlang.analysis.sizes.page import axis_name
    from archlang.analysis.sizes.sets import Legal

    assert isinstance(sizes, Sizes)
    parts: dict[str, list[str]] = {}
    for group in sizes.groups:
        for index, i in enumerate(group.axes):
            own, legal = sizes.asked.axes[i].size, Legal(group.of(index))
            if set(group.factors) == {1} and own not in legal:
                near = [n for n in (legal.below(own), legal.above(own)) if n is not None]
                if near:
                    text = f"{' or '.join(map(str, near))} ({legal.text()})"
                    parts.setdefault(text, []).append(axis_name(sizes, i))
    return "; ".join(f"{' = '.join(names)} = {text}" for text, names in parts.items())
