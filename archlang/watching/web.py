"""The web server of the page: what is asked for at which address, and nothing else."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

from archlang.watching.edition import Superseded
from archlang.watching.editor import Editor
from archlang.watching.follower import Follower
from archlang.watching.guard import policy, refusal
from archlang.watching.showing import Showing, Wish

_SCRIPTS = ("dom.js", "figure.js", "panes.js", "source.js", "page.js")
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_BREATH = 10.0
"""Seconds after which a stream says that it is still there."""
_LONGEST_BODY = 10_000


class Server(ThreadingHTTPServer):
    """Serves the page of one follower on this computer alone."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, follower: Follower, port: int, editor: Editor | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.follower = follower
        self.showing = Showing(follower)
        self.editor = editor
        self.token = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.server_port}/?token={self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error; what else there is Python's own hook shows."""
        import sys

        kind, error, _ = sys.exc_info()
        if kind is not None and not isinstance(error, ConnectionError | TimeoutError):
            sys.excepthook(*sys.exc_info())  # pyright: ignore[reportArgumentType]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    server_version, sys_version = "archlang", ""

    @property
    def _server(self) -> Server:
        return cast(Server, self.server)

    def do_GET(self) -> None:
        """The page, its assets, its data, its stream of news."""
        path, _, said = self.path.partition("?")  # urlsplit stumbles over `[`
        query = parse_qs(said)
        answers: dict[str, Callable[[dict[str, list[str]]], None]] = {
            "/": self._page, "/state": self._state, "/events": self._events, "/ends": self._ends,
        }  # fmt: skip
        answers |= {f"/{name}": self._asset for name in (*_SCRIPTS, "page.css")}
        if self._refused(query.get("token", [""])):
            return
        answer = answers.get(path)
        if answer is None:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is no such page\n")
        else:
            answer(query)

    def do_POST(self) -> None:
        """Open a line in the editor."""
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if _is_short(length) else b""
        self.close_connection = not body
        if self._refused([self.headers.get("X-Token", "")], acts=True):
            return
        if self.path.partition("?")[0] != "/open":
            self._send(HTTPStatus.NOT_FOUND, "text/plain", "there is no such page\n")
            return
        self._json(self._opened(_read(body)))

    def _refused(self, given: Sequence[str], *, acts: bool = False) -> bool:
        headers = {name.title(): value for name, value in self.headers.items()}
        why = refusal(headers, given[0], self._server.token, acts=acts)
        if why:
            self._send(HTTPStatus.FORBIDDEN, "text/plain", f"{why}\n")
        return bool(why)

    def _page(self, _: dict[str, list[str]]) -> None:
        nonce = secrets.token_urlsafe(16)
        token = escape(self._server.token)
        scripts = "\n".join(
            f'<script nonce="{nonce}" src="{name}?token={token}" defer></script>'
            for name in _SCRIPTS
        )
        page = _text("page.html").replace("{nonce}", nonce).replace("{token}", token)
        page = page.replace("{scripts}", scripts)
        editor = self._server.editor
        page = page.replace("{editor}", escape(editor.name if editor else ""))
        self._send(HTTPStatus.OK, "text/html", page, nonce)

    def _asset(self, _: dict[str, list[str]]) -> None:
        name = self.path.partition("?")[0].removeprefix("/")  # one of those that are known
        self._send(HTTPStatus.OK, _TYPES[Path(name).suffix], _text(name))

    def _state(self, query: dict[str, list[str]]) -> None:
        try:
            self._json(self._server.showing.answer(Wish.of(query)))
        except Superseded:
            self._json({"superseded": True})

    def _ends(self, _: dict[str, list[str]]) -> None:
        self._json(self._server.showing.line_ends())

    def _events(self, _: dict[str, list[str]]) -> None:
        """News as they come (Server-Sent Events), until the browser or the watch ends."""
        self.close_connection = True
        self._head(HTTPStatus.OK, "text/event-stream", None)
        follower = self._server.follower
        known: tuple[int, bool] | None = None
        while not follower.closed:
            state = follower.wait(known, _BREATH)
            news = {"version": state[0], "busy": state[1]}
            self.wfile.write(f"data: {json.dumps(news)}\n\n".encode())
            self.wfile.flush()
            known = state
        self.wfile.write(b"event: end\ndata: {}\n\n")

    def _opened(self, place: dict[str, Any]) -> dict[str, Any]:
        """Open a line of one of the files that the page shows; no other can be named."""
        now, editor = self._server.follower.now(), self._server.editor
        texts = [good.edition.sources for good in now.good.values()] if now else []
        known = [now.edition.sources, *texts] if now else []
        path = next((s[place["file"]].path for s in known if place.get("file") in s), None)
        if path is None:
            return {"opened": False, "why": "there is no such file"}
        if editor is None:
            return {"opened": False, "why": "no editor is known: --editor 'code -g {file}:{line}'"}
        try:
            editor.open(path, place.get("line", 1), place.get("column", 1))
        except OSError as error:
            return {"opened": False, "why": f"{editor.name} cannot be started: {error.strerror}"}
        return {"opened": True}

    def _json(self, data: dict[str, Any]) -> None:
        self._send(HTTPStatus.OK, "application/json", json.dumps(data))

    def _send(self, status: HTTPStatus, kind: str, text: str, nonce: str = "none") -> None:
        body = text.encode("utf-8", "replace")
        self._head(status, kind, len(body), nonce)
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, length: int | None, nonce: str = "none") -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if length is not None:
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in policy(nonce).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The terminal is left in peace."""


@cache
def _text(name: str) -> str:
    return files("archlang.watching").joinpath("assets", name).read_text("utf-8")


def _is_short(length: str) -> bool:
    return (
        length.isascii() and length.isdigit() and len(length) < 9 and int(length) <= _LONGEST_BODY
    )


def _read(body: bytes) -> dict[str, Any]:
    """A place: a file by its name, line and column from 1."""
    try:
        place: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(place, dict):
        return {}
    found = cast("dict[str, Any]", place)
    numbers = {
        k: v for k, v in found.items() if k in ("line", "column") and type(v) is int and v > 0
    }
    file = found.get("file")
    return ({"file": file} if isinstance(file, str) else {}) | numbers
