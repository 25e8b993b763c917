"""What a diagnostic is: data only; the renderers decide how it looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from archlang.record import Record
from archlang.source import Position, Span


class Severity(StrEnum):
    """An error stops the compiler, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Label(Record):
    """A span with a few words on its part in the matter."""

    span: Span
    text: str = ""


class Fix(Record):
    """The smallest repair: put `replacement` where `span` is."""

    span: Span
    replacement: str


class Problem(Record):
    """Base of the catalogue: one small dataclass per code, whose fields are the facts of the case.

    A problem knows nothing of places, so a layer can raise one without having seen a file;
    whoever knows the place adds it. The docstring is the long explanation (`archlang explain`),
    with a *Wrong* and a *Right* example.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR

    def message(self) -> str:
        """What is wrong, in one line."""
        raise NotImplementedError

    def label(self) -> str:
        """The words beside the carets."""
        return ""

    def notes(self) -> tuple[str, ...]:
        """Facts that explain it: the arithmetic, the limit."""
        return ()

    def help(self) -> str | None:
        """The way out."""
        return None


class Diagnostic(Record):
    """A problem at its place."""

    code: str
    severity: Severity
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    @classmethod
    def of(
        cls, problem: Problem, at: Span, secondary: Iterable[Label] = (), fix: Fix | None = None
    ) -> Diagnostic:
        """The diagnostic of a problem at a span."""
        return cls(
            code=problem.code,
            severity=problem.severity,
            message=problem.message(),
            primary=Label(at, problem.label()),
            secondary=tuple(secondary),
            notes=problem.notes(),
            help=problem.help(),
            fix=fix,
        )

    def moved(self, primary: Label, *secondary: Label) -> Diagnostic:
        """The same at another place, with more labels before its own; a fix is left out."""
        return Diagnostic(
            self.code,
            self.severity,
            self.message,
            primary,
            (*secondary, *self.secondary),
            self.notes,
            self.help,
        )


class Mistake(Exception):
    """Raised where a problem is found; caught per statement, so that the rest is still checked.

    `at` may be left open by whoever does not know the place (a layer's shape rule).
    """

    def __init__(
        self,
        problem: Problem,
        at: Span | None = None,
        secondary: Iterable[Label] = (),
        fix: Fix | None = None,
    ) -> None:
        super().__init__(problem.message())
        self.problem = problem
        self.at = at
        self.secondary = tuple(secondary)
        self.fix = fix


class Diagnostics:
    """The sink every stage reports into. The same code at the same place counts once:
    a mistake in a block that is expanded sixteen times is one mistake."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, Position, Position], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        """Report a diagnostic."""
        at = diagnostic.primary.span
        key = (diagnostic.code, at.source.name, at.begin, at.finish)
        self._found.setdefault(key, diagnostic)

    def report(
        self, problem: Problem, at: Span, secondary: Iterable[Label] = (), fix: Fix | None = None
    ) -> None:
        """Report a problem at a span."""
        self.add(Diagnostic.of(problem, at, secondary, fix))

    def report_mistake(self, mistake: Mistake, fallback: Span) -> None:
        """Report a caught mistake, at `fallback` where it does not know its place."""
        self.report(mistake.problem, mistake.at or fallback, mistake.secondary, mistake.fix)

    @property
    def has_errors(self) -> bool:
        """Whether any error (not only warnings) was reported."""
        return any(d.severity is Severity.ERROR for d in self._found.values())

    def __iter__(self) -> Iterator[Diagnostic]:
        """In the order of the files and of the lines."""
        return iter(
            sorted(
                self._found.values(),
                key=lambda d: (d.primary.span.source.name, d.primary.span.begin, d.code),
            )
        )

    def __len__(self) -> int:
        return len(self._found)


class SpecError(Exception):
    """A spec that cannot be compiled. Its text is the rendered diagnostics."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from archlang.diagnostics.render import render_text

        return "\n" + render_text(self.diagnostics)

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the mistakes, and who called, without the frames in between."""
        return ["SpecError", *_called_from(self.__traceback__), *str(self).splitlines()]


def _called_from(trace: TracebackType | None) -> list[str]:
    """The last line that is not ours on the way to where an exception was raised."""
    from traceback import extract_tb

    own = str(Path(__file__).parents[1])
    frames = [f for f in extract_tb(trace) if not f.filename.startswith(own) and f.line]
    return [f"    line {frames[-1].lineno}: {frames[-1].line}"] if frames else []
