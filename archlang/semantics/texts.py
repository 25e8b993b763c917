"""The texts that a network was read from, under the names by which `use` finds them again."""

from __future__ import annotations

from pathlib import PurePath

from archlang.semantics.files import Module
from archlang.semantics.places import joined
from archlang.semantics.values import Unit


def texts(main: Module, unit: Unit) -> dict[str, str]:
    """The file that declares a network, and all that it uses, directly or not.

    Names count from the folder of the file that was compiled, `main`, and say nothing of where
    that lies; the zoo's begin with `zoo/`. A network with arguments (`let Tiny = Net(classes=5)`)
    is made where they are given, so there `main` is the first.

    Returns:
        The texts by name; none, where a file can only be found from where it lies: by an absolute
        path, or through links.
    """
    first = main.name or PurePath(main.source.name).name
    found = _reached(main, first)
    if not unit.arguments:
        declared = unit.declaration.span.source
        first = next((name for name, m in found.items() if m.source is declared), first)
        found = _reached(found[first], first) if found else found
    return {name: module.source.text for name, module in found.items()}


def _reached(main: Module, name: str) -> dict[str, Module]:
    """A file and those it uses; empty if one has no name, or two have the same."""
    found = {name: main}
    waiting = [name]
    for user in waiting:
        for text, module in found[user].uses.items():
            used = joined(user, text)
            if used is None or found.get(used, module) is not module:
                return {}
            if used not in found:
                found[used] = module
                waiting.append(used)
    return found
