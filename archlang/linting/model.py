"""What a rule is: it looks at the steps of a network, or at the text of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from archlang.diagnostics.model import Diagnostic, Fix, Label, Problem
from archlang.graph import Graph, Node
from archlang.ops.base import Op

if TYPE_CHECKING:
    from archlang.linting.written import Written


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says of one step: the problem, and other places that have a part in it."""

    problem: Problem
    secondary: tuple[Label, ...] = ()


class Rule:
    """Base of all rules. What it says, and why, stands in the docstring of its problem."""

    problem: ClassVar[type[Problem]]
    repairs: ClassVar[bool] = False
    """Whether it knows a repair, at least sometimes."""


class StepRule(Rule):
    """Looks at the steps of a network, one by one.

    A line may be used many times, and become a step each time. What holds of all of these steps is
    reported once, and may be repaired; what holds of some is reported with their paths.
    """

    families: ClassVar[frozenset[str]]
    """The families of layers that it looks at, as `Style.family` has them."""
    always: ClassVar[bool] = False
    """Whether it says something only if it holds of every use of the line."""

    def check(self, node: Node, graph: Graph) -> Found | None:
        """What is wrong with a step; None if nothing is."""
        raise NotImplementedError

    def holds(self, node: Node, written: Written) -> bool:
        """Whether the way the step is written leaves it a mistake."""
        return True

    def fix(self, node: Node, written: Written) -> Fix | None:
        """The repair of the line that a step comes from, which holds for each of its uses."""
        return None


class TextRule(Rule):
    """Looks at a file as it is written."""

    def check(self, written: Written) -> Iterator[Diagnostic]:
        """What is wrong with the file."""
        raise NotImplementedError


def only_user(node: Node, graph: Graph) -> Node | None:
    """The step that takes what a step gives, if it is the only one, and that no output."""
    users = graph.consumers[node.id]
    if len(users) != 1 or is_output(node, graph):
        return None
    return users[0]


def only_source(node: Node, graph: Graph) -> Node | None:
    """The step before a step, if that is the only one, and nothing else takes what it gives."""
    if len(node.inputs) != 1:
        return None
    source = graph.producer(node.inputs[0])
    return source if only_user(source, graph) is node else None


def is_output(node: Node, graph: Graph) -> bool:
    """Whether a step gives an output of the network."""
    return any(output.tensor.node == node.id for output in graph.outputs)


def layer(op: Op) -> str:
    """What a layer is called in messages."""
    return op.name or type(op).__name__.lower()
