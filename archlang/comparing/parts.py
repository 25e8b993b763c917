"""A network as a tree of parts: layers, and the blocks and runs around them, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from pydantic import BaseModel

from archlang.graph import Graph, Node, Scope
from archlang.ops.base import Dims, Op, shape_text
from archlang.source import Span
from archlang.tooling.manual import written

_NOT_ARCHITECTURE = frozenset({"init", "title"})
"""How weights begin, and what an input is called, is no part of the architecture."""


@dataclass(eq=False)
class Part:
    """One layer (`node`), or a scope with the parts in it."""

    path: str
    node: Node | None = None
    scope: Scope | None = None
    parts: list[Part] = field(default_factory=list["Part"])
    shares: bool = False
    """Whether it is a layer that has the parameters of an earlier one."""

    @cached_property
    def name(self) -> str:
        """The last piece of its path."""
        return self.path.rpartition(".")[2]

    @cached_property
    def nodes(self) -> list[Node]:
        """Its layers, in running order."""
        if self.node is not None:
            return [self.node]
        return sorted((n for part in self.parts for n in part.nodes), key=lambda n: n.id)

    @cached_property
    def key(self) -> str:
        """Equal for parts of the same layers with the same arguments, in the same order."""
        if self.node is not None:
            return layer_key(self.node) + " shared" * self.shares
        return f"({' '.join(part.key for part in self.parts)})"

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its layers."""
        return tuple(node.kind for node in self.nodes)

    @property
    def kind(self) -> str:
        """The layer's name in the language; of a scope the name of its block, or its sort."""
        if self.node is not None:
            return self.node.kind
        kind = self.scope.kind if self.scope else ""
        return self.block or ("W" if kind == "match" else kind)

    @property
    def block(self) -> str:
        """The name of the block it is a use of; empty for what is none."""
        return self.scope.name if self.scope and self.scope.kind == "block" else ""

    @property
    def text(self) -> str:
        """As the language would write it: `conv(64, 3x3)`, `Basic(C=64)`."""
        if self.node is not None:
            return layer_text(self.node) + " (shared)" * self.shares
        if self.scope and self.scope.kind == "match":
            return f"{_written(self.scope.span)} ({', '.join(self.kinds)})"
        if self.scope and self.block:
            return _block_text(self.scope)
        return f"{self.kind} of {len(self.nodes)} layer{'' if len(self.nodes) == 1 else 's'}"

    def walk(self) -> Iterator[Part]:
        """This part and all in it, the outer ones first."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def leaves(self) -> Iterator[Part]:
        """Its layers as parts."""
        return (part for part in self.walk() if part.node is not None)


def parts_of(graph: Graph) -> Part:
    """The tree of a network's parts."""
    root = Part("", scope=graph.root)
    owners = {node.id for node in graph.owners}
    found: dict[int, Part] = {id(graph.root): root}
    for node in graph.nodes:
        holder = _holder(node.scope, found, root)
        shares = node.id not in owners
        holder.parts.append(Part(node.path, node=node, shares=shares))
    return root


def _holder(scope: Scope, found: dict[int, Part], root: Part) -> Part:
    """The part of a scope; it is made, and those around it, where its first layer is met."""
    if id(scope) not in found:
        parent = _holder(scope.parent, found, root) if scope.parent else root
        found[id(scope)] = Part(scope.path, scope=scope)
        parent.parts.append(found[id(scope)])
    return found[id(scope)]


def layer_key(node: Node) -> str:
    """Equal for layers of the same kind, arguments and treatment."""
    treated = f"{node.role} {node.frozen} {node.training or ''}"
    size = shape_text(node.shape) if node.role == "input" else ""
    return f"{type(node.op).__name__}[{_arguments(node.op)}]{size} {treated}"


def _arguments(op: Op) -> str:
    names = (name for name in type(op).model_fields if name not in _NOT_ARCHITECTURE)
    return ", ".join(f"{name}={getattr(op, name)!r}" for name in names)


def layer_text(node: Node) -> str:
    """`conv(64, 3x3, stride=2)`: as written, without what is the default anyway."""
    if node.role == "input":
        return f"input {shape_text(node.shape)}"
    if node.role == "match" and node.scope.kind != "match":
        return _written(node.span)
    values = list(_spoken(node.op))
    call = f"{node.kind}({', '.join(values)})" if values else node.kind
    remarks = ["frozen"] if node.frozen else []
    remarks += [f"for {node.training}, when training"] if node.training else []
    return f"{call} ({', '.join(remarks)})" if remarks else call


def _written(span: Span | None) -> str:
    """W∘x as it is written, on one line."""
    return " ".join(span.text.split()) if span else "W"


def _spoken(op: Op) -> Iterator[str]:
    for place, (name, info) in enumerate(type(op).model_fields.items()):
        value = getattr(op, name)
        if name in _NOT_ARCHITECTURE or (not info.is_required() and value == info.get_default()):
            continue
        by_place = place == 0 or info.is_required() or name == "kernel"
        yield constant(value) if by_place else f"{name}={constant(value)}"


def _block_text(scope: Scope) -> str:
    given = [f"{name}={constant(value)}" for name, value in scope.arguments if _is_plain(value)]
    return f"{scope.name}({', '.join(given)})" if given else scope.name


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float | str | Dims)


def constant(value: object) -> str:
    """A constant as the language writes it; sizes as `3x3`, layers by their names."""
    if isinstance(value, Dims) or not isinstance(value, tuple):
        return _name(value) if isinstance(value, BaseModel) else written(value)
    items = cast("tuple[object, ...]", value)
    if items and all(isinstance(item, int) for item in items):
        return shape_text(cast("tuple[int, ...]", items))
    return f"[{', '.join(map(constant, items))}]"


def _name(value: BaseModel) -> str:
    return str(getattr(type(value), "name", "")) or type(value).__name__
