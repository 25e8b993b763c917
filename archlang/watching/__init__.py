"""A page that follows a spec: figure, summary and diagnostics, new after each save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archlang.watching.watcher import PortError, Watcher, serve

__all__ = ["PortError", "Watcher", "serve"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from archlang.watching import watcher

        return getattr(watcher, name)
    raise AttributeError(f"module 'archlang.watching' has no attribute {name!r}")
