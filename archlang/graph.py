"""The typed graph of a network: nodes with shapes and provenance, over networkx.

Nobody else touches networkx attributes. `Graph.digraph` is made on first use, so that merely
checking a spec does not pay for importing networkx.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from archlang.ops.base import Op, Shape
from archlang.paths import prefixes
from archlang.record import Record
from archlang.source import Span

if TYPE_CHECKING:
    import networkx as nx

    from archlang.semantics.bases import Base

ScopeKind = Literal["network", "block", "repeat", "dense", "chain", "round", "match"]
Role = Literal["input", "layer", "merge", "match"]
Frozen = Literal["", "weights", "layer"]
"""What of a layer is not trained: nothing; its parameters (`fixed(W)`); or all of it, so that its
running statistics stay as they are too (`freeze`)."""


@dataclass(eq=False, slots=True)
class Scope:
    """One level of the names in `state_dict`, and of the folding in figures.

    `network` and `block`: an instance of a declaration (`name` is its name in the spec).
    `repeat`, `dense`: the statement; its children (of kind `round`, or blocks) are the copies.
    `chain`: a named run of several steps. `match`: what a matching operator W expanded to.
    """

    path: str
    kind: ScopeKind
    name: str
    span: Span | None
    """Where it was used."""
    parent: Scope | None = None
    arguments: tuple[tuple[str, object], ...] = ()
    """The constants a block was used with, by parameter name."""
    doc: str = ""
    """The docstring of the block or network."""
    children: list[Scope] = field(default_factory=list["Scope"])

    def ancestors(self) -> Iterator[Scope]:
        """This scope and all it lies in, inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    @property
    def unit(self) -> Scope:
        """The innermost block or network around."""
        return next(s for s in self.ancestors() if s.kind in ("block", "network"))


class Change(Record):
    """A line of a derived network: `replace conv1: …`, `adapt conv1: sum`."""

    word: Literal[
        "replace", "before", "after", "remove", "freeze", "adapt", "remove skips", "replace skips"
    ]
    path: str
    """As written, so it may hold `*`; of a line about skips which ones: `short skips`."""
    level: int
    """Whose line it is: 0 the network's own, 1 that of the network it derives from, and so on."""
    span: Span
    how: str = ""
    """What to adapt by: `sum`, `mean`, …"""


class Pretrained(Record):
    """Weights that a network declares: `weights torchvision "ResNet50_Weights.DEFAULT"`."""

    kind: Literal["torchvision", "url"]
    source: str
    span: Span


@dataclass(frozen=True, slots=True)
class Tensor:
    """One result of a node: `port` tells which, where it has several (split)."""

    node: int
    shape: Shape
    port: int = 0


class Absorbed(Record):
    """A layer that was multiplied into the weights of another one, by the pass `fold`."""

    path: str
    """Where its own weights are in the network that was not optimised."""
    op: Op
    shape: Shape
    """What it was applied to."""
    side: Literal["before", "after", "clip"]
    """Whether it stood before or after the layer; `clip`: before it, with a relu between, which
    is a clip at a threshold now."""


@dataclass(eq=False, slots=True)
class Node:
    """One step of the network: a layer, a merge, an input, or a step of a matching operator W."""

    id: int
    op: Op
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    path: str
    """Name of its parameters in `state_dict`; several nodes share one only through `shared`."""
    scope: Scope
    span: Span
    role: Role = "layer"
    frozen: Frozen = ""
    """What of it is not trained; empty: nothing."""
    training: str | None = None
    """The output (`… when training`) it serves alone; such nodes run only while training."""
    change: Change | None = None
    """The line of a derived network that put it there, instead of the base."""
    within: tuple[object, ...] = ()
    """The uses of blocks and pipes and the rounds of loops that it is made in, outside in."""
    adapt: Change | None = None
    """The line that says how its weights are made of the base's, where those do not fit."""
    absorbed: tuple[Absorbed, ...] = ()
    """What was merged into its weights, in that order."""

    @property
    def kind(self) -> str:
        """The layer's name in the language (`conv`); for merges what they do (`add`)."""
        return self.op.name or type(self.op).__name__.lower()

    @property
    def shape(self) -> Shape:
        """Shape of the (first) result."""
        return self.outputs[0].shape


class Output(Record):
    """One of the results of the network; the main one is called `output`."""

    name: str
    tensor: Tensor
    span: Span
    training: bool = False


class Match(NamedTuple):
    """An operand W∘x of a merge: the tensor x, W as written, and what W did."""

    source: Tensor
    written: str
    operator: str
    """`project(bn)`, `crop`, …; "identity" where there was nothing to do."""


class Cut(Record):
    """A merge that a line about skips changed: `remove short skips`."""

    change: Change
    tensor: Tensor
    """What it gives now: with one operand left, that one."""
    narrowed: bool
    """Whether it gives fewer channels than it did."""
    paths: tuple[str, ...]
    """What the W of the operands that were taken away or replaced was made of."""


class Skip(Record):
    """A connection past one or more layers: `Y_l = f(Z_l + W∘Y_{l-s})`.

    `source` is where it leaves, `merge` the node where it lands, `depth` is s: the number of
    weighted layers on the longest path it passes by; `matching` is W as written, `operator`
    what it does here (`project(bn)`); both are "identity" where no W is written.
    """

    source: Tensor
    merge: int
    kind: Literal["short", "long", "dense"]
    depth: int
    matching: str
    operator: str
    operand: int
    """Which input of the merge it is."""


