"""Addresses of weights: what is to be fetched, which hash it has, and where it is kept."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import SplitResult, quote, urlsplit

from archlang.diagnostics.catalog.checkpoints import DownloadFailed, MissingHash
from archlang.problems import about

_SHA256 = "sha256="
_DIGITS = re.compile(r"[0-9a-fA-F]{64}")
_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.")
"""Where PyTorch has the hash: `resnet50-0676ba61.pth`; fewer digits are too easily met."""
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Address:
    """A file at an address, of which the hash is known."""

    url: str
    shown: str
    """The address for people: without its query, which may hold a password."""
    sha256: str
    """The first digits of the hash, or all of them."""
    named: bool
    """Whether the hash was read from the name of the file."""
    kept_as: str
    """The name of the file in the cache."""
    key: str = ""
    """Which part of the file is meant."""


def parse_address(text: str) -> Address:
    """Take an address apart.

    Args:
        text: `https://…/net-0676ba61.pth`, `https://…/net.pth#sha256=9b0f…`; `#ema`, or `&ema`
            behind the hash, says which part of the file is meant.

    Raises:
        SpecError: it is no address (E0711), or comes without a hash (E0715).
    """
    parts = _split(text)
    shown = f"{parts.scheme}://{parts.netloc}{parts.path}"
    pieces = [piece for piece in parts.fragment.split("&") if piece]
    written = [p.removeprefix(_SHA256) for p in pieces if p.startswith(_SHA256)]
    key = "&".join(p for p in pieces if not p.startswith(_SHA256))
    name = PurePosixPath(parts.path).name
    in_name = _IN_NAME.search(name)
    if written and not all(_DIGITS.fullmatch(hash_) for hash_ in written):
        raise about(shown, MissingHash(address=shown, written=written[0]))
    if not written and in_name is None:
        raise about(shown, MissingHash(address=shown))
    sha256 = written[0].lower() if written else in_name[1] if in_name else ""
    url = quote(parts._replace(fragment="").geturl(), safe=string.punctuation)
    return Address(url, shown, sha256, not written, _kept_as(name, written), key)


def _split(text: str) -> SplitResult:
    try:
        text.encode()  # half a character has no place in an address
        parts = urlsplit(text.strip())
        named = bool(parts.hostname)
        _ = parts.port  # looked at only where it is asked for
    except UnicodeEncodeError:
        way = "type it anew, or copy it from where it is linked"
        why = "it holds half a character"
        raise about(text, DownloadFailed(address=text, why=why, way=way)) from None
    except ValueError as error:
        way = "look at the address once more"
        raise about(text, DownloadFailed(address=text, why=str(error), way=way)) from None
    why = ""
    if parts.scheme not in ("http", "https"):
        why = f"{parts.scheme}: is not read, only https: and http: are"
    elif "@" in parts.netloc:
        why = "it holds a name and a password"
    elif not named:
        why = "it names no server"
    if why:
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        way = "download the file yourself, and pass its name"
        raise about(shown, DownloadFailed(address=shown, why=why, way=way))
    return parts


def _kept_as(name: str, written: list[str]) -> str:
    """PyTorch's name where the hash is in it, so that the file is shared with it.

    Otherwise the hash is put in front: files of different addresses may have one name.
    """
    plain = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[-_LONGEST_NAME:]
    return f"{written[0].lower()[:16]}-{plain or 'weights'}" if written else plain
