"""The long explanation of a code: the docstring of its class, with a wrong and a right example.

The docstring begins with a summary of one line. At its end stand a line `Wrong:` and a line
`Right:`, each followed by an indented file of the language; where no file can show the mistake
(a missing file, a wrong encoding), `Wrong (shown in words):` is followed by words instead.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from textwrap import dedent
from typing import NamedTuple

from archlang.diagnostics.catalog import problems
from archlang.diagnostics.model import Problem
from archlang.diagnostics.suggest import distance

_SECTION = re.compile(
    r"^(?P<title>Wrong|Right)(?P<words> \(shown in words\))?:\n(?P<body>(?:\n|[ ]{4}.*\n?)+)",
    re.MULTILINE,
)


class Examples(NamedTuple):
    """The two files of an explanation; None where it is shown in words."""

    wrong: str | None
    right: str | None


class UnknownCodeError(LookupError):
    """Raised for a code that the catalogue does not have; its text says which may be meant."""


def explain(code: str) -> str:
    """What a code means and how to repair it; of a range such as `E04` the list of its codes.

    Raises:
        UnknownCodeError: there is no such code.
    """
    wanted = code.strip().upper()
    if cls := problems().get(wanted):
        return f"{wanted} ({cls.severity}): {cleandoc(cls.__doc__ or '').strip()}"
    if wanted and (listing := overview(wanted)):
        return listing
    raise UnknownCodeError(_not_found(code, wanted))


def overview(prefix: str = "") -> str:
    """One line for each code that begins with `prefix`: the code and its summary."""
    return "\n".join(
        f"{code}  {summary(cls)}" for code, cls in problems().items() if code.startswith(prefix)
    )


def summary(cls: type[Problem]) -> str:
    """The first line of the explanation."""
    return cleandoc(cls.__doc__ or "").partition("\n")[0]


def examples(cls: type[Problem]) -> Examples:
    """The wrong and the right example of a code, each a complete file of the language."""
    found: dict[str, str | None] = {}
    for section in _SECTION.finditer(cleandoc(cls.__doc__ or "") + "\n"):
        body = dedent(section["body"]).strip("\n") + "\n"
        found[section["title"]] = None if section["words"] else body
    return Examples(found.get("Wrong"), found.get("Right"))


def titles(cls: type[Problem]) -> list[str]:
    """Which of the two sections the explanation has, in their order."""
    return [s["title"] for s in _SECTION.finditer(cleandoc(cls.__doc__ or "") + "\n")]


def _not_found(code: str, wanted: str) -> str:
    shown = code.strip()[:20]
    near = sorted((distance(wanted[:20], known), known) for known in problems())
    meant = [known for edits, known in near if edits == near[0][0]] if near else []
    if meant and near[0][0] <= 2:
        return f"there is no code {shown!r}; did you mean {' or '.join(meant[:3])}?"
    return f"there is no code {shown!r}; a code looks like E0402"