class Again(Record):
    """Steps that run again in the backward pass, so that what they make need not be kept."""

    nodes: tuple[int, ...]
    """Ids of the nodes, which stand one after the other; the network's outputs may be theirs."""
    whole: bool
    """All of it runs again, with a gradient, from its inputs; else all but the last step, which
    keeps its input for the backward pass and itself does not run again."""


@dataclass(eq=False, repr=False)
class Graph:
    """A network whose every shape is known. Nodes stand in an order in which they can run."""

    name: str
    root: Scope
    nodes: list[Node] = field(default_factory=list[Node])
    inputs: list[int] = field(default_factory=list[int])
    """Node ids of the inputs, in the order of the call."""
    outputs: list[Output] = field(default_factory=list[Output])
    matching: dict[tuple[int, int], Match] = field(default_factory=dict[tuple[int, int], Match])
    """(merge, operand) → what W was applied to, where an operand is W∘x."""
    parameters: dict[str, object] = field(default_factory=dict[str, object])
    """The constants the network was built with (`classes=10`)."""
    bases: tuple[Base, ...] = ()
    """The networks it derives from (`network A from B`), the nearest first."""
    changes: tuple[Change, ...] = ()
    """What it and its bases change of theirs, as written."""
    cuts: list[Cut] = field(default_factory=list["Cut"])
    """The merges that its lines, and those of its bases, about skips changed."""
    pretrained: Pretrained | None = None
    """The weights that it, or the nearest of its bases that does, declares."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """The texts it was read from by their names, the file that declares it first."""
    entry: str = ""
    """What the first of these texts calls it: its name, or that of a `let`."""
    channels_last: bool = False
    """Whether maps and volumes lie in memory with the channels last."""
    again: tuple[Again, ...] = ()
    """What runs again in the backward pass, to save memory; no node is in two of them."""

    def producer(self, tensor: Tensor) -> Node:
        """The node that makes a tensor."""
        return self.nodes[tensor.node]

    @cached_property
    def consumers(self) -> list[list[Node]]:
        """For each node id, the nodes that take any of its results (a node once per use)."""
        users: list[list[Node]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for tensor in node.inputs:
                users[tensor.node].append(node)
        return users

    @cached_property
    def owners(self) -> list[Node]:
        """One node for each distinct path: who to count or build parameters from."""
        seen: dict[str, Node] = {}
        for node in self.nodes:
            seen.setdefault(node.path, node)
        return list(seen.values())

    @cached_property
    def _by_path(self) -> dict[str, Node]:
        return {node.path: node for node in self.owners}

    def owner_of(self, key: str) -> Node:
        """The node whose tensor a name of `state_dict` is: `layer1.0.conv1` of `….weight`.

        Raises:
            KeyError: it is no name of this network's.
        """
        for path in reversed(list(prefixes(key))):
            if path in self._by_path:
                return self._by_path[path]
        raise KeyError(key)

    @cached_property
    def digraph(self) -> nx.DiGraph[int]:
        """The same as networkx sees it: nodes are ids, edges carry the tensor's shape."""
        import networkx as nx

        graph: nx.DiGraph[int] = nx.DiGraph(name=self.name)
        graph.add_nodes_from((node.id, {"path": node.path, "op": node.op}) for node in self.nodes)
        graph.add_edges_from(
            (tensor.node, node.id, {"shape": tensor.shape})
            for node in self.nodes
            for tensor in node.inputs
        )
        return graph

    @property
    def params(self) -> int:
        """Trainable parameters, parts for training alone included."""
        return total("params", (n for n in self.owners if not n.frozen))

    @property
    def macs(self) -> int:
        """Multiplications of convolutions and linear maps for one sample, in evaluation."""
        return total("macs", (n for n in self.nodes if n.training is None))

    @cached_property
    def depths(self) -> list[int]:
        """For each node id, the weighted layers on the longest path up to and with it."""
        depths: list[int] = []
        for node in self.nodes:
            before = max((depths[t.node] for t in node.inputs), default=0)
            depths.append(before + node.op.weighted)
        return depths

    @property
    def depth(self) -> int:
        """Weighted layers on the longest path to the main output."""
        return self.depths[self.outputs[0].tensor.node]

    def __repr__(self) -> str:
        return f"<Graph of {self.name}, {len(self.nodes)} nodes>"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        """What a notebook shows: the figure; words alone, if it cannot be drawn."""
        from archlang.figures import DrawingError, draw

        wanted = set(include or ("image/svg+xml", "text/plain")) - set(exclude or ())
        words = {"text/plain": repr(self)} if "text/plain" in wanted else {}
        if "image/svg+xml" not in wanted:
            return words
        try:
            return words | {"image/svg+xml": draw(self).svg}
        except DrawingError as problem:
            return {name: f"{text}\nno figure: {problem}" for name, text in words.items()}


def shapes(node: Node) -> tuple[Shape, ...]:
    """The shapes a node takes."""
    return tuple(tensor.shape for tensor in node.inputs)


def total(cost: Literal["params", "macs"], nodes: Iterable[Node]) -> int:
    """The sum of a cost over nodes.

    Networks repeat themselves: what a layer costs on given shapes is worked out once.
    """
    known: dict[tuple[int, tuple[Shape, ...]], int] = {}
    result = 0
    for node in nodes:
        key = (id(node.op), shapes(node))
        if key not in known:
            known[key] = getattr(node.op, cost)(*key[1])
        result += known[key]
    return result
