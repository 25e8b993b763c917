"""Two sides as they are asked for to what differs: one network each, or all of two files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archlang.comparing.difference import compare
from archlang.comparing.model import Difference
from archlang.comparing.sides import Read, read, sides
from archlang.record import Record


class Comparison(Record):
    """What differs between two sides."""

    before: str
    """As it was asked for."""
    after: str
    differences: tuple[Difference, ...]
    """Of the networks that both have, the same ones too."""
    went: tuple[str, ...] = ()
    """Networks that the first file alone declares."""
    came: tuple[str, ...] = ()

    open: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Networks that both have and that may differ, each with the parameters that have to be set
    before they can be compared."""

    @property
    def same(self) -> bool:
        """Whether nothing differs, as far as is known."""
        others = self.went or self.came or self.open
        return all(d.same for d in self.differences) and not others

    def as_json(self) -> dict[str, Any]:
        """What `archlang diff --format json` writes."""
        return {
            "before": self.before,
            "after": self.after,
            "same": self.same,
            "differences": [difference.as_json() for difference in self.differences],
            "went": list(self.went),
            "came": list(self.came),
            "open": {name: list(needs) for name, needs in self.open},
        }


def comparison(
    before: str,
    after: str,
    parameters: Mapping[str, Any] | None = None,
    others: Mapping[str, Any] | None = None,
) -> Comparison:
    """Compare two networks, or all networks of two files that name none.

    Args:
        before: a network of the zoo, `net.arch`, `net.arch:Net`, or these in a git revision:
            `HEAD~1:net.arch:Net`; a revision alone is the file of the other side.
        after: the same.
        parameters: of the first network, by name.
        others: those of the second one.

    Raises:
        SpecError: a side cannot be read, is not there, or has mistakes.
    """
    a, b = map(read, sides(before, after))
    if (a.several and b.several) or ((a.several or b.several) and _share(a, b)):
        return _files(before, after, a, b, parameters or {}, others or {})
    found = compare(a.graph(None, parameters or {}), b.graph(None, others or {}))
    return Comparison(before, after, (found,))


def _share(a: Read, b: Read) -> bool:
    """Whether two files that name no network are two states of one."""
    whole = a.side.network is None and b.side.network is None
    return whole and bool({*a.names} & {*b.names})


def _files(
    before: str,
    after: str,
    a: Read,
    b: Read,
    parameters: Mapping[str, Any],
    others: Mapping[str, Any],
) -> Comparison:
    names = [name for name in b.names if name in a.names]
    needs = {
        name: tuple(dict.fromkeys(a.missing(name, parameters) + b.missing(name, others)))
        for name in names
    }
    return Comparison(
        before,
        after,
        tuple(
            compare(a.graph(name, a.own(name, parameters)), b.graph(name, b.own(name, others)))
            for name in names
            if not needs[name]
        ),
        went=tuple(name for name in a.names if name not in names),
        came=tuple(name for name in b.names if name not in names),
        open=()
        if a.definitions == b.definitions
        else tuple((name, missing) for name, missing in needs.items() if missing),
    )
