"""What the networks of one run share: layers that were made, and shapes that were inferred.

A spec uses the same few layers on the same few shapes again and again, within a network and in the
next; each is made, checked and inferred once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from archlang.ops.base import Op, Shape
from archlang.semantics.arguments import Given, given_in, signature_of_model
from archlang.semantics.validation import plain, validated
from archlang.semantics.values import UNKNOWN, Value
from archlang.source import Span
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.graph import Graph
    from archlang.semantics.bases import Base


class Workshop:
    """Makes layers from evaluated arguments; equal arguments give the one same layer object."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}
        self._called: dict[Any, tuple[Any, tree.Call, Mapping[str, Any]]] = {}
        self._bare: dict[tuple[type[Op], int], tuple[Any, Mapping[str, Any]]] = {}
        self.inferred: dict[tuple[int, tuple[Shape, ...]], tuple[Shape, ...]] = {}
        """(id of a layer, shapes it takes) → shapes it gives."""
        self.kept: list[Op] = []
        """The layers whose ids are in use: an id is only unique while its object lives."""
        self._bases: dict[tuple[int, int], list[tuple[Base, Graph | None]]] = {}
        """(declaration, its surroundings) → the bases with these, and their graphs."""

    def base_graph(self, base: Base, make: Callable[[], Graph | None]) -> Graph | None:
        """The graph of a base, which is made once; None while it is being made."""
        known = self._bases.setdefault((id(base.unit.declaration), id(base.unit.env)), [])
        for other, graph in known:
            if _same(other.arguments, base.arguments):
                return graph
        known.append((base, None))
        place = len(known) - 1
        graph = make()
        known[place] = (base, graph)
        return graph

    def called(
        self, e: tree.Call, values: Sequence[Value], op: type[Op], defaults: Mapping[str, Any]
    ) -> Any:
        """The layer that a call makes of evaluated arguments; the same call makes the same one.

        Raises:
            Mistake: an argument is unknown, missing, of the wrong type or out of range.
        """
        key = (id(e), id(defaults), *values, *map(type, values))
        try:
            known = self._called.get(key)
        except TypeError:  # a block as an argument has no hash
            return self.make(op, op.name, given_in(e, values), defaults, e.span)
        if known is None:  # the call and the defaults are kept with it, so that their ids stay
            made = self.make(op, op.name, given_in(e, values), defaults, e.span)
            known = self._called[key] = (made, e, defaults)
        return known[0]

    def make(
        self,
        model: type[BaseModel],
        callee: str,
        given: Sequence[Given],
        defaults: Mapping[str, Any],
        span: Span,
    ) -> Any:
        """The layer (or initialiser); the unknown value if an argument is unknown.

        Raises:
            Mistake: an argument is unknown, missing, of the wrong type or out of range.
        """
        signature = signature_of_model(model, callee)
        bound = signature.bind(given)
        if any(g.value is UNKNOWN for g in bound.values()):
            return UNKNOWN
        fields = model.model_fields
        values = {
            **defaults,
            **{
                n: g.value if fields[n].annotation is Any else plain(g, callee, n)
                for n, g in bound.items()
            },
        }
        missing = signature.missing(values, span)
        if missing:
            raise missing
        key: tuple[Any, ...] = (model, *((n, v, type(v)) for n, v in values.items()))
        try:
            made = self._made.get(key)
        except TypeError:  # a block as an argument has no hash
            return validated(model, callee, values, bound, span)
        if made is None:
            made = self._made[key] = validated(model, callee, values, bound, span)
        return made

    def bare(self, op: type[Op], defaults: Mapping[str, Any], span: Span) -> Any:
        """A layer without arguments of its own, `bn`: the most frequent case, and a quick one.

        Raises:
            Mistake: it needs arguments.
        """
        key = (op, id(defaults))
        known = self._bare.get(key)
        if known is None:  # the defaults are kept with it, so that their id stays theirs
            known = self._bare[key] = (self.make(op, op.name, (), defaults, span), defaults)
        return known[0]


def _same(a: Mapping[str, Value], b: Mapping[str, Value]) -> bool:
    """Whether two sets of arguments mean the same; 1, 1.0 and true are three things."""
    return a.keys() == b.keys() and all(
        type(value) is type(b[name]) and value == b[name] for name, value in a.items()
    )
