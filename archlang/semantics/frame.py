"""Where a statement runs: its names, its place in the paths, and what flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archlang.graph import Scope, ScopeKind
from archlang.semantics.naming import join
from archlang.semantics.values import Declaration, Env, Value
from archlang.source import Span


@dataclass(slots=True)
class Body:
    """One use of a block or network, shared by all suites within it."""

    env: Env
    declaration: Declaration
    is_root: bool
    arriving: list[Value] = field(default_factory=list[Value])
    """What flows in and no `input` line has named yet."""
    inputs: int = 0
    """How many inputs were named."""
    output_names: set[str] = field(default_factory=set[str])
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
        rounds = self.rounds and scope is None
        return Frame(Env(self.env), scope or self.scope, self.body, flow, branches, rounds)


def open_scope(
    frame: Frame, name: str, kind: ScopeKind, title: str, span: Span, **details: Any
) -> Scope:
    """A scope one level down, known to its parent."""
    scope = Scope(join(frame.scope.path, name), kind, title, span, frame.scope, **details)
    frame.scope.children.append(scope)
    return scope
