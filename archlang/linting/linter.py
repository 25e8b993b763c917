"""All rules over one file: `lint` for what an editor has open, `lint_file` for one on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from archlang.diagnostics.catalog.lint_names import IdleExcuse
from archlang.diagnostics.model import Diagnostic, Diagnostics, Mistake, Problem, Severity
from archlang.editing.definitions import Read
from archlang.editing.document import Analysis, Document, Expansion
from archlang.graph import Graph, Node
from archlang.linting.excuses import excused
from archlang.linting.model import Found, StepRule
from archlang.linting.rules import STEP_RULES, TEXT_RULES, problems
from archlang.linting.written import Definition, Place, Written, place
from archlang.semantics.places import Disk
from archlang.source import Source, Span

MOST_PATHS = 3
"""Uses of a line that are named, where a rule does not hold in all of them."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """What a rule said of one step."""

    rule: StepRule
    found: Found
    node: Node
    network: str


@dataclass(slots=True)
class _Steps:
    """What the rules said of one network, and how often each line became a step of it."""

    uses: dict[Place, int] = field(default_factory=dict[Place, int])
    hits: list[_Hit] = field(default_factory=list[_Hit])


_definitions: WeakKeyDictionary[Read, Definition] = WeakKeyDictionary()
_steps: WeakKeyDictionary[Expansion, _Steps] = WeakKeyDictionary()


def lint(analysis: Analysis, elsewhere: frozenset[str] = frozenset()) -> tuple[Diagnostic, ...]:
    """What is probably not meant in a file, in the order of its lines, excuses taken into account.

    Nothing where the file has errors. `elsewhere`: the names at its top that other files use. What
    did not change since the last version of the file is not looked at again.
    """
    if any(problem.severity is Severity.ERROR for problem in analysis.problems):
        return ()
    source = analysis.module.source
    written = Written(source, tuple(_defined(analysis.definitions)), elsewhere)
    sink = Diagnostics()
    for diagnostic in excused(_findings(analysis, written), source, codes()):
        sink.add(diagnostic)
    return tuple(sink)


def codes() -> frozenset[str]:
    """The codes of all rules."""
    return frozenset(problem.code for problem in catalogue())


def catalogue() -> tuple[type[Problem], ...]:
    """What the rules can say, in the order of the codes."""
    return tuple(sorted((IdleExcuse, *problems()), key=lambda problem: problem.code))


def lint_text(text: str, name: str = "<text>") -> tuple[Diagnostic, ...]:
    """What is probably not meant in a text; nothing where it has errors."""
    document = Document(name)
    document.update(text)
    return lint(document.analysis())


def opened(file: Path, name: str | None = None) -> Document:
    """A file on disk as a document.

    Raises:
        SpecError: it cannot be read.
    """
    from archlang.diagnostics.model import SpecError

    shown = name or str(file)
    at = Span(Source(shown, "", file), 0, 0)
    try:
        text = Disk().read(file, shown, at).text
    except Mistake as mistake:
        raise SpecError([Diagnostic.of(mistake.problem, mistake.at or at)]) from None
    document = Document(shown, file)
    document.update(text)
    return document


def lint_file(file: Path, elsewhere: frozenset[str] = frozenset()) -> tuple[Diagnostic, ...]:
    """What is probably not meant in a file on disk; nothing where it has errors.

    Raises:
        SpecError: it cannot be read.
    """
    return lint(opened(file).analysis(), elsewhere)


def _defined(reads: Iterable[Read]) -> Iterator[Definition]:
    for read in reads:
        if read.tree is None:
            continue
        if read not in _definitions:
            _definitions[read] = Definition(read.tree)
        yield _definitions[read]


def _findings(analysis: Analysis, written: Written) -> Iterator[Diagnostic]:
    for rule in TEXT_RULES:
        yield from rule.check(written)
    networks = [e for e in analysis.networks.values() if e.whole and e.graph is not None]
    yield from _of_steps([_looked_at(e) for e in networks], written)


def _looked_at(expansion: Expansion) -> _Steps:
    if expansion not in _steps:
        assert expansion.graph is not None
        _steps[expansion] = _checked(expansion.graph)
    return _steps[expansion]


def _checked(graph: Graph) -> _Steps:
    """What the rules say of the layers of a network."""
    steps = _Steps()
    for node in graph.nodes:
        if node.role not in ("layer", "merge"):
            continue
        where = place(node.span)
        steps.uses[where] = steps.uses.get(where, 0) + 1
        for rule in STEP_RULES.get(node.op.style.family, ()):
            found = rule.check(node, graph)
            if found is not None:
                steps.hits.append(_Hit(rule, found, node, graph.name))
    return steps


def _of_steps(networks: list[_Steps], written: Written) -> Iterator[Diagnostic]:
    """One diagnostic for each rule and line, whatever the number of uses."""
    lines: dict[tuple[str, Place], list[_Hit]] = {}
    for hit in (hit for steps in networks for hit in steps.hits):
        if written.owns(hit.node.span):
            lines.setdefault((hit.rule.problem.code, place(hit.node.span)), []).append(hit)
    for (_, where), hits in lines.items():
        first = hits[0]
        uses = sum(steps.uses.get(where, 0) for steps in networks)
        everywhere = len(hits) == uses
        if not first.rule.holds(first.node, written) or (first.rule.always and not everywhere):
            continue
        yield _diagnostic(hits, uses, written)


def _diagnostic(hits: list[_Hit], uses: int, written: Written) -> Diagnostic:
    first = hits[0]
    fix = first.rule.fix(first.node, written) if len(hits) == uses else None
    said = Diagnostic.of(first.found.problem, first.node.span, first.found.secondary, fix)
    note = _uses(hits, uses)
    if not note:
        return said
    notes = (*said.notes, note)
    return Diagnostic(
        said.code, said.severity, said.message, said.primary, said.secondary, notes, said.help, fix
    )


def _uses(hits: list[_Hit], uses: int) -> str:
    """In how many uses of a line a rule holds, and in which if not in all."""
    if uses == 1:
        return ""
    if len(hits) == uses:
        return f"so in each of its {uses} uses"
    paths = [f"{hit.node.path} of {hit.network}" for hit in hits[:MOST_PATHS]]
    more = len(hits) - len(paths)
    rest = f" and {more} more" if more else ""
    return f"so in {len(hits)} of its {uses} uses: {', '.join(paths)}{rest}"
