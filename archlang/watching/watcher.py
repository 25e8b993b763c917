"""`serve`: follow a spec and serve its page, without blocking."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from threading import Thread
from typing import Any

from archlang.watching.edition import Subject
from archlang.watching.editor import Editor
from archlang.watching.follower import Follower
from archlang.watching.web import Server


class PortError(OSError):
    """A port that cannot be had; its text says why, and what to do."""


class Watcher:
    """A page that follows a spec until it is closed; also a context manager."""

    def __init__(self, follower: Follower, server: Server) -> None:
        self._follower = follower
        self._server = server
        self._thread = Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        follower.start()
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of the page, with the token that lets a browser in."""
        return self._server.url

    def close(self) -> None:
        """End: the port is free again, and pages that are open say so."""
        if not self._follower.closed:
            self._follower.close()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(timeout=5)

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(
    path: str | PathLike[str],
    network: str | None = None,
    *,
    port: int = 0,
    open_browser: bool = False,
    parameters: Mapping[str, Any] | None = None,
    editor: Editor | None = None,
) -> Watcher:
    """Follow a spec file, in threads of their own: `serve("net.arch").url`.

    Args:
        path: the file; it need not be there yet, nor be without mistakes.
        network: the network of it that is shown first; None: its first one.
        port: of 127.0.0.1; 0 takes one that is free.
        open_browser: whether to open the page.
        parameters: the network's parameters, by name.
        editor: what a click on a box opens its line in; None: the page's own pane.

    Raises:
        PortError: the port cannot be had.
    """
    subject = Subject(Path(path).absolute(), str(path), network, parameters)
    follower = Follower(subject)
    try:
        server = Server(follower, port, editor)
    except OSError as error:
        raise PortError(_why(error, port)) from None
    watcher = Watcher(follower, server)
    if open_browser:
        import webbrowser

        webbrowser.open(watcher.url)
    return watcher


def _why(error: OSError, port: int) -> str:
    way = "leave --port out to take one that is free, or name another"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of 127.0.0.1 is in use; {way}"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than you have; {way}"
    return (
        f"port {port} of 127.0.0.1 cannot be had: {(error.strerror or str(error)).lower()}; {way}"
    )
