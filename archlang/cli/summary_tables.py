"""What `summary` prints: rows by layer, block or stage, what they mean, and the counts of tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archlang.analysis.activations import Memory, StepMemory
from archlang.analysis.conventions import Count
from archlang.analysis.grouping import Group
from archlang.analysis.receptive.field import joined_text
from archlang.analysis.summary import Summary
from archlang.cli.page import Table
from archlang.cli.tables import title
from archlang.ops.base import shape_text

UNITS = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1))


@dataclass(frozen=True)
class Column:
    """One column: for people, and for programs."""

    heading: str
    """Empty for what is for programs alone."""
    key: str
    """Its name in csv."""
    shown: Callable[[Group], str]
    value: Callable[[Group], object]
    total: str = ""
    """What stands in the row of totals."""
    is_number: bool = True


class Sheet(NamedTuple):
    """The rows of a summary under their columns."""

    groups: Sequence[Group]
    columns: Sequence[Column]
    title: str

    def table(self, without: str = "") -> Table:
        """For people; the last row has the totals. `without` is a heading to leave out."""
        columns = [c for c in self.columns if c.heading not in ("", without)]
        rows = [tuple(column.shown(group) for column in columns) for group in self.groups]
        totals = tuple(column.total for column in columns)
        headings = tuple(column.heading for column in columns)
        numbers = frozenset(column.heading for column in columns if column.is_number)
        return Table(headings, [*rows, totals], numbers, self.title)

    def values(self) -> list[tuple[object, ...]]:
        """For programs, without totals."""
        return [tuple(column.value(group) for column in self.columns) for group in self.groups]

    @property
    def keys(self) -> tuple[str, ...]:
        """The headings for programs."""
        return tuple(column.key for column in self.columns)


def sheet(
    summary: Summary, groups: Sequence[Group], heading: str, memory: Memory | None, of: int
) -> Sheet:
    """The rows of a summary.

    Args:
        summary: the network.
        groups: its rows.
        heading: what stands above their labels.
        memory: what activations take, if it was measured.
        of: how many rows there are in all; the totals are of all.
    """
    some = f"of all {of:,} rows" if len(groups) < of else ""
    params = summary.params + summary.frozen
    columns = [
        Column("path", "path", lambda g: g.path, lambda g: g.path, "total", is_number=False),
        Column(heading, "label", _label, _label, some, is_number=False),
        Column("output", "output", _shape, _shape, is_number=False),
        Column("field", "field", lambda g: g.field.text(), lambda g: joined_text(g.field.size)),
        _hidden("field_is", _sees),
        Column("params", "params", lambda g: _number(g.params), lambda g: g.params, f"{params:,}"),
        _hidden("frozen", lambda g: g.frozen),
        Column("MACs", "macs", lambda g: _number(g.macs), lambda g: g.macs, f"{summary.macs:,}"),
        *(_memory(memory) if memory else ()),
        Column("line", "line", lambda g: str(g.line), lambda g: g.line),
        _hidden("file", lambda g: g.file),
    ]
    return Sheet(groups, columns, title(summary))


def _hidden(key: str, value: Callable[[Group], object]) -> Column:
    """A column for programs alone."""
    return Column("", key, lambda group: str(value(group)), value)


def _sees(group: Group) -> str:
    """Whether the field is `exact` or a `bound`, or `all` of the input."""
    if group.field.whole:
        return "all"
    return "exact" if group.field.exact else "bound"


def _memory(memory: Memory) -> list[Column]:
    unit, size = UNITS[1] if max(memory.training, memory.forward) >= UNITS[1][1] else UNITS[2]

    def column(name: str, get: Callable[[StepMemory], int], total: int) -> Column:
        def value(group: Group) -> int:
            return get(memory.of(group.nodes))

        def shown(number: int) -> str:
            return f"{number / size:,.2f}" if number else ""

        return Column(
            f"{name} {unit}", f"{name}_bytes", lambda g: shown(value(g)), value, shown(total)
        )

    return [
        column("forward", lambda step: step.forward, memory.forward),
        column("training", lambda step: step.training, memory.training),
    ]


def _label(group: Group) -> str:
    frozen = all(row.frozen for row in group.rows if row.params) and group.frozen
    frozen = frozen or all(row.frozen for row in group.rows)
    training = {row.training for row in group.rows}
    only = training.pop() if len(training) == 1 else None
    remarks = [word for word in ("frozen" if frozen else "", only or "") if word]
    return f"{group.label} ({', '.join(remarks)})" if remarks else group.label


def _shape(group: Group) -> str:
    return " ".join(map(shape_text, group.outputs))


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def meaning(summary: Summary, memory: Memory | None) -> Table:
    """What stands below the rows: the totals, and what they count."""
    trained = "all trainable"
    if summary.frozen:
        trained = f"{summary.params:,} trainable, {summary.frozen:,} frozen"
    heads = sum(row.macs for row in summary.rows if row.training is not None)
    more = [("", f"parts that run only while training: {heads:,} more")] if heads else []
    rows = [
        ("parameters", f"{summary.params + summary.frozen:,}: {trained}"),
        ("MACs", f"{summary.macs:,}: multiplications of convolutions and linear layers"),
        ("", "for one sample; no biases, norms, activations or pools (--flops: what others count)"),
        *more,
        ("depth", f"{summary.depth:,} weighted layers on the longest path"),
        ("field", _field(summary)),
        *(_memory_words(memory) if memory else ()),
    ]
    return Table(("", ""), rows)


def _field(summary: Summary) -> str:
    field = summary.field
    if not field.axes:
        return "there are no maps, so every unit sees all"
    size = f"{field.text()} of {shape_text(field.pixels)} pixels"
    return f"{size}, stride {joined_text(field.stride)}, at {summary.field_at}"


def _memory_words(memory: Memory) -> list[tuple[str, str]]:
    samples = "1 sample" if memory.batch == 1 else f"{memory.batch:,} samples"
    forward, training = size_text(memory.forward), size_text(memory.training)
    return [
        ("memory", f"of the activations of {samples} in float32, without parameters:"),
        ("", f"forward {forward}, the most that is alive at one time in evaluation"),
        ("", f"training {training}, kept for the backward pass by the layer that made it"),
    ]


def size_text(size: int) -> str:
    """A number of bytes as people read it: `97.5 MiB`."""
    unit, factor = next((unit for unit in UNITS if unit[1] <= size), UNITS[-1])
    return f"{size / factor:,.1f} {unit}" if factor > 1 else f"{size:,} {unit}"


def tools(summary: Summary, counted: Sequence[Count]) -> Table:
    """What each tool prints for the network, and what that is."""
    rows = [
        (_tool(count), count.convention.name, f"{count.total:,}", count.convention.counts)
        for count in counted
    ]
    headings = ("tool", "calls it", "value", "counts, for one sample in evaluation")
    return Table(headings, rows, frozenset({"value"}), title(summary))


TOOL_KEYS = ("tool", "version", "name", "value", "counts")


def tool_values(counted: Sequence[Count]) -> list[tuple[object, ...]]:
    """The same for programs."""
    return [
        (c.convention.tool, c.convention.version, c.convention.name, c.total, c.convention.counts)
        for c in counted
    ]


def by_kind(counted: Sequence[Count]) -> Table:
    """What each tool counts for each kind of layer; what adds up to its number."""
    names = [count.convention.tool for count in counted]
    kinds = list(counted[0].kinds)
    rows = [
        (kind, *(f"{c.kinds[kind]:,}" if c.kinds[kind] else "ignored" for c in counted))
        for kind in kinds
    ]
    totals = ("total", *(f"{count.total:,}" for count in counted))
    return Table(("layer", *names), [*rows, totals], frozenset(names))


def _tool(count: Count) -> str:
    return f"{count.convention.tool} {count.convention.version}".strip()
