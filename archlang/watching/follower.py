"""Looks for saves, compiles what was saved, and keeps the last good graph of every network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread
from time import monotonic

from archlang.graph import Graph
from archlang.watching.edition import Edition, Subject, Superseded, read_edition
from archlang.watching.stamps import Stamp, stamp

EVERY = 0.1
"""Seconds between two looks at the files."""


@dataclass(frozen=True, eq=False, slots=True)
class Good:
    """A network as it was last without mistakes."""

    edition: Edition
    graph: Graph


@dataclass(frozen=True, eq=False, slots=True)
class Now:
    """What is to be shown: the current version, and of each network the last good graph."""

    edition: Edition
    good: dict[str, Good] = field(default_factory=dict[str, Good])
    names: tuple[str, ...] = ()
    """The networks of the last version that could be read."""
    renamed: dict[str, str] = field(default_factory=dict[str, str])
    """What networks were called before, with what they are called since."""

    def called(self, name: str) -> str:
        """What a network is called now that once had this name."""
        for _ in self.renamed:
            if name in self.names or name not in self.renamed:
                break
            name = self.renamed[name]
        return name


class Follower:
    """Follows a spec in threads of its own: one looks, one compiles."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._changed = Condition()
        self._closed = False
        self._saves = 1
        """Counts what was seen; the number of an edition."""
        self._stamps = {subject.file: stamp(subject.file)}
        self._now: Now | None = None
        self._threads = [
            Thread(target=work, name=f"archlang-watch-{work.__name__}", daemon=True)
            for work in (self._look, self._compile)
        ]

    def start(self) -> None:
        """Begin; the first version is compiled at once."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End, and wake whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._closed

    def now(self) -> Now | None:
        """What is to be shown; None while the very first version is compiled."""
        return self._now

    @property
    def state(self) -> tuple[int, bool]:
        """The number of the version that can be shown, and whether a newer one is compiled."""
        shown = self._now.edition.number if self._now else 0
        return shown, shown != self._saves

    def wait(self, known: tuple[int, bool] | None, seconds: float) -> tuple[int, bool]:
        """The state as soon as it is another than the known one, or the time is over."""
        until = monotonic() + seconds
        with self._changed:
            while self.state == known and not self._closed and monotonic() < until:
                self._changed.wait(until - monotonic())
            return self.state

    def _look(self) -> None:
        doubted = False
        while not self._closed:
            stamps = self._stamps
            fresh = {path: stamp(path, before) for path, before in stamps.items()}
            # A file that is gone or empty is on its way back, where an editor saves in two steps.
            doubted = not doubted and any(fresh[p].size == 0 < stamps[p].size for p in stamps)
            with self._changed:
                if stamps is self._stamps and fresh != stamps and not doubted:
                    self._stamps = fresh
                    self._saves += 1
                    self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed, EVERY)

    def _compile(self) -> None:
        while self._waiting():
            try:
                edition, stamps = self._read(self._saves)
            except Superseded:
                continue
            with self._changed:
                self._now = following(self._now, edition)
                self._stamps = stamps
                self._changed.notify_all()

    def _read(self, number: int) -> tuple[Edition, dict[Path, Stamp]]:
        def superseded() -> bool:
            return self._closed or self._saves != number

        return read_edition(self.subject, number, superseded)

    def _waiting(self) -> bool:
        """Wait until there is something to compile; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self.state[1])
        return not self._closed


def following(before: Now | None, edition: Edition) -> Now:
    """What is to be shown after an edition came. A network that a sound file no longer has goes;
    while a file cannot be read nobody knows which it has, and all stay. So they do while it has
    none at all: it is being written."""
    good = dict(before.good) if before else {}
    names = edition.networks
    renamed = dict(before.renamed) if before else {}
    if before and not (edition.whole and (names or edition.unset)):
        names = before.names
    elif before:
        came, went = set(names) - set(before.names), set(before.names) - set(names)
        if len(came) == len(went) == 1:
            renamed[went.pop()] = came.pop()
        good = {name: known for name, known in good.items() if name in names}
    good |= {name: Good(edition, graph) for name, graph in edition.graphs.items()}
    return Now(edition, good, names, renamed)
