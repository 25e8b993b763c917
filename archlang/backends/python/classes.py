"""Instances of a block that share their form become one class; what differs are its parameters."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archlang.backends.python.bodies import Body, Builder
from archlang.backends.python.expressions import Call, Expression, Given, Literal
from archlang.backends.python.parameters import IMPORTED, Chosen, Parameter, choose
from archlang.backends.python.parts import Part, Parts
from archlang.graph import Scope

_POSITIONAL = 7
"""More numbers of channels than this are given by name."""


@dataclass(slots=True)
class Class:
    """A class to be written, with one of its instances."""

    name: str
    body: Body
    chosen: Chosen
    overwrites: frozenset[int]
    """Places of the sums that may work in place in every instance."""


class Classes:
    """The classes of a network, each after those that it uses; the network's own is the last."""

    def __init__(self, parts: Parts, builder: Builder, taken: frozenset[str]) -> None:
        self._parts = parts
        self._builder = builder
        self._taken = set(taken | IMPORTED | frozenset(dir(builtins)))
        self._first: dict[str, Body] = {}
        self.network = self._free(parts.graph.name, "Network")
        self._taken |= {f"{self.network}{end}" for end in ("Output", "EvalOutput")}
        self.all: list[Class] = []
        for level in self._levels():
            self._make(level)

    def _levels(self) -> Iterator[list[Part]]:
        """The parts that are classes: those that use no other class, then those that use them, …"""
        heights: dict[str, int] = {}
        for part in self._parts.root.walk():
            below = max((heights[child.path] for child in part.children.values()), default=0)
            heights[part.path] = below + (part.mode == "class")
        chosen = [part for part in self._parts.root.walk() if part.mode == "class"]
        for height in range(1, heights[""] + 1):
            yield [part for part in chosen if heights[part.path] == height]

    def _make(self, level: list[Part]) -> None:
        groups: dict[Any, list[Body]] = {}
        for part in level:
            body = self._builder.body(part)
            groups.setdefault((self._base(part), body.form), []).append(body)
        # the most used one has the plain name; of equally used ones, that which the others add to
        order = sorted(groups.items(), key=lambda item: (-len(item[1]), len(item[1][0].steps)))
        for (base, _), bodies in order:
            self.all.append(self._class(self._name(base, bodies[0]), bodies))

    def _class(self, name: str, bodies: list[Body]) -> Class:
        arguments = [_constants(body.scope) for body in bodies]
        chosen = choose([body.literals for body in bodies], arguments)
        for i, body in enumerate(bodies):
            self._builder.classes[body.part.path] = _construction(name, chosen.parameters, i, body)
        together = bodies[0].overwrites.intersection(*(body.overwrites for body in bodies))
        return Class(name, bodies[0], chosen, together)

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def _base(self, part: Part) -> str:
        if part.parent is None:
            return self.network
        name = self._origin(part)
        return f"Frozen{name}" if self._parts.is_normed_frozen(part) else name

    def _origin(self, part: Part) -> str:
        """What a class is called after: its block, or what it lies in."""
        scope = part.calls[0]
        if scope.kind == "block":
            return scope.name
        if scope.kind == "round":
            return f"{scope.unit.name}Layer"
        named = part.parent if part.parent and part.name.isdigit() else part
        name = camel(named.name)
        return f"{scope.unit.name}{name}" if scope.unit.kind == "block" else name

    def _name(self, base: str, body: Body) -> str:
        """The block's name; a variant of it is called after the one step that it has more."""
        if body.part.parent is None:
            return self.network
        first = self._first.setdefault(base, body)
        if first is body:
            return self._free(base, "Block")
        known = set(first.step_names)
        extra = [name for name in body.step_names if name not in known]
        suffix = camel(extra[0]) if len(extra) == 1 else "2"
        return self._free(f"{base}{suffix}", "2" if suffix != "2" else "")

    def _free(self, name: str, end: str) -> str:
        assert name.isidentifier(), "names come from the parser, which takes nothing else"
        if name in self._taken or keyword.iskeyword(name):
            name += end
        stem, number = name.rstrip("0123456789") or name, 2
        while name in self._taken:
            name = f"{stem}{number}"
            number += 1
        self._taken.add(name)
        return name


def camel(name: str) -> str:
    """A path's name as that of a class: `dense_layer1` is a DenseLayer."""
    words = re.sub(r"\d+$", "", name).split("_")
    text = "".join(word[:1].upper() + word[1:] for word in words)
    return text if text.isidentifier() else "Part"


def _constants(scope: Scope) -> dict[str, Any]:
    """The constants that the block around was used with."""
    usual = (bool, int, float, str, tuple)
    return {name: value for name, value in scope.unit.arguments if isinstance(value, usual)}


def _construction(name: str, parameters: list[Parameter], instance: int, body: Body) -> Call:
    """How an instance of the class is constructed."""
    channels = sum(p.is_channels and p.default is None for p in parameters)
    given: list[Given] = []
    for i, parameter in enumerate(parameters):
        _, value = parameter.column[instance]
        literal: Expression = Literal(value, _hint(parameter), body.part.name)
        positional = i < channels <= _POSITIONAL or (i == 0 and channels == 0)
        if positional and parameter.default is None:
            given.append(Given(literal))
        elif parameter.default is not None:
            given.append(Given(literal, parameter.name, parameter.default))
        else:
            given.append(Given(literal, parameter.name))
    return Call(name, tuple(given))


def _hint(parameter: Parameter) -> str:
    """What the argument means to the class around."""
    if not parameter.is_channels:
        return parameter.name
    return "in_channels" if parameter.name.startswith("in_") else "channels"
