"""Lines about skips at work: operands of a merge are left out, or get another W or source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from archlang.diagnostics.catalog.ablation import NeverActivated, SkipsUnknown
from archlang.diagnostics.model import Label, Mistake
from archlang.graph import Cut, Graph, Tensor
from archlang.ops.base import Op
from archlang.ops.merging import Concat
from archlang.record import Record
from archlang.semantics.bases import Base
from archlang.semantics.frame import Frame
from archlang.semantics.matching import IdentityMatch, Matching
from archlang.semantics.skip_plan import Merged, SkipPlan, plan_of
from archlang.semantics.skip_sources import activated, linear
from archlang.semantics.surgery import Edit, Edits
from archlang.semantics.values import Value
from archlang.source import Span

if TYPE_CHECKING:
    from archlang.semantics.expand import Expander


class Pending(Record):
    """W∘x before it is known what it has to fit."""

    matching: Matching
    source: Tensor
    operator: str
    """W as written."""
    written: str
    span: Span
    put: Substitute | None = None
    """Where a line about skips put W there: what it replaced."""


class Substitute(Record):
    """What is known of a W that a line about skips puts in the place of another."""

    edit: Edit
    edits: Edits
    operand: Value
    """The operand as it was."""
    path: str
    """The merge."""
    at: Span
    """Where it is written."""
    avoid: frozenset[str]
    """Names beside the merge that the base needs itself."""


@dataclass
class Operands:
    """What a merge joins, once the lines about skips have been at it."""

    left: list[Value]
    aside: list[Tensor] = field(default_factory=list[Tensor])
    """Tensors that were taken away or replaced: W looks at them where no other is left."""
    cuts: list[tuple[Edit, Merged]] = field(default_factory=list[tuple[Edit, Merged]])


class SkipSurgeon:
    """Puts the lines about skips in force at each merge."""

    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self._unknown: list[Edit] = []
        """Lines whose base has mistakes."""

    # ── plans ────────────────────────────────────────────────────────────────────────────────

    def prepare(self, edits: Edits) -> None:
        """Find out what the lines of a network mean, and report what is wrong with them."""
        lines = [edit for edit in edits.edits if edit.skips is not None]
        edits.plans = []
        # whoever derives furthest has the last word, and looks at what the others left
        for _, group in groupby(lines, key=lambda edit: edit.change.level):
            plan = self._plan(list(group))
            if plan is not None:
                edits.plans.append(plan.anew())
                for diagnostic in plan.found:
                    self._expander.sink.add(diagnostic)

    def _plan(self, lines: list[Edit]) -> SkipPlan | None:
        assert lines[0].skips is not None
        base = lines[0].skips.base
        graph = self._graph_of(base)
        if graph is None:
            self._unknown.append(lines[0])
            return None
        return plan_of(lines, graph, base.called)

    def _graph_of(self, base: Base) -> Graph | None:
        from archlang.semantics.network import graph_of_base

        return graph_of_base(base, self._expander.evaluator.calls.workshop)

    def report_unknown(self) -> None:
        """Report lines that could not be put in force, because their base has mistakes."""
        for edit in self._unknown:
            assert edit.skips is not None
            self._expander.sink.report(SkipsUnknown(edit.skips.base.called), edit.change.span)

    # ── merges ───────────────────────────────────────────────────────────────────────────────

    def operands(self, edits: Edits, values: Sequence[Value], frame: Frame, span: Span) -> Operands:
        """The operands of a merge, without those that are taken away, and others replaced.

        Raises:
            Mistake: a skip shall start at an activated tensor, and there is none.
        """
        result = Operands(list(values))
        for owner, plan in _plans(edits):
            if len(result.left) < 2:
                break
            if not owner.may(plan.level):
                continue  # a line of this network put the merge in
            merged = plan.next(owner.scope_path(frame.scope.path), span)
            if merged is not None and merged.size == len(result.left):
                names = plan.names.get(owner.scope_path(frame.scope.path), set())
                self._operate(result, merged, owner, names, span)
        return result

    def _operate(
        self, operands: Operands, merged: Merged, edits: Edits, names: set[str], span: Span
    ) -> None:
        before, operands.left = operands.left, []
        for i, operand in enumerate(before):
            edit = merged.lines.get(i)
            if edit is None:
                operands.left.append(operand)
                continue
            if isinstance(operand, Tensor):
                operands.aside.append(operand)
            if edit.change.word == "replace skips":
                avoid = frozenset(names - _heads(merged, i))
                put = Substitute(edit, edits, operand, merged.path, span, avoid)
                operands.left.append(self._other(put))
        # a line may hold what has no hash
        lines = {id(edit): edit for edit in merged.lines.values()}
        operands.cuts += [(edit, merged) for edit in lines.values()]

    def _other(self, put: Substitute) -> Value:
        """A skip with another W, or from another tensor."""
        line, operand = put.edit.skips, put.operand
        assert line is not None
        source = operand.source if isinstance(operand, Pending) else operand
        source = self._source(put, source) if line.source else source
        if line.matching is not None:
            written = f"{line.written}∘{line.source or 'x'}"
            return Pending(line.matching, source, line.written, written, line.at, put)
        if isinstance(operand, Pending):
            made = operand.matching, source, operand.operator, operand.written
            return Pending(*made, operand.span, operand.put)
        return Pending(IdentityMatch(), source, "identity", line.source, line.at, put)

    def _source(self, put: Substitute, tensor: Tensor) -> Tensor:
        """Y or Z of the tensor that a skip starts at.

        Raises:
            Mistake: it has no Y.
        """
        line, weaver = put.edit.skips, self._expander.weaver
        assert line is not None
        if line.source == "Z":
            return linear(weaver.graph, tensor)
        found = activated(weaver.graph, tensor, weaver.training)
        if found is not None:
            return found
        if put.edits.kept_skips is not None:
            put.edits.kept_skips.add(put.path)
            return tensor
        labels = [Label(put.at, "the skip ends here"), *weaver.origins([tensor])]
        raise Mistake(NeverActivated(put.path), put.edit.change.span, labels)

    def hold_names(self, operands: Operands, frame: Frame) -> None:
        """Keep the names of what is not made, so that what comes after keeps its own."""
        for _, merged in operands.cuts:
            for operand in merged.lines:
                for name in sorted(_heads(merged, operand)):
                    self._expander.naming.hold(frame.scope, name)

    def note(self, edits: Edits, operands: Operands, op: type[Op], result: Tensor) -> None:
        """Note in the graph what was done, for whoever asks why a weight is new or unused."""
        for edit, merged in operands.cuts:
            if edits.is_own(edit.change):
                mine = [i for i, e in merged.lines.items() if e is edit]
                paths = tuple(path for i in mine for path in merged.made_of.get(i, ()))
                narrowed = op is Concat and edit.change.word == "remove skips"
                self._expander.graph.cuts.append(Cut(edit.change, result, narrowed, paths))


def _plans(edits: Edits) -> Iterator[tuple[Edits, SkipPlan]]:
    """All plans, inside out, each with the edits that it is of."""
    at: Edits | None = edits
    while at is not None:
        yield from ((at, plan) for plan in at.plans or ())
        at = at.outer


def _heads(merged: Merged, operand: int) -> set[str]:
    """The names beside a merge that the W of an operand takes."""
    scope = merged.path.rpartition(".")[0]
    return {
        path.removeprefix(scope).lstrip(".").partition(".")[0]
        for path in merged.made_of.get(operand, ())
    }
