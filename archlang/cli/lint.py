"""`archlang lint`: many files in, what is probably not meant out; perhaps repaired."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path, PurePath

import typer

from archlang.cli.files import spec_files
from archlang.cli.page import Table, show, show_mistakes, tracked
from archlang.compiler import examine
from archlang.diagnostics.explain import summary
from archlang.diagnostics.model import Diagnostic, Diagnostics, Severity, SpecError
from archlang.diagnostics.render.display import visible_text
from archlang.diagnostics.suggest import closest
from archlang.editing.document import Document
from archlang.files import write_all
from archlang.linting.linter import catalogue, codes, lint, opened
from archlang.linting.repairing import repair
from archlang.linting.rules import RULES
from archlang.semantics.files import Module
from archlang.syntax import tree

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Wanted:
    """Which rules are asked for."""

    codes: frozenset[str]

    @classmethod
    def of(cls, select: str | None, ignore: str | None) -> Wanted:
        """Those selected, less those ignored.

        Raises:
            typer.BadParameter: there is no such rule.
        """
        chosen = codes() if select is None else _codes(select, "--select")
        return cls(chosen - (frozenset() if ignore is None else _codes(ignore, "--ignore")))


@dataclass
class _Run:
    """What one run of the command gathers."""

    sink: Diagnostics = field(default_factory=Diagnostics)
    fixed: int = 0
    changed: dict[Path, bytes] = field(default_factory=dict[Path, bytes])
    refused: int = 0


def list_rules() -> None:
    """Print all rules, and which of them can repair."""
    repairs = {rule.problem.code for rule in RULES if rule.repairs} | {"W0500"}
    rows = [(p.code, "yes" if p.code in repairs else "", summary(p)) for p in catalogue()]
    show(Table(("code", "fix", "says"), rows))


def lint_files(paths: Sequence[Path], wanted: Wanted, form: str, *, fix: bool, show: bool) -> bool:
    """Look at specs and folders and print what was found; whether nothing was.

    `fix`: repair what can be; with `show` print the changes as a diff, and write nothing.

    Raises:
        OutputError: a file cannot be written; then none is.
    """
    run = _Run()
    files = spec_files(paths, run.sink)
    documents = [d for file in files if (d := _read(file, run.sink)) is not None]
    used = _used(documents)
    for document in tracked(documents, "looking"):
        _look(document, documents, used, wanted, run, fix)
    if show:
        _show_changes(documents, run)
        return not run.changed and not len(run.sink)
    write_all(run.changed)
    _report(list(run.sink), len(files), run, form)
    return not len(run.sink)


def _codes(text: str, option: str) -> frozenset[str]:
    asked = [code.strip().upper() for code in text.split(",") if code.strip()]
    for code in asked:
        if code not in codes():
            near = closest(code, codes())
            help_ = f"did you mean {near}?" if near else "archlang lint --rules lists them"
            raise typer.BadParameter(f"no rule has the code {code!r}; {help_}", param_hint=option)
    return frozenset(asked)


def _read(file: Path, sink: Diagnostics) -> Document | None:
    """A file that has no errors; those of another are reported, as `check` does."""
    try:
        document = opened(file)
    except SpecError:
        examine(file, sink)
        return None
    problems = document.analysis().problems
    if not any(problem.severity is Severity.ERROR for problem in problems):
        return document
    before = len(sink)
    examine(file, sink)
    if len(sink) == before:
        for problem in problems:
            sink.add(problem)
    return None


def _used(documents: Sequence[Document]) -> dict[PurePath, frozenset[str]]:
    """The names of each file that other files of the run use."""
    found: dict[PurePath, set[str]] = {}
    for document in documents:
        analysis = document.analysis()
        for read in analysis.definitions:
            if isinstance(read.tree, tree.Use):
                other: Module | None = analysis.module.uses.get(str(read.tree.file.value))
                if other is not None and other.place is not None:
                    names = {there.id for there, _ in read.tree.names}
                    found.setdefault(other.place.path, set()).update(names)
    return {path: frozenset(names) for path, names in found.items()}


def _uses(document: Document, path: PurePath) -> bool:
    """Whether a document uses a file, perhaps through others."""
    waiting = [document.analysis().module]
    seen: set[PurePath] = set()
    while waiting:
        for module in waiting.pop().uses.values():
            if module.place is None or module.place.path in seen:
                continue
            if module.place.path == path:
                return True
            seen.add(module.place.path)
            waiting.append(module)
    return False


def _look(
    document: Document,
    documents: Sequence[Document],
    used: dict[PurePath, frozenset[str]],
    wanted: Wanted,
    run: _Run,
    fix: bool,
) -> None:
    place = document.analysis().module.place
    elsewhere = used.get(place.path, frozenset()) if place else frozenset[str]()
    if not fix:
        found = lint(document.analysis(), elsewhere)
    else:
        before = document.text
        users = [d for d in documents if place and d is not document and _uses(d, place.path)]
        repaired = repair(document, elsewhere, wanted.codes, users)
        found = repaired.left
        run.fixed += repaired.count
        run.refused += len(repaired.refused)
        if repaired.text != before:
            path = Path(str(document.path))
            mark = BOM if path.read_bytes().startswith(BOM) else b""
            run.changed[path] = mark + repaired.text.encode()
    for diagnostic in found:
        if diagnostic.code in wanted.codes:
            run.sink.add(diagnostic)


def _show_changes(documents: Sequence[Document], run: _Run) -> None:
    for document in documents:
        path = Path(str(document.path))
        if path not in run.changed:
            continue
        old = path.read_bytes().decode("utf-8-sig").splitlines(keepends=True)
        new = document.text.splitlines(keepends=True)
        for line in unified_diff(old, new, f"{path}", f"{path} (repaired)"):
            print(visible_text(line.rstrip("\r\n")))


def _report(found: Sequence[Diagnostic], files: int, run: _Run, form: str) -> None:
    match form:
        case "json":
            from archlang.diagnostics.render.json import render_json

            print(render_json(found))
        case "github":
            from archlang.diagnostics.render.github import render_github

            print(render_github(found), end="\n" if found else "")
        case _:
            show_mistakes(found, sys.stdout)
            print(_result(files, found, run))


def _result(files: int, found: Sequence[Diagnostic], run: _Run) -> str:
    """`3 files: 2 warnings, 1 repaired`."""
    counts = [_counted(sum(d.severity is s for d in found), str(s)) for s in Severity]
    words = [text for text in counts if not text.startswith("0 ")] or ["all fine"]
    if run.fixed:
        words.append(f"{run.fixed} repaired")
    elif not run.changed and (fixable := sum(_can_be_fixed(d) for d in found)) > run.refused:
        words.append(f"{fixable} can be repaired with --fix")
    text = f"{_counted(files, 'file')}: {', '.join(words)}"
    if run.refused:
        text += (
            f"; {run.refused} left alone, as an error or another network would come of the repair"
        )
    return text


def _can_be_fixed(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.WARNING and diagnostic.fix is not None


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
