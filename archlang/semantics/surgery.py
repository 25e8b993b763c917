"""Derived networks: what their lines (`replace`, `insert`, …) do to the base, by path.

The base is expanded anew with the edits at hand, so shapes and checks follow by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING

from archlang.diagnostics.catalog.declared import CannotAdapt
from archlang.diagnostics.catalog.graph import SaidTwice, UnknownPath
from archlang.diagnostics.model import Diagnostics, Fix, Label, Mistake
from archlang.diagnostics.suggest import closest
from archlang.graph import Change
from archlang.ops.base import Shape, shape_text
from archlang.paths import prefixes
from archlang.record import Record
from archlang.semantics.values import Env
from archlang.source import Span
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.bases import Base
    from archlang.semantics.matching import Matching
    from archlang.semantics.skip_plan import SkipPlan

MOVING = frozenset({"replace", "before", "after", "remove", "remove skips", "replace skips"})
"""The words of edits that change what is built."""

MERGES = frozenset({"add", "sub", "mul", "concat", "mean", "scalar"})
"""What merges are called in a summary; they have no weights, and are no place for an edit."""


def _reaches(freeze: Change, put_by: Change) -> bool:
    """Whether a line that freezes speaks of what another line puts in."""
    if freeze.level == put_by.level:
        return "*" not in freeze.path
    return freeze.level < put_by.level


class SkipLine(Record):
    """What a line says of the skips of a base: which ones, and what becomes of them."""

    base: Base
    """The network whose skips are meant."""
    kind: str
    """`short`, `long`, `dense` or `all`."""
    excepted: tuple[tree.PathName, ...]
    matching: Matching | None
    """The W that they get; None if they keep theirs, or are taken away."""
    source: str
    """`Y`: they start at an activated tensor; `Z`: at a linear one; empty: where they did."""
    written: str
    """W as written."""
    at: Span
    """Where W stands, or the line."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A line of a derived network; where it puts something, with the scope it was written in."""

    change: Change
    body: tree.Suite | None = None
    env: Env | None = field(default=None, repr=False)
    skips: SkipLine | None = None
    """Of a line about skips, what it says of them."""


def is_at(change: Change, path: str) -> bool:
    """Whether a change speaks of just this path; a `*` stands for one name, whatever it is."""
    return path_matches(change.path, path)


def path_matches(written: str, path: str) -> bool:
    """Whether a path as written, perhaps with a `*` for a name, is this one."""
    return fnmatchcase(path, written) and path.count(".") == written.count(".")


def is_around(change: Change, path: str) -> bool:
    """Whether a change speaks of this path or of what it lies in."""
    return any(is_at(change, around) for around in prefixes(path))


@dataclass(frozen=True, slots=True)
class InputEdit:
    """A line `input 1x28x28`, which takes the place of an input of the base."""

    name: str | None
    """Of which input it speaks; None: of the one in the same place."""
    position: int
    shape: Shape
    span: Span


