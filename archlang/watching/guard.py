"""Who may ask: whoever knows the token, from this computer, under its own name, from this page."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from urllib.parse import urlsplit

_HERE = frozenset({"127.0.0.1", "localhost"})


def refusal(headers: Mapping[str, str], given: str, token: str, *, acts: bool = False) -> str:
    """Why a request is refused; empty if it is not.

    A page elsewhere can make a browser send requests here: under a name of its own that leads to
    this computer (so the host is looked at), or across origins (so the origin is). The token, which
    it does not know, refuses both once more.

    Args:
        headers: those of the request.
        given: the token it brought.
        token: the right one.
        acts: whether it does more than read, so that a browser has to say where it comes from.
    """
    if _host(f"//{headers.get('Host', '')}") not in _HERE:
        return "this page is served to this computer alone"
    origin = headers.get("Origin")
    if origin is not None and _host(origin) not in _HERE:
        return "no other page may ask"
    if headers.get("Sec-Fetch-Site") == "cross-site" and (acts or _is_subresource(headers)):
        return "no other page may ask"
    if not compare_digest(given.encode(), token.encode()):
        return "the token is wrong: open the address that archlang watch printed"
    return ""


def _is_subresource(headers: Mapping[str, str]) -> bool:
    """Whether a page asks, not somebody who follows a link to it or frames it."""
    return headers.get("Sec-Fetch-Mode") != "navigate"


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def policy(nonce: str) -> dict[str, str]:
    """The headers of every answer: nothing is loaded from elsewhere, and nothing runs but the
    page's own scripts. Editors show the page in a frame."""
    content = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self' vscode-webview: vscode-file:"
    )
    return {
        "Content-Security-Policy": content,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
