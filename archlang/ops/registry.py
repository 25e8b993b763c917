"""All layers by name: the built-in families, and others by the entry point `archlang.layers`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from types import ModuleType

from archlang.ops.base import Op

FAMILIES = (
    "convolution",
    "linear",
    "pooling",
    "normalisation",
    "activation",
    "regularisation",
    "reshaping",
    "resampling",
    "classic",
)
ENTRY_POINT = "archlang.layers"


@cache
def builtin() -> dict[str, type[Op]]:
    """The language's own layers, by name, in the order of the families."""
    return _named(import_module(f"archlang.ops.{family}") for family in FAMILIES)


@cache
def layers() -> dict[str, type[Op]]:
    """Every layer there is: the language's own, then those of installed packages.

    A package adds layers, it never replaces one.
    """
    from importlib.metadata import entry_points  # costs more than all the rest of this module

    installed = _named(point.load() for point in entry_points(group=ENTRY_POINT))
    return builtin() | {k: v for k, v in installed.items() if k not in builtin()}


def find(name: str) -> type[Op] | None:
    """The layer of that name. Installed packages are asked only for what is not built in."""
    return builtin().get(name) or layers().get(name)


def _named(modules: Iterable[ModuleType]) -> dict[str, type[Op]]:
    found: dict[str, type[Op]] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Op) and value.name:
                found.setdefault(value.name, value)
    return found
