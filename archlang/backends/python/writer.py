"""The text of one class: docstring, constructor, forward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from archlang.backends.python.bodies import Builder
from archlang.backends.python.classes import Class
from archlang.backends.python.expressions import Literal, literals, write
from archlang.backends.python.forward import FEATURES, Forward
from archlang.backends.python.layout import Atom, Group, docstring, lay, prefixed
from archlang.backends.python.parameters import IMPORTED, as_name
from archlang.backends.python.parts import Key, Parts
from archlang.ops.recipe import Function
from archlang.semantics.naming import TAKEN_BY_TORCH

_LOCALS_TAKEN = IMPORTED | {"_", "features", "layer", "range", "self", "super"}


class ClassWriter:
    """Writes one class."""

    def __init__(
        self, parts: Parts, builder: Builder, made: Class, helpers: frozenset[str]
    ) -> None:
        self._parts = parts
        self._made = made
        self._members = {name for name, _ in made.body.members}
        self._attributes: dict[str, str] = {}
        """For each text that the forward function needs, the attribute that keeps it."""
        texts = self._forward_texts()
        self.forwarder = Forward(
            parts,
            builder,
            replace(made.body, overwrites=made.overwrites),
            lambda _: next(texts),
            _LOCALS_TAKEN | helpers,
        )

    def _forward_texts(self) -> Iterator[str]:
        """The texts of the functions' literals: those that differ are kept as attributes."""
        functions = self._made.body.functions.values()
        own = [literal for call in functions for literal in literals(call)]
        texts = self._made.chosen.texts[self._made.body.member_literals :]
        names = {p.name for p in self._made.chosen.parameters}
        kept: list[str] = []
        for literal, text in zip(own, texts, strict=True):
            needs = any(name in text.split() for name in names)
            kept.append(f"self.{self._attribute(text, literal)}" if needs else text)
        return iter(kept)

    def _attribute(self, text: str, literal: Literal) -> str:
        if text not in self._attributes:
            wanted = text if text.isidentifier() else f"{literal.member}_{literal.hint}"
            taken = self._members | set(self._attributes.values()) | TAKEN_BY_TORCH
            self._attributes[text] = as_name(wanted, taken)
        return self._attributes[text]

    def head(self) -> list[str]:
        """The class line and the docstring."""
        doc = docstring(self._made.body.scope.doc, 4)
        return [f"class {self._made.name}(nn.Module):", *doc, *([""] if doc else [])]

    def constructor(self, after: Sequence[str] = ()) -> list[str]:
        """`__init__`, with further statements at the end."""
        given = [Atom("self"), *(Atom(p.declaration) for p in self._made.chosen.parameters)]
        lines = lay(Group("def __init__(", tuple(given), ") -> None:"), 4)
        lines.append("        super().__init__()")
        lines += [f"        self.{name} = {text}" for text, name in self._attributes.items()]
        texts = iter(self._made.chosen.texts)
        for name, expression in self._made.body.members:
            doc = write(expression, lambda _: next(texts))
            lines += lay(prefixed(f"self.{name} = ", doc), 8)
        return [*lines, *(f"        {line}" for line in after)]

    def forward(self) -> list[str]:
        """The forward function of a block."""
        names = self._argument_names()
        given = [Atom("self"), *(Atom(f"{name}: {_type_of(name)}") for name in names)]
        count = len(self._made.body.results)
        returned = "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
        lines = lay(Group("def forward(", tuple(given), f") -> {returned}:"), 4)
        return [*lines, *self.forwarder.lines(8, names), *self.again()]

    def again(self) -> list[str]:
        """The functions of the steps that run again; there once the forward function is written."""
        return [line for lines in self.forwarder.methods.values() for line in ("", *lines)]

    def _argument_names(self) -> list[str]:
        """`x`, then what the others are for; the same in every instance."""
        if self._made.body.part.gathers:
            return [FEATURES]
        names: list[str] = []
        for i, key in enumerate(self._made.body.taken):
            wanted = "x" if i == 0 else "like" if self._is_model(key) else "skip"
            number = sum(name.rstrip("0123456789") == wanted for name in names)
            names.append(f"{wanted}{number + 1}" if number else wanted)
        return names

    def _is_model(self, key: Key) -> bool:
        """Whether only the size of a tensor matters."""
        users = [step for step in self._made.body.steps if key in step.inputs]
        likes = ("runtime.crop_like", "runtime.resize_like")
        return all(
            step.node is not None
            and isinstance(recipe := self._parts.recipe(step.node), Function)
            and recipe.target in likes
            and step.inputs.index(key) == 1
            for step in users
        )


def _type_of(argument: str) -> str:
    return "list[Tensor]" if argument == FEATURES else "Tensor"
