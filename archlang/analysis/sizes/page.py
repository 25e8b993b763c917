"""Legal sizes as they are read: which, what comes out of them, and which layer asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archlang.analysis.sizes.courses import Course
from archlang.analysis.sizes.follow import Extent, Joint, Tie
from archlang.analysis.sizes.groups import Group, Ranges, companions
from archlang.analysis.sizes.legal import Sizes
from archlang.analysis.sizes.sets import Legal, formula, line_text, runs
from archlang.graph import Node
from archlang.ops.base import numel, shape_text
from archlang.record import Record

_SHOWN = 3


class Row(Record):
    """Sizes with one rule: their names, the rule, examples, and who asks for it."""

    names: str
    rule: str
    examples: str
    reasons: tuple[str, ...]


def text(sizes: Sizes) -> str:
    """All of it as lines."""
    found = list(rows(sizes))
    lines = [f"{sizes.graph.name} takes {_taken(sizes)}:"]
    outputs = [(name, shape) for name, shape in output_texts(sizes).items()]
    width = max(map(len, [row.names for row in found] + [name for name, _ in outputs]), default=0)
    rules = max((len(row.rule) for row in found), default=0)
    for row in found:
        lines.append(f"  {row.names:{width}}  {row.rule:{rules}}  {row.examples}".rstrip())
        lines += [f"  {'':{width}}    {reason}" for reason in row.reasons]
    if not found:
        lines.append("  one size alone: it has no axes behind the first")
    lines += [f"  {name:{width}}  {shape}" for name, shape in outputs]
    lines += remarks(sizes)
    return "\n".join(lines)


def remarks(sizes: Sizes) -> list[str]:
    """What has to be said beside the rules."""
    found: list[str] = []
    if sizes.unproved:
        tried = f"Tried up to {sizes.tried} with all sizes equal"
        found.append(f"{tried}, not proved: {sizes.unproved}.")
    elif sizes.training_differs:
        other = sizes.in_evaluation()
        rules = "; ".join(f"{row.names}: {row.rule}" for row in rows(other))
        found.append(f"In evaluation alone, more is legal: {rules}.")
    return found


def rows(sizes: Sizes) -> Iterator[Row]:
    """One row for all sizes with the same rule."""
    alike: dict[object, list[Group]] = {}
    for group in sizes.groups:
        equal = group.equal
        key = (equal.start, equal.table) if len(group.axes) == 1 else group.axes
        alike.setdefault(key, []).append(group)
    for groups in alike.values():
        reasons = tuple(dict.fromkeys(r for g in groups for r in _reasons(sizes, g)))
        if groups[0].box:
            yield from _box_rows(sizes, groups[0], reasons)
            continue
        legal = Legal(groups[0].equal)
        names = ", ".join(_names(sizes, group) for group in groups)
        yield Row(names, legal.text(), _examples(sizes, groups[0], legal), reasons)


def _box_rows(sizes: Sizes, group: Group, reasons: tuple[str, ...]) -> Iterator[Row]:
    """One row for all axes of a box with the same sizes; the reasons stand below the last."""
    alike: dict[str, list[str]] = {}
    for i, holds in zip(group.axes, group.box, strict=True):
        alike.setdefault(Legal(holds).text(), []).append(axis_name(sizes, i))
    for number, (rule, names) in enumerate(alike.items(), start=1):
        yield Row(", ".join(names), rule, "", reasons if number == len(alike) else ())


def axis_name(sizes: Sizes, number: int) -> str:
    """`H`; where there are several inputs `left.H`."""
    axis = sizes.asked.axes[number]
    return axis.letter if len(sizes.inputs) == 1 else f"{axis.input}.{axis.letter}"


def _names(sizes: Sizes, group: Group) -> str:
    """`H`, `H = W`, `high.H = 2·low.H = 2·n`."""
    names = [axis_name(sizes, i) for i in group.axes]
    if all(step == (1, 0) for step in group.steps):
        return " = ".join(names)
    pairs = zip(names, group.steps, strict=True)
    return ", ".join(f"{name} = {line_text(a, b)}" for name, (a, b) in pairs)


def _taken(sizes: Sizes) -> str:
    nodes = [sizes.graph.nodes[n] for n in sizes.graph.inputs]
    texts: list[str] = []
    for node in nodes:
        letters = [a.letter for a in sizes.asked.axes if a.input == node.path]
        shape = "x".join([str(node.shape[0]), *letters])
        texts.append(shape if len(nodes) == 1 else f"{node.path} {shape}")
    return ", ".join(texts)


def _examples(sizes: Sizes, group: Group, legal: Legal) -> str:
    """`188, 204, 220, …, 572, …`."""
    if legal.minimum is None or legal.period == 1:
        return ""
    shown = legal.first(_SHOWN)
    times, more = group.steps[0] if group.steps else (1, 0)
    own = (sizes.asked.axes[group.axes[0]].size - more) // times
    middle = f", {own}, …" if own in legal and own > shown[-1] else ""
    return f"{', '.join(map(str, shown))}, …{middle}"


# ── what comes out ───────────────────────────────────────────────────────────────────────────


def output_texts(sizes: Sizes) -> dict[str, str]:
    """The shape of each regular output with its sizes as formulas: `2 x (H − 184) x (W − 184)`."""
    extents = sizes.extents()
    regular = [o for o in sizes.graph.outputs if not o.training]
    if extents is None:
        return {o.name: f"{shape_text(o.tensor.shape)} for the size in the spec" for o in regular}
    return {o.name: _shape_text([extent_text(sizes, e) for e in extents[o.name]]) for o in regular}


def _shape_text(parts: list[str]) -> str:
    if all(part.isalnum() for part in parts) and all(part.isdigit() for part in parts):
        return "x".join(parts)
    spaced = (f"({p})" if " " in p and not p.endswith(")") else p for p in parts)
    return " x ".join(spaced)


def extent_text(sizes: Sizes, extent: Extent) -> str:
    """A size of a result as a formula of those of the inputs."""
    if isinstance(extent, int):
        return str(extent)
    if isinstance(extent, Joint):
        parts = [_course_text(sizes, c) for c in extent.courses]
        fixed = [p for p in parts if p.isdigit()]
        number = numel(tuple(map(int, fixed))) * extent.scale
        rest = [f"({p})" if " " in p else p for p in parts if not p.isdigit()]
        return "·".join(([str(number)] if number > 1 or not rest else []) + rest)
    return _course_text(sizes, extent)


def _course_text(sizes: Sizes, course: Course) -> str:
    for group in sizes.groups:
        if course.axis in group.axes:
            holds = group.of(group.axes.index(course.axis))
            return formula(course, axis_name(sizes, course.axis), holds)
    raise AssertionError("every size is in a group")


# ── who asks for it ──────────────────────────────────────────────────────────────────────────


def _reasons(sizes: Sizes, group: Group) -> Iterator[str]:
    """Which layers the rule comes from."""
    for tie in {t.node.id: t for t in group.ties}.values():
        yield from _tie_reasons(sizes, group, tie)
    if group.box:
        return
    legal = Legal(group.equal)
    demands = [d for d in sizes.asked.demands if d.holds.axis in group.axes]
    if legal.period > 1 and legal.minimum is not None:
        cause = next((d for d in demands if d.holds.period == legal.period), None)
        if cause is not None:
            yield f"modulo {legal.period} because of {place(cause.node)}"
    smallest = legal.smallest
    if smallest is not None and smallest > 1 and not group.ties:
        least = [(Legal(d.holds).smallest or 0, d) for d in demands]
        most = max(least, key=lambda pair: pair[0], default=None)
        if most is not None and most[0] > max(1, smallest - legal.period):
            what = "no others" if legal.minimum is None else "none smaller"
            yield f"{what} because of {place(most[1].node)}"
    if not group.found and not group.ties:
        yield from (f"asked for by {place(d.node)}" for d in demands[:_SHOWN])


def _tie_reasons(sizes: Sizes, group: Group, tie: Tie) -> Iterator[str]:
    if tie.kind == "product" and isinstance(tie.left, Joint):
        at_own = [c(sizes.asked.axes[c.axis].size) for c in tie.left.courses]
        numbers = "·".join(map(str, [tie.left.scale, *at_own]))
        yield f"fixed by {place(tie.node)}, built for {tie.right} = {numbers}"
        if others := _other_boxes(sizes, group, tie):
            names = [axis_name(sizes, i) for i in group.axes]
            shown = [
                " with ".join(f"{n} {runs(r)}" for n, r in zip(names, ranges, strict=True))
                for ranges in others[:_SHOWN]
            ]
            more = "; …" if len(others) > _SHOWN else ""
            yield f"it would also run on {'; '.join(shown)}{more}"
    elif tie.kind == "spread":
        yield f"{place(tie.node)} takes no map of one position"
    else:
        yield f"tied to each other by {place(tie.node)}"


def _other_boxes(sizes: Sizes, group: Group, tie: Tie) -> list[Ranges]:
    """What a layer of one number of features would take beside the sizes shown, nearest first."""
    own = [sizes.asked.axes[i].size for i in group.axes]

    def away(ranges: Ranges) -> int:
        return sum(min(abs(m - n) for m in r) ** 2 for n, r in zip(own, ranges, strict=True))

    found = companions(group, tie) or []
    return sorted((r for r in found if away(r) or not group.box), key=away)


def place(node: Node) -> str:
    """`fc1 (fc, line 12)`."""
    kind = f"{node.op.name}, " if node.op.name else ""
    return f"{node.path} ({kind}line {node.span.begin.line})"


# ── for programs ─────────────────────────────────────────────────────────────────────────────


def as_json(sizes: Sizes) -> dict[str, Any]:
    """All of it as JSON has it."""
    nodes = [sizes.graph.nodes[n] for n in sizes.graph.inputs]
    return {
        "name": sizes.graph.name,
        "inputs": {node.path: list(node.shape) for node in nodes},
        "proved": sizes.proved,
        "groups": [_group_json(sizes, g) for g in sizes.groups],
        "outputs": output_texts(sizes),
        "remarks": remarks(sizes),
    }


def _group_json(sizes: Sizes, group: Group) -> dict[str, Any]:
    axes: list[dict[str, Any]] = [
        {"input": a.input, "axis": a.position, "name": axis_name(sizes, i), "factor": f, "plus": b}
        for i, (f, b) in zip(group.axes, group.steps or ((0, 0),) * len(group.axes), strict=True)
        for a in (sizes.asked.axes[i],)
    ]
    found: dict[str, Any] = {"axes": axes, **_rule_json(Legal(group.equal))}
    if group.box:
        for axis, holds in zip(axes, group.box, strict=True):
            axis["free"] = _rule_json(Legal(holds))
        found["text"] = "; ".join(f"{row.names} {row.rule}" for row in _box_rows(sizes, group, ()))
    return {**found, "reasons": list(_reasons(sizes, group))}


def _rule_json(legal: Legal) -> dict[str, Any]:
    return {
        "minimum": legal.minimum,
        "period": legal.period,
        "remainders": list(legal.remainders),
        "exceptions": list(legal.exceptions),
        "text": legal.text(),
    }
