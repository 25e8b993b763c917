"""What that which is said of a definition rests on: while it is the same, it can be said again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archlang.editing.definitions import Read
from archlang.syntax import tree


@dataclass(frozen=True, eq=False)
class Grounds:
    """All that what is said of a definition rests on."""

    rests_on: tuple[object, ...]
    """Definitions, in an order of their own; and the files that are used."""
    names: frozenset[str]
    """All names of the file: what is near to a misspelt one depends on them."""

    def hold(self, now: Grounds, has_problems: bool) -> bool:
        """Whether what was said on these grounds can still be said on others."""
        same = len(self.rests_on) == len(now.rests_on) and all(
            a is b or a == b for a, b in zip(self.rests_on, now.rests_on, strict=True)
        )
        return same and (not has_problems or self.names == now.names)


class Links:
    """Which definitions of one version mention which."""

    def __init__(self, definitions: Sequence[Read]) -> None:
        self.by_name: dict[str, list[Read]] = {}
        self.by_tree = {id(read.tree): read for read in definitions}
        self._order = {id(read): number for number, read in enumerate(definitions)}
        self._before: dict[int, int] = {}
        """How many of the lines that concern all behind them stand before a definition."""
        self._general: list[Read] = []
        for read in definitions:
            self._before[id(read)] = len(self._general)
            if isinstance(read.tree, (tree.Default, tree.Use)):
                self._general.append(read)
            for name in _names(read):
                self.by_name.setdefault(name, []).append(read)
        self._names = frozenset(self.by_name)

    def grounds(self, read: Read, epoch: int) -> Grounds:
        """What is said of a definition rests on these."""
        rests_on: list[object] = [epoch, *self._general]
        # in the order of the file, which matters: a constant sees those before it alone
        for other in sorted(_reached(read, self.by_name), key=lambda r: self._order[id(r)]):
            rests_on += [other, self._before[id(other)]]
        return Grounds(tuple(rests_on), self._names)


def _reached(read: Read, by_name: Mapping[str, list[Read]]) -> Iterable[Read]:
    """A definition and all that it mentions, directly or not."""
    seen = {id(read): read}
    waiting = [read]
    for current in waiting:
        for name in sorted(current.mentions):
            for other in by_name.get(name, ()):
                if id(other) not in seen:
                    seen[id(other)] = other
                    waiting.append(other)
    return waiting


def _defines(read: Read) -> str | None:
    unit = read.tree
    return unit.name.id if isinstance(unit, (tree.Block, tree.Network, tree.Let)) else None


def _names(read: Read) -> Iterable[str]:
    if isinstance(read.tree, tree.Use):
        return [here.id for _, here in read.tree.names]
    name = _defines(read)
    return [] if name is None else [name]
