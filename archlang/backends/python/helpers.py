"""What torch lacks, copied into the generated file: just what is used."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType

from archlang.backends import again, runtime
from archlang.backends.python import templates
from archlang.backends.python.bodies import GROUP
from archlang.backends.python.initial import WRAPPER
from archlang.backends.python.parts import Parts
from archlang.ops.recipe import Argument, Function, Module

AGAIN = "again.run_again"
JOINED = "helper.joined"
_ROOMS = {"runtime": runtime, "helper": templates, "again": again}
"""Where the helpers stand whose source is copied, by the first word of their names."""


class Helpers:
    """The helpers of one file, and how targets are written in it."""

    def __init__(self, parts: Parts, wraps: bool) -> None:
        """`wraps`: whether modules are initialised where they are constructed."""
        recipes = [parts.recipe(node) for node in parts.graph.nodes]
        targets = {t for r in recipes if isinstance(r, (Module, Function)) for t in _targets(r)}
        targets |= {GROUP for part in parts.root.walk() if part.mode == "group"}
        targets |= {WRAPPER} if wraps else set()
        targets |= {AGAIN} if parts.graph.again else set()
        targets |= {JOINED} if any(part.gathers for part in parts.root.walk()) else set()
        self._sources: dict[str, str] = {}
        for target in sorted(targets):
            room, _, name = target.partition(".")
            if room in _ROOMS:
                self._add(name, _ROOMS[room])

    def _add(self, name: str, home: ModuleType) -> None:
        """A helper, after those that it uses itself."""
        if name in self._sources:
            return
        source = inspect.getsource(getattr(home, name))
        source = re.sub(r"  # (noqa|pyright): .*", "", source).rstrip()
        for other in re.findall(r"\b[A-Za-z]\w*\b", source):
            found = getattr(home, other, None)
            if other != name and getattr(found, "__module__", "") == home.__name__:
                self._add(other, home)
        self._sources[name] = source

    @property
    def names(self) -> frozenset[str]:
        """The names that the helpers take in the file."""
        return frozenset(self._sources)

    @property
    def sources(self) -> list[str]:
        """Their code, in an order in which it can run."""
        return list(self._sources.values())


def written(target: str) -> str:
    """The text of a target in the file: helpers stand there without prefix."""
    room, _, name = target.partition(".")
    return name if room in _ROOMS else target


def _targets(recipe: Module | Function) -> Iterator[str]:
    yield recipe.target
    arguments: list[Argument] = [*recipe.args, *(a for _, a in recipe.kwargs)]
    for argument in arguments:
        if isinstance(argument, Module):
            yield from _targets(argument)
