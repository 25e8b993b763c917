"""Derived networks: what `replace`, `insert`, `remove` and `freeze` do to the base, by path.

The base is expanded anew with the edits at hand, so shapes and checks follow by themselves.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from archlang.diagnostics.catalog.graph import UnknownPath
from archlang.diagnostics.model import Diagnostics, Fix
from archlang.diagnostics.suggest import closest
from archlang.semantics.values import Env
from archlang.source import Span
from archlang.syntax import tree


@dataclass(frozen=True, slots=True)
class Edit:
    """A suite to put somewhere, with the scope it was written in."""

    pattern: tree.PathName
    body: tree.Suite
    env: Env = field(repr=False)


@dataclass
class Edits:
    """All edits of a derived network; empty for any other."""

    replaced: list[Edit] = field(default_factory=list[Edit])
    before: list[Edit] = field(default_factory=list[Edit])
    after: list[Edit] = field(default_factory=list[Edit])
    removed: list[tree.PathName] = field(default_factory=list[tree.PathName])
    frozen: list[tree.PathName] = field(default_factory=list[tree.PathName])
    inputs: list[tuple[tuple[int, ...], Span]] = field(
        default_factory=list[tuple[tuple[int, ...], Span]]
    )
    """Shapes that take the place of the base's inputs."""
    root: str = ""
    """The path that all others are relative to: where the derived network stands as a part."""
    _resting: bool = False
    _used: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    _seen: list[str] = field(default_factory=list[str])

    def __bool__(self) -> bool:
        return bool(
            self.replaced or self.before or self.after or self.removed or self.frozen or self.inputs
        )

    def below(self, root: str) -> Edits:
        """The same edits for a network that lies at a path."""
        return replace(self, root=root)

    @contextmanager
    def resting(self) -> Generator[None]:
        """Leave alone what is built meanwhile: edits do not work on what edits put in."""
        before, self._resting = self._resting, True
        try:
            yield
        finally:
            self._resting = before

    @property
    def moves(self) -> bool:
        """Whether any edit changes what is built (freezing does not)."""
        work = self.replaced or self.before or self.after or self.removed
        return bool(work) and not self._resting

    def put_below(self, inner: Edits) -> None:
        """Add the edits of a network that this one derives from: they come first."""
        self.replaced = inner.replaced + self.replaced
        self.before = inner.before + self.before
        self.after = inner.after + self.after
        self.removed = inner.removed + self.removed
        self.frozen = inner.frozen + self.frozen
        self.inputs = self.inputs or inner.inputs

    def see(self, path: str) -> None:
        """Note a path of the base, for suggestions."""
        if not self._resting:
            self._seen.append(self._relative(path))

    def _relative(self, path: str) -> str:
        return path.removeprefix(f"{self.root}.") if self.root else path

    def removes(self, path: str) -> bool:
        """Whether what stands at a path is left out."""
        return any([self._matches(name, path) for name in self.removed])  # noqa: C419  # each is to be seen

    def replaces(self, path: str) -> Edit | None:
        """What takes the place of a path; None to keep it."""
        matching = [e for e in self.replaced if self._matches(e.pattern, path)]
        return matching[-1] if matching else None

    def inserted(self, path: str, *, after: bool) -> list[Edit]:
        """What is inserted before or after a path, in the order written."""
        edits = self.after if after else self.before
        return [e for e in edits if self._matches(e.pattern, path)]

    def freezes(self, path: str) -> bool:
        """Whether a path or what it lies in is frozen."""
        if not self.frozen:
            return False
        parts = path.split(".")
        prefixes = [".".join(parts[: i + 1]) for i in range(len(parts))]
        return any([self._matches(name, p) for name in self.frozen for p in prefixes])  # noqa: C419

    def _matches(self, pattern: tree.PathName, path: str) -> bool:
        path = self._relative(path)
        if not fnmatchcase(path, pattern.path) or path.count(".") != pattern.path.count("."):
            return False
        self._used.add((pattern.path, pattern.span.start))
        return True

    def report_unused(self, sink: Diagnostics) -> None:
        """Report edits whose path the base does not have."""
        patterns = [e.pattern for e in (*self.replaced, *self.before, *self.after)]
        for pattern in (*patterns, *self.removed, *self.frozen):
            if (pattern.path, pattern.span.start) not in self._used:
                near = closest(pattern.path, self._seen)
                top = tuple(dict.fromkeys(p for p in self._seen if "." not in p))
                problem = UnknownPath(path=pattern.path, suggestion=near, known=top[:24])
                fix = Fix(pattern.span, near) if near else None
                sink.report(problem, pattern.span, fix=fix)
