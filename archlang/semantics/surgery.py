"""Derived networks: what their lines (`replace`, `insert`, …) do to the base, by path.

The base is expanded anew with the edits at hand, so shapes and checks follow by themselves.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from archlang.diagnostics.catalog.declared import CannotAdapt
from archlang.diagnostics.catalog.graph import UnknownPath
from archlang.diagnostics.model import Diagnostics, Fix
from archlang.diagnostics.suggest import closest
from archlang.graph import Change
from archlang.paths import prefixes
from archlang.semantics.values import Env
from archlang.source import Span
from archlang.syntax import tree

MOVING = frozenset({"replace", "before", "after", "remove"})
"""The words of edits that change what is built."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A line of a derived network; where it puts something, with the scope it was written in."""

    change: Change
    body: tree.Suite | None = None
    env: Env | None = field(default=None, repr=False)


def is_at(change: Change, path: str) -> bool:
    """Whether a change speaks of just this path; a `*` stands for one name, whatever it is."""
    return fnmatchcase(path, change.path) and path.count(".") == change.path.count(".")


def is_around(change: Change, path: str) -> bool:
    """Whether a change speaks of this path or of what it lies in."""
    return any(is_at(change, around) for around in prefixes(path))


@dataclass
class Edits:
    """All edits of a derived network; empty for any other."""

    edits: list[Edit] = field(default_factory=list[Edit])
    """Those of the innermost base first."""
    inputs: list[tuple[tuple[int, ...], Span]] = field(
        default_factory=list[tuple[tuple[int, ...], Span]]
    )
    """Shapes that take the place of the base's inputs."""
    root: str = ""
    """The path that all others are relative to: where the derived network stands as a part."""
    _resting: bool = False
    _used: set[Change] = field(default_factory=set[Change])
    _seen: list[str] = field(default_factory=list[str])

    def __bool__(self) -> bool:
        return bool(self.edits or self.inputs)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The lines as written."""
        return tuple(edit.change for edit in self.edits)

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
        return not self._resting and any(e.change.word in MOVING for e in self.edits)

    def put_below(self, inner: Edits) -> None:
        """Add the edits of a network that this one derives from: they come first."""
        self.edits = inner.edits + self.edits
        self.inputs = self.inputs or inner.inputs

    def see(self, path: str) -> None:
        """Note a path of the base, for suggestions."""
        if not self._resting:
            self._seen.append(self._relative(path))

    def _relative(self, path: str) -> str:
        return path.removeprefix(f"{self.root}.") if self.root else path

    def removes(self, path: str) -> bool:
        """Whether what stands at a path is left out."""
        return bool(list(self._at(path, "remove")))

    def replaces(self, path: str) -> Edit | None:
        """What takes the place of a path; None to keep it."""
        matching = list(self._at(path, "replace"))
        return matching[-1] if matching else None

    def inserted(self, path: str, *, after: bool) -> list[Edit]:
        """What is inserted before or after a path, in the order written."""
        return list(self._at(path, "after" if after else "before"))

    def adapts(self, path: str) -> Change | None:
        """How the weights of a layer are made to fit; None where that is not said."""
        matching = list(self._at(path, "adapt"))
        return matching[-1].change if matching else None

    def freezes(self, path: str) -> bool:
        """Whether a path or what it lies in is frozen."""
        inside = self._relative(path)
        around = [
            e.change
            for e in self.edits
            if e.change.word == "freeze" and is_around(e.change, inside)
        ]
        self._used.update(around)
        return bool(around)

    def _at(self, path: str, word: str) -> Iterator[Edit]:
        """The edits of a word that speak of a path; all of them count as used."""
        path = self._relative(path)
        for edit in self.edits:
            if edit.change.word == word and is_at(edit.change, path):
                self._used.add(edit.change)
                yield edit

    def report_unused(self, sink: Diagnostics) -> None:
        """Report edits whose path the base does not have."""
        top = tuple(dict.fromkeys(p for p in self._seen if "." not in p))
        for change in self.changes:
            if change in self._used:
                continue
            if change.word == "adapt" and any(is_at(change, p) for p in self._seen):
                sink.report(CannotAdapt(change.path, "it is no single layer"), change.span)
            else:
                near = closest(change.path, self._seen)
                problem = UnknownPath(path=change.path, suggestion=near, known=top[:24])
                fix = Fix(change.span, near) if near else None
                sink.report(problem, change.span, fix=fix)
