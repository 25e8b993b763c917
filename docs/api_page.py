"""The page of the Python API, from the docstrings of what `archlang` exports."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import archlang

INIT = Path(archlang.__file__)
SECTION = re.compile(
    r"^(Args|Returns|Raises|Yields|Attributes):\n((?:    .*\n?|\n)+)", re.MULTILINE
)
ENTRY = re.compile(r"^(\*{0,2}[\w.]+(?:, \w+)*): ((?:.*(?:\n    .*)*))", re.MULTILINE)
LEAD = (
    "All that `import archlang` offers. Importing it is cheap; torch is imported when a model is "
    "made.\n"
)


def api_page(note: str) -> str:
    """Every public name: its signature and its documentation."""
    parts = [note, "# Python API\n", LEAD]
    for name in archlang.__all__:
        thing = getattr(archlang, name)
        parts += [
            f"## {name}\n",
            f"```python\n{signature(name, thing)}\n```\n",
            documentation(thing),
        ]
    parts += ["## %%arch\n", NOTEBOOK] if has_notebook() else []
    return "\n".join(parts)


NOTEBOOK = (
    "In a notebook, `%load_ext archlang` brings the cell magic: [Authoring](../authoring.md).\n"
)


def has_notebook() -> bool:
    """Whether `%load_ext archlang` works."""
    return "load_ipython_extension" in INIT.read_text(encoding="utf-8")


def signature(name: str, thing: Any) -> str:
    """How it is called, an argument to a line where one line would be long."""
    if inspect.isclass(thing):
        return f"class archlang.{name}({thing.__base__.__name__})"
    found = inspect.signature(thing)
    said = found.replace(
        parameters=[p.replace(annotation=plain(p.annotation)) for p in found.parameters.values()],
        return_annotation=plain(found.return_annotation),
    )
    line = f"archlang.{name}{said}"
    return line if len(line) <= 84 else broken(line)


class Written(str):
    """An annotation, shown as it is written: without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def plain(annotation: Any) -> Any:
    """An annotation as it is written."""
    return Written(annotation) if isinstance(annotation, str) else annotation


def broken(line: str) -> str:
    """A long signature, an argument to a line."""
    head, _, rest = line.partition("(")
    inside, _, result = rest.rpartition(") -> ")
    return "\n".join([f"{head}(", *(f"    {a}," for a in arguments(inside)), f") -> {result}"])


def arguments(inside: str) -> Iterator[str]:
    """The arguments, cut at the commas outside of brackets."""
    depth, start = 0, 0
    for i, sign in enumerate(inside):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            yield inside[start:i].strip()
            start = i + 1
    yield inside[start:].strip()


def documentation(thing: Any) -> str:
    """A docstring as Markdown, its sections as lists."""
    text = (inspect.getdoc(thing) or "") + "\n"
    return SECTION.sub(listed, text)


def listed(section: re.Match[str]) -> str:
    """The entries of a section, or its words where it has none."""
    body = inspect.cleandoc(section[2])
    entries = list(ENTRY.finditer(body)) if section[1] != "Returns" else []
    head = f"**{section[1]}**\n\n"
    if not entries:
        return f"{head}{body}\n\n"
    rows = (f"- `{e[1]}`: {' '.join(e[2].split())}" for e in entries)
    return head + "\n".join(rows) + "\n\n"