@dataclass
class Edits:
    """All edits of a derived network; empty for any other."""

    edits: list[Edit] = field(default_factory=list[Edit])
    """Those of the innermost base first."""
    inputs: list[InputEdit] = field(default_factory=list[InputEdit])
    """Those of the innermost base first."""
    root: str = ""
    """The path that all others are relative to: where the derived network stands as a part."""
    outer: Edits | None = None
    """Those of the network that it is a part of."""
    plans: list[SkipPlan] | None = None
    """What the lines about skips mean, base by base, the innermost first; None: not yet known."""
    kept_skips: set[str] | None = None
    """Where W does not fit a skip, that keeps its own, and its merge is noted here; None: such a W
    is a mistake."""
    _limit: int | None = None
    """Only edits of networks that derive further than this level may change what is built now."""
    _used: set[Change] = field(default_factory=set[Change])
    _seen: list[str] = field(default_factory=list[str])
    _inputs_used: set[Span] = field(default_factory=set[Span])

    def __bool__(self) -> bool:
        return bool(self.edits or self.inputs or self.outer)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The lines as written."""
        return tuple(edit.change for edit in self.edits)

    def within(self, root: str, outer: Edits) -> Edits:
        """The same edits for a network that lies at a path of another one, which has its own."""
        return Edits(self.edits, self.inputs, root, outer if outer else None)

    @contextmanager
    def putting(self, level: int) -> Generator[None]:
        """Leave alone what a line puts in, but for those of networks that derive further."""
        before, self._limit = self._limit, level
        try:
            yield
        finally:
            self._limit = before

    @property
    def moves(self) -> bool:
        """Whether any edit may change what is built now (freezing does not)."""
        own = any(e.change.word in MOVING and self._may(e.change) for e in self.edits)
        return own or (self.outer is not None and self.outer.moves)

    def _may(self, change: Change) -> bool:
        return self.may(change.level)

    def may(self, level: int) -> bool:
        """Whether edits of a level may change what is built now."""
        return self._limit is None or level < self._limit

    def put_below(self, inner: Edits) -> None:
        """Add the edits of a network that this one derives from: they come first."""
        self.edits = inner.edits + self.edits
        self.inputs = inner.inputs + self.inputs

    def input_shape(self, name: str, position: int) -> Shape | None:
        """The shape that an input has instead; None if it stays as it is."""
        matching = [e for e in self.inputs if (e.name or name) == name]
        matching = [e for e in matching if e.name or e.position == position]
        self._inputs_used.update(e.span for e in matching)
        return matching[-1].shape if matching else None

    def see(self, path: str) -> None:
        """Note a path that can be edited, for suggestions."""
        if self._limit is None or self._limit > 0:
            self._seen.append(self._relative(path))
        if self.outer is not None:
            self.outer.see(path)

    def _relative(self, path: str) -> str:
        return path.removeprefix(f"{self.root}.") if self.root else path

    def scope_path(self, path: str) -> str:
        """The path of a scope as the network that these are of has it by itself."""
        return "" if path == self.root else self._relative(path)

    def instead(self, path: str) -> Edit | None:
        """What replaces or removes a path: the line of the network that derives furthest.

        Raises:
            Mistake: two lines of one network say what becomes of it.
        """
        matching = list(self._at(path, "replace", "remove"))
        for a, b in pairwise(edit.change for edit in matching):
            if a.level == b.level:
                problem = SaidTwice(path=path, first=f"{a.word} {a.path}")
                raise Mistake(problem, b.span, [Label(a.span, "first here")])
        return matching[-1] if matching else None

    def inserted(self, path: str, *, after: bool) -> list[Edit]:
        """What is inserted before or after a path, in the order written."""
        return list(self._at(path, "after" if after else "before"))

    def adapts(self, path: str) -> Change | None:
        """How the weights of a layer are made to fit; None where that is not said.

        Within a network that is only a part, its own lines speak of weights of another one.
        """
        if not self.edits:  # as in nearly every network
            return None if self.outer is None else self.outer.adapts(path)
        inside = self._relative(path)
        matching = [e.change for e in self.edits if e.change.word == "adapt"]
        matching = [change for change in matching if is_at(change, inside)]
        self._used.update(matching)
        if self.outer is not None or self.root:
            return self.outer.adapts(path) if self.outer is not None else None
        return matching[-1] if matching else None

    def is_own(self, change: Change) -> bool:
        """Whether a change is one of the whole network, not of a part of it."""
        if self.outer is not None or self.root:
            return self.outer is not None and self.outer.is_own(change)
        return any(edit.change is change for edit in self.edits)

    def freezes(self, path: str, put_by: Change | None = None) -> bool:
        """Whether a path or what it lies in is frozen.

        `put_by`: the line that put in what stands there. Lines of the networks before do not speak
        of it, nor does a `*` beside it: whoever puts a layer in freezes it by its name.
        """
        if not self.edits:
            return self.outer is not None and self.outer.freezes(path, put_by)
        inside = self._relative(path)
        around = [
            e.change
            for e in self.edits
            if e.change.word == "freeze" and is_around(e.change, inside)
        ]
        self._used.update(around)
        if put_by is not None:
            own = any(edit.change is put_by for edit in self.edits)
            around = [c for c in around if own and _reaches(c, put_by)]
        return bool(around) | (self.outer is not None and self.outer.freezes(path, put_by))

    def _at(self, path: str, *words: str) -> Iterator[Edit]:
        """The edits of some words that speak of a path; all of them count as used."""
        inside = self._relative(path)
        for edit in self.edits:
            change = edit.change
            if change.word in words and is_at(change, inside) and self._may(change):
                self._used.add(change)
                yield edit
        if self.outer is not None:
            yield from self.outer._at(path, *words)

    def report_unused(self, sink: Diagnostics, known: Collection[str] = ()) -> None:
        """Report edits whose path the base does not have, nor is it among those known."""
        top = tuple(dict.fromkeys(p for p in self._seen if "." not in p))
        for change in (edit.change for edit in self.edits if edit.skips is None):
            if change.level:
                continue  # that of a base is held to what was there when the base was made
            if change in self._used or any(is_at(change, path) for path in known):
                continue
            if change.word == "adapt" and any(is_at(change, p) for p in self._seen):
                sink.report(CannotAdapt(change.path, "it is no single layer"), change.span)
            else:
                kind = change.path.rpartition(".")[2].rstrip("0123456789")
                near = None if kind in MERGES else closest(change.path, self._seen)
                merge = kind in MERGES
                problem = UnknownPath(change.path, near, top[:24], merge=merge)
                fix = Fix(change.span, near) if near else None
                sink.report(problem, change.span, fix=fix)
        for line in self.inputs:
            if line.span not in self._inputs_used:
                path = line.name or f"input {shape_text(line.shape)}"
                problem = UnknownPath(path, None, ("no further input",))
                sink.report(problem, line.span)
