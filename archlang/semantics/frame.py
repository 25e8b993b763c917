"""Where a statement runs: its names, its place in the paths, and what flows."""

from __future__ import annotations

from dataclasses import dataclass, field

from archlang.graph import Scope
from archlang.semantics.values import Env, Value
from archlang.source import Span
from archlang.syntax import tree


@dataclass(slots=True)
class Body:
    """One use of a block or network, shared by all suites within it."""

    env: Env
    is_root: bool
    outputs: list[tuple[str, Value, Span]] = field(default_factory=list[tuple[str, Value, Span]])
    stepped: bool = False
    """Whether any step ran."""


@dataclass(slots=True)
class Frame:
    """One suite of a body while it runs."""

    env: Env
    scope: Scope
    body: Body
    flow: Value
    """What the line before made: a tensor, several, unknown, or None before any input."""
    branches: list[Value] | None = None
    """The results so far, where each line is a branch of its own."""
    rounds: bool = False
    """Whether this is a round of a `for`: kept names then count, as kinds do."""

    def inside(
        self, flow: Value, scope: Scope | None = None, branches: list[Value] | None = None
    ) -> Frame:
        """A frame for a suite nested in this one, with names of its own."""
        return Frame(Env(self.env), scope or self.scope, self.body, flow, branches)


def kept_names(suite: tree.Suite) -> set[str]:
    """Names that the lines of a body keep, so that automatic names avoid them."""
    names: set[str] = set()
    for statement in suite.statements:
        if isinstance(statement, tree.Step):
            names |= {t.id for t in statement.targets if isinstance(t, tree.Name)}
        elif isinstance(statement, tree.Output) and isinstance(statement.target, tree.Name):
            names.add(statement.target.id)
        elif isinstance(statement, tree.Shared):
            names.add(statement.name.id)
        elif isinstance(statement, tree.If):
            for _, arm in statement.arms:
                names |= kept_names(arm)
    return names
