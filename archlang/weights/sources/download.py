"""Files of weights from the net, each checked against its hash and kept in PyTorch's cache.

`torch.hub` gives the place and the progress bar. Its own download waits for ever for a server that
says nothing, takes a file that ends too early for a wrong one, follows any redirection, and trusts
whatever is in the cache.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from shutil import disk_usage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from archlang.diagnostics.catalog.checkpoints import DownloadFailed, WrongHash
from archlang.diagnostics.model import SpecError
from archlang.problems import about
from archlang.weights.sources.addresses import Address
from archlang.weights.sources.files import looks_like_page
from archlang.weights.sources.refusals import in_one_line

PATIENCE = 30.0
"""Seconds that a server may be silent."""

_STEP = 1 << 20
_MARGIN = 1 << 26
"""Bytes of the disk that a download leaves free."""
_OFFLINE = "look at the connection; or download the file elsewhere, and pass its name"
_CACHE = "make room there or allow writing, or set TORCH_HOME to another folder"


class _RefusedRedirectError(OSError):
    """The server sends elsewhere, to what is neither http nor https."""


class _OnlyHttp(HTTPRedirectHandler):
    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> Any:
        """What is at the place that the server sends to; urllib alone would let ftp through."""
        target = urlsplit(headers.get("location") or headers.get("uri") or "").scheme
        if target not in ("", "http", "https"):
            raise _RefusedRedirectError(f"the server sends on to {target}:, which is refused")
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def download(address: Address, progress: bool | None = None) -> Path:
    """The file of an address: from the cache if it is there and has the hash, or from the net.

    Args:
        address: what is wanted.
        progress: whether to show a bar; None: if standard error is a terminal.

    Returns:
        A file in `torch.hub.get_dir()/checkpoints` whose hash was checked just now.

    Raises:
        SpecError: it cannot be had (E0711), or is not the file that was meant (E0709). What was in
            the cache is as it was.
    """
    from torch import hub

    kept = Path(hub.get_dir()) / "checkpoints" / address.kept_as
    try:
        if kept.is_file() and _digest(kept).startswith(address.sha256):
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(kept) as aside:
            _fetch(address, aside, sys.stderr.isatty() if progress is None else progress)
            aside.replace(kept)
    except OSError as error:
        why = f"it cannot be kept in {kept.parent}: {(error.strerror or str(error)).lower()}"
        raise _failed(address, why, _CACHE) from None
    return kept


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _unfinished(kept: Path) -> Generator[Path]:
    """A file beside the one to be, which is gone in the end, whatever happens."""
    aside = kept.with_name(f"{kept.name}.{os.urandom(8).hex()}.partial")
    try:
        yield aside
    finally:
        with suppress(OSError):
            aside.unlink()


def _fetch(address: Address, aside: Path, progress: bool) -> None:
    """Download into a file.

    Raises:
        SpecError: the server does not give it (E0711), or another one (E0709).
        OSError: it cannot be written.
    """
    with aside.open("xb") as file, _answer(address) as answer:
        head, digest = _receive(address, answer, file, progress)
    if not digest.startswith(address.sha256):
        problem = WrongHash(
            address=address.shown,
            want=address.sha256,
            got=digest,
            named=address.named,
            page=looks_like_page(head),
        )
        raise about(address.shown, problem)


@contextmanager
def _answer(address: Address) -> Generator[HTTPResponse]:
    """The server's answer, once it has begun to give one."""
    request = Request(address.url, headers={"User-Agent": "archlang"})
    try:
        answer = build_opener(_OnlyHttp).open(request, timeout=PATIENCE)
    except HTTPError as error:
        error.close()
        raise _failed(address, *_said(error)) from None
    except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
        raise _failed(address, *_lost(error)) from None
    with answer:
        yield answer


def _receive(
    address: Address, answer: HTTPResponse, file: IO[bytes], progress: bool
) -> tuple[bytes, str]:
    """The first bytes and the SHA-256 of what came, once all has come.

    Raises:
        SpecError: it breaks off, or is larger than what there is room for (E0711).
        OSError: it cannot be written.
    """
    from torch import hub

    room = max(0, disk_usage(Path(file.name).parent).free - _MARGIN)
    total: int | None = answer.length  # nothing where the server does not say it, or in pieces
    if total is not None and total > room:
        raise _failed(address, f"it has {_mb(total)}, and there is room for {_mb(room)}", _CACHE)
    head, count, sha256 = b"", 0, hashlib.sha256()
    torch_hub: Any = hub  # it does not say that tqdm is its own
    with torch_hub.tqdm(total=total, disable=not progress, unit="B", unit_scale=True) as shown:
        while piece := _piece(address, answer):
            head, count = head or piece, count + len(piece)
            if count > room:
                why = f"it goes on after {_mb(room)}, which is all that there is room for"
                raise _failed(address, why, _CACHE)
            sha256.update(piece)
            file.write(piece)
            shown.update(len(piece))
    if total is not None and count < total:
        raise _failed(address, f"the server closed after {count} of {total} bytes")
    return head, sha256.hexdigest()


def _mb(count: int) -> str:
    return f"{count // 10**6:,} MB"


def _piece(address: Address, answer: HTTPResponse) -> bytes:
    try:
        return answer.read1(_STEP)  # what is there: the bar moves, and silence is noticed
    except (OSError, HTTPException) as error:
        raise _failed(address, *_lost(error)) from None


def _said(error: HTTPError) -> tuple[str, str]:
    """What the server says instead of a file, and what to do."""
    why = f"the server says {error.code} {in_one_line(error.reason)}"
    if error.code in (404, 410):
        return why, "look at the address once more: there is no such file"
    if error.code in (401, 403):
        return why, "the file is not for everybody: download it yourself, and pass its name"
    return why, ""


def _lost(error: Exception) -> tuple[str, str]:
    """Why there is no answer, or no more of it, and what to do."""
    cause = error.reason if isinstance(error, URLError) else error
    match cause:
        case _RefusedRedirectError():
            return str(cause), "ask whoever offers the file"
        case TimeoutError():
            return f"the server said nothing for {PATIENCE:g} seconds", ""
        case HTTPException():
            return "the server broke off in the middle", ""
        case OSError():
            return f"no connection ({cause.strerror or in_one_line(cause)})", _OFFLINE
        case _:
            return str(cause), _OFFLINE


def _failed(address: Address, why: str, way: str = "") -> SpecError:
    return about(address.shown, DownloadFailed(address=address.shown, why=why, way=way))
