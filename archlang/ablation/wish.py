"""What is asked of an ablation: which skips, what becomes of them, and how the language says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from archlang.diagnostics.model import Diagnostics
from archlang.source import Source
from archlang.syntax import tree
from archlang.syntax.parse import parse
from archlang.syntax.walk import names_in

KINDS = ("short", "long", "dense", "all")
SOURCES = ("Y", "Z")
_PATH = re.compile(r"[A-Za-z_*][A-Za-z0-9_*]*(?:\.[A-Za-z0-9_*]+)*")
_NAME = re.compile(r"[A-Z][A-Za-z0-9_]*")
_LONG = 24
"""Letters that kept paths add to a name, about."""
_HEAD = "network N from M:\n    replace all skips: "


class BadWishError(ValueError):
    """What was asked for cannot be said in a spec; its text says why."""


@dataclass(frozen=True)
class Operator:
    """The W that skips shall have, held to the grammar of the language."""

    text: str
    """As it was written; empty: each skip keeps its own."""
    source: str
    """Where they start: `Y`, `Z`, or empty: where they did."""
    names: tuple[str, ...]
    """The names it mentions."""

    def __str__(self) -> str:
        return "∘".join(part for part in (self.text, self.source) if part)


@dataclass(frozen=True)
class Wish:
    """Which skips are meant, and what shall become of them.

    Raises:
        BadWishError: a part of it is nothing that the language could say.
    """

    kind: str
    """`short`, `long`, `dense` or `all`."""
    keep: tuple[str, ...] = ()
    """Paths of merges, or of what they lie in, whose skips stay as they are."""
    operator: Operator | None = None
    """The W that they get; None: they are taken away."""
    name: str | None = None
    """What the new network is called; None: after the old one and what is done to it."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadWishError(f"{self.kind!r} is none of {', '.join(KINDS)}")
        wrong = next((path for path in self.keep if not _PATH.fullmatch(path)), None)
        if wrong is not None:
            raise BadWishError(f"{wrong!r} is no path such as layer4 or layer2.0")
        if self.name is not None and not _NAME.fullmatch(self.name):
            raise BadWishError(f"{self.name!r} is no name of a network, such as NoSkips")

    def line(self, kept: Sequence[str] = ()) -> str:
        """The line of the language that says it, with more paths that stay as they are."""
        excepted = dict.fromkeys((*self.keep, *kept))
        word = "remove" if self.operator is None else "replace"
        behind = f" except {', '.join(excepted)}" if excepted else ""
        operator = "" if self.operator is None else f": {self.operator}"
        return f"{word} {self.kind} skips{behind}{operator}"

    def called(self, network: str) -> str:
        """The name of the new network: `ResNet34NoShort`, `ResNet34ShortScale05ButLayer4`."""
        if self.name is not None:
            return self.name
        which = "" if self.kind == "all" else self.kind.capitalize()
        if self.operator is None:
            return f"{network}No{which or 'Skips'}{self._but()}"
        words = re.findall(r"[A-Za-z0-9]+", self.operator.text)
        return f"{network}{which or 'All'}{_capitals(words)}{self.operator.source}{self._but()}"

    def _but(self) -> str:
        """The kept paths in a name, `ButLayer4`, with a limit to its length."""
        paths = [_capitals(re.findall(r"[A-Za-z0-9]+", path)) or "Any" for path in self.keep]
        whole = "".join(dict.fromkeys(paths))
        if len(whole) > _LONG:
            whole = f"{paths[0][:_LONG]}AndMore" if len(paths) > 1 else whole[:_LONG]
        return f"But{whole}" if whole else ""

    def about(self, network: str, kept: Sequence[str] = ()) -> str:
        """The new network in a sentence, for its docstring; `kept` as for `line`."""
        skips = "skips" if self.kind == "all" else f"{self.kind} skips"
        excepted = ", ".join(dict.fromkeys((*self.keep, *kept)))
        but = f", but for {excepted}" if excepted else ""
        if self.operator is None:
            return f"{network} without its {skips}{but}."
        starts = {"Y": "behind the activation", "Z": "before the activation", "": ""}
        start = starts[self.operator.source]
        if not self.operator.text:
            return f"{network}, its {skips} starting {start}{but}."
        another = f"{network} with another W for its {skips}"
        return f"{another}, which start {start}{but}." if start else f"{another}{but}."


def _capitals(words: Sequence[str]) -> str:
    return "".join(word[:1].upper() + word[1:] for word in words)


def operator_of(text: str, source: str = "") -> Operator:
    """W from a text: `scale(0.5)`, `project∘Z`; with an empty text the source alone.

    Args:
        text: a W of the language, perhaps with ∘Y or ∘Z behind it.
        source: `Y` or `Z`, where the text does not say it.

    Raises:
        BadWishError: it is no W, or more than one, or the source is said twice.
    """
    if not text.isprintable() or "#" in text:
        raise BadWishError("W stands on one line, without comments")
    written = text.strip() or source
    line = _parsed(written)
    said = line.source.id if line.source is not None else ""
    if said and source and text.strip():
        raise BadWishError(f"{written!r} says already where the skips start")
    if line.source is not None:
        end = line.source.span.end - len(_HEAD)
        if written[end:].strip():
            raise BadWishError("write W∘Y or W∘Z without brackets around both")
        written = written[: line.source.span.start - len(_HEAD)].rstrip()[:-1].rstrip()
    names = names_in(line.operator) if line.operator is not None else ()
    return Operator(written, said or source, tuple(dict.fromkeys(names)))


def _parsed(written: str) -> tree.ReplaceSkips:
    """The line about skips that a W makes.

    Raises:
        BadWishError: it makes none, or more than that.
    """
    sink = Diagnostics()
    file = parse(Source("W", f"{_HEAD}{written}\n"), sink)
    reasons = [diagnostic.message for diagnostic in sink]
    match file.definitions if file and not reasons else ():
        case (tree.Network(body=tree.Suite(statements=(tree.ReplaceSkips() as line,))),):
            return line
        case _:
            raise BadWishError(reasons[0] if reasons else f"{written!r} is not one W")
