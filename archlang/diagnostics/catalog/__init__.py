"""The catalogue: one small class per code. To add a code, add its class to one of the modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archlang.diagnostics.model import Problem


@cache
def problems() -> Mapping[str, type[Problem]]:
    """Every code with its class, in the order of the codes.

    Raises:
        ValueError: two classes claim the same code.
    """
    return MappingProxyType(dict(sorted(collect(_modules()).items())))


def collect(modules: Iterator[ModuleType] | list[ModuleType]) -> dict[str, type[Problem]]:
    """The codes that the modules define.

    Raises:
        ValueError: two classes claim the same code.
    """
    from archlang.diagnostics.model import Problem

    found: dict[str, type[Problem]] = {}
    for module in modules:
        for value in vars(module).values():
            if not (isinstance(value, type) and issubclass(value, Problem)):
                continue
            if value.__module__ != module.__name__ or "code" not in vars(value):
                continue
            if found.setdefault(value.code, value) is not value:
                other = found[value.code]
                raise ValueError(
                    f"{value.code} is claimed by {other.__qualname__} and {value.__qualname__}"
                )
    return found


def _modules() -> Iterator[ModuleType]:
    from importlib import import_module
    from pkgutil import iter_modules

    for info in iter_modules(__path__):
        yield import_module(f"{__name__}.{info.name}")
