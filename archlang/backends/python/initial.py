"""Initial weights: by the type of the module where that decides, else where each is constructed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from archlang.backends.python.expressions import Call, Expression, Given, Literal, Word
from archlang.backends.python.expressions import constant as text_of
from archlang.backends.recipes import build
from archlang.graph import Graph, Node, shapes
from archlang.ops.recipe import Module

WRAPPER = "helper.initialised"
Init: TypeAlias = tuple[str, tuple[tuple[str, Any], ...]]
"""A function of `torch.nn.init` with the arguments that are not its defaults."""


def init_of(node: Node) -> Init | None:
    """How the weights of a node are drawn; None: as torch does it by itself."""
    chosen = getattr(node.op, "init", None)
    if chosen is None:
        return None
    usual = inspect.signature(getattr(nn.init, chosen.function)).parameters
    given = chosen.arguments()
    said = [(k, v) for k, v in given.items() if k not in usual or usual[k].default != v]
    return chosen.function, tuple(said)


class Initial:
    """Decides for one graph: if all modules of a type start alike, the network's class does it."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = graph.owners
        self._types: dict[Module, list[tuple[type[nn.Module], bool]]] = {}

    @cached_property
    def _by_type(self) -> dict[type[nn.Module], set[Init | None]]:
        found: dict[type[nn.Module], set[Init | None]] = {}
        for node in self._nodes:
            recipe = node.op.recipe(*shapes(node))
            if isinstance(recipe, Module):
                for kind, _ in self._weighted(recipe):
                    found.setdefault(kind, set()).add(init_of(node))
        return found

    def _weighted(self, recipe: Module) -> list[tuple[type[nn.Module], bool]]:
        """The types within a module that have weights, each with whether it has a bias."""
        if recipe not in self._types:
            with torch.device("meta"):
                modules = build(recipe).modules()
            self._types[recipe] = [
                (type(m), isinstance(getattr(m, "bias", None), Tensor))
                for m in modules
                if isinstance(getattr(m, "weight", None), Tensor)
            ]
        return self._types[recipe]

    @cached_property
    def by_type(self) -> dict[Init, list[type[nn.Module]]] | None:
        """The types to initialise in each way; None if the type does not decide."""
        kinds = self._by_type
        for kind in kinds:
            ways = set[Init | None]().union(*(kinds[k] for k in kinds if issubclass(k, kind)))
            is_torch = kind.__module__.startswith("torch.nn")
            if ways != {None} and not (is_torch and len(ways) == 1):
                return None
        result: dict[Init, list[type[nn.Module]]] = {}
        for kind, (init,) in kinds.items():
            if init is not None:
                result.setdefault(init, []).append(kind)
        return result

    def wrapped(self, made: Call, node: Node, name: Callable[[str], str]) -> Call:
        """A construction with its initialisation, where that is done there."""
        init = init_of(node)
        if init is None or self.by_type is not None:
            return made
        function, arguments = init
        given: list[Given] = [Given(made), Given(Word(f"nn.init.{function}"))]
        given += [Given(_literal(value, key), key) for key, value in arguments]
        return Call(name(WRAPPER), tuple(given))

    def method(self) -> list[str]:
        """The lines of `_init_weights` for the network's class; none if there is nothing to do."""
        if not self.by_type:
            return []
        lines = ["def _init_weights(self) -> None:", "    for module in self.modules():"]
        word = "if"
        for (function, arguments), kinds in self.by_type.items():
            names = [f"nn.{kind.__name__}" for kind in kinds]
            types = names[0] if len(names) == 1 else f"({', '.join(names)})"
            given = "".join(f", {key}={text_of(value)}" for key, value in arguments)
            lines.append(f"        {word} isinstance(module, {types}):")
            lines.append(f"            nn.init.{function}(module.weight{given})")
            lines += self._bias(kinds)
            word = "elif"
        return lines

    def _bias(self, kinds: list[type[nn.Module]]) -> list[str]:
        all_recipes = (node.op.recipe(*shapes(node)) for node in self._nodes)
        recipes = [r for r in all_recipes if isinstance(r, Module)]
        has = {bias for r in recipes for kind, bias in self._weighted(r) if kind in kinds}
        if has == {False}:
            return []
        zero = "nn.init.zeros_(module.bias)"
        if has == {True}:
            return [f"            {zero}"]
        return ["            if module.bias is not None:", f"                {zero}"]


def _literal(value: Any, hint: str) -> Expression:
    return Literal(value, hint)
