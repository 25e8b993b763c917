"""The edits of a derived network at work: what stands at a path is kept, replaced or left out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from archlang.semantics.frame import Frame, open_scope
from archlang.semantics.surgery import Edit, Edits
from archlang.semantics.values import UNKNOWN, Env, Value
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.apply import Applier
    from archlang.semantics.expand import Expander


class Surgeon:
    """Puts the edits in force around what an applier makes."""

    def __init__(self, applier: Applier, expander: Expander) -> None:
        self._applier = applier
        self._expander = expander
        self.edits = expander.edits
        self._replacing: set[str] = set()
        """The paths of what is being replaced at the moment."""

    def around(self, path: str, flow: Value, frame: Frame, make: Callable[[Value], Value]) -> Value:
        """Make what stands at a path, with the edits around it."""
        edits = self.edits
        if not edits:
            return make(flow)
        edits.see(path)
        if path in self._replacing or not edits.moves:
            return make(flow)
        name = path.rpartition(".")[2]
        for edit in edits.inserted(path, after=False):
            flow = self._put(edit, self._fresh(frame, f"before_{name}"), flow, frame)
        flow = self._standing(path, name, flow, frame, make)
        for edit in edits.inserted(path, after=True):
            flow = self._put(edit, self._fresh(frame, f"after_{name}"), flow, frame)
        return flow

    def _standing(
        self, path: str, name: str, flow: Value, frame: Frame, make: Callable[[Value], Value]
    ) -> Value:
        """What stands at a path itself: what always did, something else, or nothing."""
        if flow is UNKNOWN:
            return UNKNOWN  # what was put in before it is a mistake, which is reported
        edit = self.edits.instead(path)
        if edit is None:
            return make(flow)
        if edit.change.word == "remove":
            return flow
        self._replacing.add(path)  # what takes its place has its name, and its neighbours already
        try:
            return self._put(edit, name, flow, frame)
        finally:
            self._replacing.discard(path)

    def _fresh(self, frame: Frame, name: str) -> str:
        return self._expander.naming.fresh(frame.scope, name)

    def _put(self, edit: Edit, name: str, flow: Value, frame: Frame) -> Value:
        """Run the lines of an edit under a name; a single layer carries the name itself."""
        assert edit.body is not None
        with self.doing(edit):
            at = Frame(Env(edit.env), frame.scope, frame.body, flow)
            lines = edit.body.statements
            if len(lines) == 1 and isinstance(lines[0], tree.Step) and not lines[0].targets:
                return self._applier.step(lines[0].value, at, name)
            scope = open_scope(frame, name, "chain", name, edit.change.span)
            inner = at.inside(flow, scope)
            self._expander.suite(edit.body, inner)
            return inner.flow

    @contextmanager
    def doing(self, edit: Edit) -> Generator[None]:
        """Mark all that is added meanwhile as put there by an edit, and keep edits away from it."""
        # the edits of a network that is only a part of this one are nothing that was changed here
        change = edit.change if self.edits.is_own(edit.change) else None
        edits = self._of(edit)
        marking = self._expander.weaver.marking(change=change, within=edit.change.span)
        with self._muted(edits), edits.putting(edit.change.level), marking:
            yield

    @contextmanager
    def _muted(self, edits: Edits) -> Generator[None]:
        """The lines of parts say nothing of what a network around them puts into them."""
        with ExitStack() as stack:
            inner = self.edits
            while inner is not edits and inner.outer is not None:
                stack.enter_context(inner.putting(-1))
                inner = inner.outer
            yield

    def _of(self, edit: Edit) -> Edits:
        """The edits that an edit is one of."""
        edits = self.edits
        while edits.outer is not None and not any(e is edit for e in edits.edits):
            edits = edits.outer
        return edits

    @contextmanager
    def operating(self, edits: Edits) -> Generator[None]:
        """Add other edits to those in force: of a derived network that serves as a part."""
        weaver, before = self._expander.weaver, self.edits
        self.edits = weaver.edits = edits
        self._expander.skips.prepare(edits)
        try:
            yield
        finally:
            self.edits = weaver.edits = before
            if edits.outer is None:  # else lines of the whole may have taken away what these name
                edits.report_unused(self._expander.sink)
