"""What a pass is: a graph in, a graph and a list of changes out. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from archlang.graph import Graph
from archlang.record import Record

Goal = Literal["inference", "training"]
"""What a network is made fast for."""
GOALS: tuple[Goal, ...] = ("inference", "training")


class Outcome(Record):
    """What a pass made of a graph, which itself stays as it was."""

    graph: Graph
    changes: tuple[str, ...] = ()
    """One line for each change, by the paths of `state_dict`: `layer1.bn1 into layer1.conv1`."""
    remark: str = ""
    """What came of them all, where there is more to say: the memory that is needed now."""


class Pass(Protocol):
    """One way of making a graph faster. The first line of its documentation says which."""

    name: ClassVar[str]
    goals: ClassVar[frozenset[Goal]]

    def __call__(self, graph: Graph) -> Outcome:
        """Apply it to a graph that earlier passes may have changed."""
        ...


class Applied(Record):
    """A pass and what it changed, as `archlang.passes_report` and `archlang passes` show it."""

    name: str
    does: str
    changes: tuple[str, ...]
    remark: str = ""
    """What came of the changes, where there is more to say."""


class Optimised(Record):
    """A graph after all its passes, with the one it was made of."""

    base: Graph
    graph: Graph
    goal: Goal
    applied: Sequence[Applied]
