"""Lines of Python as a formatter leaves them: what is too long is broken item by item."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TypeAlias

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Atom:
    """Text that stays on one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """`open items close`, such as a call: on one line if it fits, else an item a line."""

    open: str
    items: tuple[Doc, ...]
    close: str = ")"


@dataclass(frozen=True, slots=True)
class Generator:
    """`element clause`, as in `Layer(i) for i in range(3)`; the only item of its group."""

    element: Doc
    clause: str


Doc: TypeAlias = "Atom | Group | Generator"


def call(target: str, *items: Doc) -> Doc:
    """The call of something."""
    return Group(f"{target}(", items)


def prefixed(text: str, doc: Doc) -> Doc:
    """A document with some text before it: `stride=` before a value."""
    match doc:
        case Atom(inner):
            return Atom(text + inner)
        case Group():
            return replace(doc, open=text + doc.open)
        case Generator():
            return replace(doc, element=prefixed(text, doc.element))


def flat(doc: Doc) -> str:
    """All of it on one line."""
    match doc:
        case Atom(text):
            return text
        case Group(opening, items, close):
            return opening + ", ".join(map(flat, items)) + close
        case Generator(element, clause):
            return f"{flat(element)} {clause}"


def lay(doc: Doc, indent: int, after: str = "") -> list[str]:
    """The lines of a document; `after` follows directly behind it."""
    pad = " " * indent
    text = flat(doc) + after
    if indent + len(text) <= WIDTH or isinstance(doc, Atom) or text.endswith("()"):
        return [pad + text]
    if isinstance(doc, Generator):
        return [*lay(doc.element, indent), pad + doc.clause + after]
    inner = ", ".join(map(flat, doc.items))
    lines = [pad + doc.open]
    if indent + 4 + len(inner) <= WIDTH:
        lines.append(f"{pad}    {inner}")
    else:
        for item in doc.items:
            lines += lay(item, indent + 4, "" if isinstance(item, Generator) else ",")
    return [*lines, pad + doc.close + after]


def docstring(text: str, indent: int) -> list[str]:
    """A docstring that says `text`, whatever stands in it; nothing for an empty one."""
    lines = [_escaped(line) for line in _wrapped(text, WIDTH - indent - 6)]
    if not lines:
        return []
    pad = " " * indent
    if len(lines) == 1:
        return [f'{pad}"""{_closing(lines[0])}"""']
    body = [f'{pad}"""{_opening(lines[0])}', *(pad + line if line else "" for line in lines[1:])]
    return [*body, f'{pad}"""']


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for line in textwrap.dedent(text.strip("\n")).strip().splitlines():
        bare = line.strip()
        inset = line[: len(line) - len(line.lstrip())].expandtabs(4)
        lines += textwrap.wrap(bare, width, initial_indent=inset, subsequent_indent=inset) or [""]
    return lines


def _escaped(line: str) -> str:
    """A line that means itself within triple quotes."""
    text = line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _opening(line: str) -> str:
    return "\\" + line if line.startswith('"') else line


def _closing(line: str) -> str:
    line = _opening(line)
    return line[:-1] + '\\"' if line.endswith('"') and not line.endswith('\\"') else line
