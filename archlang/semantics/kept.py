"""The names that the lines of a scope keep, known before they run, so that counting avoids them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archlang.syntax import tree


class Kept(NamedTuple):
    """Names, and words that are counted by an index: `e` in `e[i] = …`."""

    names: frozenset[str]
    indexed: frozenset[str]


def kept_in(suite: tree.Suite) -> Kept:
    """What the lines of a suite keep, down to lines within lines that share its scope."""
    found = list(_kept(suite, counted=False))
    return Kept(
        frozenset(name for name, indexed in found if not indexed),
        frozenset(name for name, indexed in found if indexed),
    )


def _kept(suite: tree.Suite, counted: bool) -> Iterator[tuple[str, bool]]:
    """Names, and whether each is an indexed one. In a `for`, plain names count, as kinds do."""
    for s in suite.statements:
        match s:
            case tree.Step():
                yield from _targets(s, counted)
            case tree.Output(target=tree.Name() as target):
                yield target.id, False
            case tree.Shared():
                if not counted:
                    yield s.name.id, False
            case tree.If():
                for _, arm in s.arms:
                    yield from _kept(arm, counted)
            case tree.For():
                yield from _kept(s.body, counted=True)
            case _:
                pass


def _targets(s: tree.Step, counted: bool) -> Iterator[tuple[str, bool]]:
    for target in s.targets:
        base = target
        while isinstance(base, tree.Index):
            base = base.value
        if isinstance(base, tree.Name) and (base is not target or not counted):
            yield base.id, base is not target
    if not s.targets:  # a named run of lines has a scope of its own
        for step in s.value.steps if isinstance(s.value, tree.Pipe) else (s.value,):
            if isinstance(step, (tree.Branch, tree.Chain)):
                yield from _kept(step.body, counted)
