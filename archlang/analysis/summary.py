"""A network in numbers: one row for each step, and the totals. Pure data, nothing is drawn here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archlang.analysis.receptive import Field, last_with_a_place, receptive_fields
from archlang.analysis.skips import skips
from archlang.diagnostics.render.display import visible_text
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Shape, shape_text

if TYPE_CHECKING:
    from archlang.given import Given


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the network."""

    node: int
    """The number of its node in the graph."""
    path: str
    """Its name in `state_dict`."""
    kind: str
    """The layer's name in the language (`conv`); for merges what they do (`add`)."""
    label: str
    """What a paper writes in its box: `3×3 conv, 64, /2`."""
    file: str
    line: int
    """Where it is written; lines count from 1."""
    block: str
    """The block or network in whose body it is written."""
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    """Without the batch, channels first."""
    field: Field
    """What a unit of its result sees of the input."""
    params: int
    """Parameters; 0 where a step shares those of an earlier one."""
    macs: int
    """Multiplications for one sample."""
    frozen: bool
    """Whether its parameters are kept as they are."""
    training: str | None
    """The output that it serves alone, if it runs only while training."""

    def as_json(self) -> dict[str, Any]:
        """The row as an object of `archlang summary --json`."""
        return {
            "path": self.path,
            "kind": self.kind,
            "label": self.label,
            "file": self.file,
            "line": self.line,
            "block": self.block,
            "inputs": [list(shape) for shape in self.inputs],
            "output": list(self.outputs[0]),
            "outputs": [list(shape) for shape in self.outputs],
            "field": self.field.as_json(),
            "params": self.params,
            "macs": self.macs,
            "frozen": self.frozen,
            "training": self.training,
        }


@dataclass(frozen=True, slots=True)
class End:
    """An input or an output of the network."""

    name: str
    shape: Shape
    training: bool = False
    """Whether it is there only while training."""

    def as_json(self) -> dict[str, Any]:
        """The end as an object of `archlang summary --json`."""
        return {"name": self.name, "shape": list(self.shape), "training": self.training}


@dataclass(frozen=True, slots=True)
class SkipCount:
    """Skip connections of one kind, depth s and matching operator W."""

    kind: str
    depth: int
    operator: str
    count: int

    def as_json(self) -> dict[str, Any]:
        """The group as an object of `archlang summary --json`."""
        return {
            "kind": self.kind,
            "depth": self.depth,
            "operator": self.operator,
            "count": self.count,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """All of a network's figures. Printed, the totals; `rows` has the steps one by one."""

    name: str
    doc: str
    file: str
    parameters: dict[str, object]
    """The constants it was built with (`classes=10`)."""
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    """The main one first."""
    params: int
    """Trainable parameters, parts for training alone included."""
    frozen: int
    """Parameters that are not trained."""
    macs: int
    """Multiplications of convolutions and linear maps for one sample, in evaluation."""
    depth: int
    """Weighted layers on the longest path to the main output."""
    field: Field
    """The receptive field: that of the last tensor with a place on the input."""
    field_at: str
    """The path of the step that gives this tensor."""
    skips: tuple[SkipCount, ...]
    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        steps = f"{len(self.rows):,} step{'' if len(self.rows) == 1 else 's'}"
        return f"<Summary of {self.name}: {steps}, {self.params + self.frozen:,} parameters>"

    def __str__(self) -> str:
        skipped = sum(group.count for group in self.skips)
        frozen = f" and {self.frozen:,} frozen" if self.frozen else ""
        facts = {
            "input": ", ".join(shape_text(end.shape) for end in self.inputs),
            "output": ", ".join(shape_text(end.shape) for end in self.outputs),
            "parameters": f"{self.params:,} trainable{frozen}",
            "MACs": f"{self.macs:,}",
            "depth": f"{self.depth:,} weighted layers",
            "skips": f"{skipped:,}",
            "field": f"{self.field.text()}, at {self.field_at}" if self.field.axes else "all",
            "rows": f"{len(self.rows):,} steps",
        }
        title = visible_text(f"{self.name}  {self.file}")
        return "\n".join([title, *(f"{name:<10}  {fact}" for name, fact in facts.items())])

    def _repr_html_(self) -> str:
        """What a notebook shows: the totals, and all steps."""
        from archlang.notebook.pages import summary_html

        return summary_html(self)

    def as_json(self) -> dict[str, Any]:
        """What `archlang summary --json` writes.

        `input` and `output` are the shapes of the first input and of the main output; all of
        them stand under `inputs` and `outputs`.
        """
        return {
            "name": self.name,
            "doc": self.doc,
            "file": self.file,
            "parameters": self.parameters,
            "input": list(self.inputs[0].shape),
            "output": list(self.outputs[0].shape),
            "inputs": [end.as_json() for end in self.inputs],
            "outputs": [end.as_json() for end in self.outputs],
            "params": self.params,
            "frozen": self.frozen,
            "macs": self.macs,
            "depth": self.depth,
            "field": {"at": self.field_at, **self.field.as_json()},
            "skips": [group.as_json() for group in self.skips],
            "layers": [row.as_json() for row in self.rows],
        }


def summary(network: Given, /, **parameters: Any) -> Summary:
    """The figures of a network: `summary("ResNet50", classes=10).params`.

    Args:
        network: a file and the network in it, a name of the zoo, or what else
            `archlang.network` takes.
        **parameters: the network's parameters, by name.

    Raises:
        SpecError: the spec has mistakes; its text shows them.
    """
    from archlang.given import network as graph_of

    return summarise(graph_of(network, **parameters))


def summarise(graph: Graph) -> Summary:
    """The figures of a network. Inputs are no rows: they stand under `inputs`."""
    owners = {node.id for node in graph.owners}
    root = graph.root.span
    fields = receptive_fields(graph)
    last = last_with_a_place(graph, fields)
    return Summary(
        name=graph.name,
        doc=graph.root.doc,
        file=root.source.name if root else "",
        parameters=dict(graph.parameters),
        inputs=tuple(End(graph.nodes[n].path, graph.nodes[n].shape) for n in graph.inputs),
        outputs=tuple(End(o.name, o.tensor.shape, o.training) for o in graph.outputs),
        params=graph.params,
        frozen=sum(n.op.params(*shapes(n)) for n in graph.owners if n.frozen),
        macs=graph.macs,
        depth=graph.depth,
        field=fields[last],
        field_at=graph.nodes[last].path,
        skips=_count_skips(graph),
        rows=tuple(_row(n, n.id in owners, fields[n.id]) for n in graph.nodes if n.role != "input"),
    )


def _row(node: Node, owns: bool, field: Field) -> Row:
    given = shapes(node)
    return Row(
        node=node.id,
        path=node.path,
        kind=node.kind,
        label=node.op.label(),
        file=node.span.source.name,
        line=node.span.begin.line,
        block=node.scope.unit.name,
        inputs=given,
        outputs=tuple(tensor.shape for tensor in node.outputs),
        field=field,
        params=node.op.params(*given) if owns else 0,
        macs=node.op.macs(*given),
        frozen=bool(node.frozen),
        training=node.training,
    )


def _count_skips(graph: Graph) -> tuple[SkipCount, ...]:
    """Groups of like skips: by kind, then by depth, then in the order of the network."""
    kinds = ("short", "long", "dense")
    counts = Counter((s.kind, s.depth, s.operator) for s in skips(graph))
    ordered = sorted(counts.items(), key=lambda item: (kinds.index(item[0][0]), item[0][1]))
    return tuple(SkipCount(*group, count=count) for group, count in ordered)
