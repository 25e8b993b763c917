"""The live page of a file, for editors that can show one beside the text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcException

from archlang.server.uris import path_of

if TYPE_CHECKING:
    from archlang.watching import Watcher

_REFUSED = -32803


class Previews:
    """The pages that were asked for, each served once; the server's end is theirs."""

    def __init__(self) -> None:
        self._watchers: dict[Path, Watcher] = {}

    def url(self, uri: str) -> str:
        """The address of the page that follows a file.

        Raises:
            JsonRpcException: the text lies in no file, or there is no port.
        """
        path = path_of(uri)
        if path is None:
            reason = "The page follows a file, and this text is none yet: save it first."
            raise JsonRpcException(reason, _REFUSED)
        if path not in self._watchers:
            from archlang.watching import serve

            try:
                self._watchers[path] = serve(path)
            except OSError as error:
                raise JsonRpcException(f"The page cannot be served: {error}", _REFUSED) from None
        return self._watchers[path].url

    def close(self) -> None:
        """End all pages."""
        for watcher in self._watchers.values():
            watcher.close()
        self._watchers.clear()
